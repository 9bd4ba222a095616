"""`hypertally smart-money --differences`: the same as the API's, for whole days, or refused."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import msgspec
import pytest
from tests.hour import BEGIN, PERIODS, compute, record

from hypertally.api.smart_money.differences import read_differences
from hypertally.store.postgres import open_pool, transaction

COMMAND = str(Path(sys.executable).with_name("hypertally"))
PATIENCE_SECONDS = 60
DAY = f"{BEGIN:%Y-%m-%d}"


async def run(url: str, home: Path, *options: str) -> tuple[int | None, str, str]:
    """Exit code, what it printed, what it said beside."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "smart-money",
        *options,
        env=os.environ | {"HYPERTALLY_HOME": str(home), "HYPERTALLY_DATABASE_URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_it_prints_what_the_api_tells_of_the_days(database_url: str, tmp_path: Path) -> None:
    record(database_url)
    await compute(database_url)
    options = ("--differences", "--from", DAY, "--to", DAY)
    code, out, err = await run(database_url, tmp_path, *options, "--asset", "HYPE", "--json")
    assert code == 0, err
    found = json.loads(out)
    asked = {
        "assets": ["HYPE"], "from_at": found["from"], "to_at": found["to"],
        "before_at": "infinity", "after_asset": "", "limit": 300,
        "earlier": "smart_money/1", "later": "smart_money/2",
    }  # fmt: skip
    async with (
        open_pool(database_url, role="hypertally_worker", size=1) as pool,
        transaction(pool) as connection,
    ):
        told = await read_differences(connection, asked)
    assert found == msgspec.json.decode(msgspec.json.encode({"asset": "HYPE", **told}))
    assert (found["from"][:10], len(found["periods"]) > 5) == (DAY, True)

    code, out, err = await run(database_url, tmp_path, *options)
    assert code == 0, err
    for asset in ("HYPE", "BTC", "ETH"):
        assert f"{asset}: {PERIODS} periods, 1 locked; the same playbook in" in out
    assert "12:05 HYPE: v1 Long / Reduced (lean_mixed; CAS 60, dispersion" in out
    assert "because v1 divides by all 100 wallets observed, v2 by the 20 that opened or" in out

    code, out, err = await run(database_url, tmp_path, *options, "--compare", "v2", "v3")
    assert code == 0, err
    assert "v2 alone" in out
    assert "v3 alone" in out
    assert re.search(r"12:\d\d HYPE: v2 .*; v3 .*; because ", out)

    code, out, err = await run(database_url, tmp_path, "--differences", "--to", "2026-05-01")
    assert (code, out.startswith("no period from 2026-05-01")) == (0, True), err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--differences", "--once"), "--differences only prints"),
        (("--differences", "--survivors"), "--differences only prints"),
        (("--asset", "BTC"), "need --differences"),
        (("--json",), "--json needs --once, --survivors or --differences"),
        (("--differences", "--from", "2026-05-02", "--to", "2026-05-01"), "lies after"),
        (("--differences", "--from", "2026-03-01", "--to", "2026-05-01"), "at most 31 days"),
        (("--differences", "--asset", "DOGE"), "DOGE"),
        (("--differences", "--compare", "v1", "v3"), "give v1 v2 or v2 v3"),
        (("--compare", "v2", "v3"), "need --differences"),
        (("--differences", "--from", "soon"), "soon"),
        (("--differences", "--to", "9999-12-31"), "--to 9999-12-31: no day follows it"),
    ],
)
async def test_what_cannot_be_is_refused(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    code, out, err = await run("postgresql://localhost:1/none", tmp_path, *options)
    assert (code, out, said in err) == (2, "", True), err
