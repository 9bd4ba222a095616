"""The stories of a seed: fills of two wallets that come late, and how their books are mended.

The made-up exchange hides some of their fills until the books are settled. Then the wallets are
asked for again, as an operator does: the fills come in, and days that were published are restated.
Of one wallet fills of perps are missing too: its gaps are seen, its alert fires, and both end. Of
the other only spot fills are missing, which leave no gap: nobody knew of them before they came.
"""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx2
import msgspec

from hypertally.cli.exchange.sandbox_home import SandboxAddresses
from hypertally.clock import system_clock
from hypertally.errors import TryLater
from hypertally.sandbox.exchange.faults import DAY_MS, FIRST_FAULTS, Fault, Faults
from hypertally.sandbox.launch import WORLDS
from hypertally.sandbox.population.population import DEFAULT_SEED
from hypertally.sandbox.population.traders import SCALES, make_traders
from hypertally.settings import PREFIX

#: of the wallets: active enough, and not the first that anybody looks at
GAPS_RANK: Final = 3
SPOT_RANK: Final = 2
HIDDEN: Final = Fault(max_count=200, older_than_ms=4 * DAY_MS)
#: of the wallets' fills: a few of each, on many days
HIDDEN_SHARE_MAX: Final = 0.2
HIDDEN_OF_WORLD: Final = 400
LOOKED_BACK: Final = timedelta(days=120)  # more than any world's past


def wallets_of(world: str) -> tuple[str, str]:
    """The addresses of the wallet with gaps, and of the one that misses spot fills alone."""
    sizes = WORLDS[world]
    traders = make_traders(DEFAULT_SEED, sizes.wallets, SCALES[sizes.scale])
    return traders[GAPS_RANK].address, traders[SPOT_RANK].address


def hide_fills(home: Path, *, world: str) -> None:
    """Let the exchange of a home that never ran begin without some fills of the wallets."""
    share = min(HIDDEN_SHARE_MAX, HIDDEN_OF_WORLD / WORLDS[world].fills)
    gaps, spot = wallets_of(world)
    hidden = msgspec.structs.replace(HIDDEN, users=[gaps], spot_users=[spot], probability=share)
    home.mkdir(parents=True, mode=0o700)
    (home / FIRST_FAULTS).write_bytes(msgspec.json.encode(Faults(thin=hidden)))


async def show_fills(home: Path, addresses: SandboxAddresses, *, world: str) -> None:
    """Let the exchange show all fills, and ask for those of the wallets again.

    Errors: `TryLater` when the exchange or the program does not do so.
    """
    async with httpx2.AsyncClient(trust_env=False) as http:
        response = await http.delete(f"{addresses.url}/sandbox/faults")
    if response.is_error:
        raise TryLater(f"the sandbox still hides fills: {response.status_code}")
    for wallet in wallets_of(world):
        await _pull_again(home, wallet)


async def _pull_again(home: Path, wallet: str) -> None:
    today = system_clock()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hypertally", "pull", "fills", "--sandbox", "--wallet", wallet),
        *("--from", f"{today - LOOKED_BACK:%Y-%m-%d}", "--to", f"{today:%Y-%m-%d}"),
        env={**os.environ, f"{PREFIX}HOME": str(home)},
        stdout=asyncio.subprocess.DEVNULL,
    )
    if await process.wait():
        raise TryLater("the fills that came late could not be read: see the lines above")
