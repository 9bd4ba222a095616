"""Answers about a universe of tracked wallets: rows of others are counted, totals are whole."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

ROOT = "/api/v1/smart-money"
AT = "2026-05-04T12:05:00Z"
# One wallet of org A, one of org B, one that was on a leaderboard, in a universe of own facts.
ROWS = """
create temporary table watched as
select w.id, '0x' || encode(w.address, 'hex') as address,
    row_number() over (order by w.address) as n
from tenancy.wallets as w
where w.address in (
    decode(repeat('a1', 20), 'hex'), decode(repeat('b2', 20), 'hex'),
    decode(repeat('07', 20), 'hex'));
insert into metrics.wallet_universe_runs (taken_at, source, status, members, entered, definition)
values ('2026-05-03', 'leaderboard', 'chosen', 1, array['0x' || repeat('07', 20)], 'universe/2'),
    ('2026-05-04', 'own_facts', 'chosen', 3,
        array(select address from watched where n > 1 order by 1), 'universe/2');
insert into metrics.wallet_universe_members (run_id, wallet_id, wallet, rank, pnl_30d)
select r.id, w.id, w.address, w.n, 1
from metrics.wallet_universe_runs as r
join watched as w on r.source = 'own_facts' or w.n = 1;
insert into ops.ingest_runs (
    minute, status, started_at, duration_ms, wallets, wallets_ok, wallets_failed, rows_written,
    coverage, universe_run_id)
select m, 'success', m, 1, 3, 3, 0, 9, 1, (select max(id) from metrics.wallet_universe_runs)
from unnest(array['2026-05-04 12:00Z', '2026-05-04 12:05Z']::timestamptz[]) as m;
select facts.ensure_day('wallet_snapshots', '2026-05-04');
insert into facts.wallet_snapshots (minute, wallet_id, asset, szi, fingerprint)
select i.minute, w.id, a.asset, 10 * w.n, w.n
from ops.ingest_runs as i cross join watched as w
cross join unnest(array['HYPE', 'BTC', 'ETH']) as a (asset);
insert into metrics.snapshot_anomalies (
    minute, wallet_id, asset, kind, known_at, dirties, definition)
select '2026-05-04 12:05Z', id, 'BTC', 'szi_jump', '2026-05-04 12:05Z', true, 'a/1' from watched;
insert into metrics.signals (
    at, asset, definition, universe_run_id, wallets, observed, exposed, coverage, bias, risk, rule,
    completeness, digest)
select '2026-05-04 12:05Z', 'BTC', 'smart_money/3', max(id), 3, 3, 3, 1, 'No-trade', 'Reduced',
    'anything_else', 1, '6:12'
from metrics.wallet_universe_runs;
insert into metrics.signal_contributors (at, asset, definition, wallet_id, wallet, class, epsilon)
select '2026-05-04 12:05Z', 'BTC', 'smart_money/3', id, address, 'HOLD', 1 from watched;
"""
PUBLIC, OF_A, OF_B = ("0x" + mark * 20 for mark in ("07", "a1", "b2"))
SEEN = {"vic": [PUBLIC, OF_A], "bob": [PUBLIC, OF_B]}
NOT_SHOWN = {"wallets": 1, "because": "wallets that other orgs track"}


@pytest.fixture(scope="module")
def world(make_database: Callable[[], str]) -> str:
    """Two orgs, and a universe that is made of what they track."""
    url = make_database()
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        connection.execute(Path(__file__).with_name("world.sql").read_text().encode())
        connection.execute(
            "insert into tenancy.wallets (address) values (decode(repeat('07', 20), 'hex'))"
        )
        connection.execute(ROWS)
    return url


def of(get: Any, path: str, user: str) -> dict[str, Any]:
    answer = get(f"{ROOT}/{path}", user)
    assert answer.status_code == 200, answer.text
    foreign = OF_B if user == "vic" else OF_A
    assert foreign not in answer.text
    return answer.json()


@pytest.mark.parametrize("user", SEEN)
def test_members_of_others_are_counted_with_the_reason(get: Any, user: str) -> None:
    answer = of(get, f"universe?at={AT}", user)
    assert [row["wallet"] for row in answer["members"]] == SEEN[user]
    assert answer["run"]["members"] == 3
    assert answer["not_shown"] == NOT_SHOWN
    assert (answer["entered"], answer["entered_not_shown"]) == (SEEN[user][1:], 1)
    runs = of(get, "universe/runs", user)["runs"]
    assert [(row["entered"], row["entered_not_shown"]) for row in runs] == [
        (SEEN[user][1:], 1), ([PUBLIC], 0),
    ]  # fmt: skip
    assert of(get, "universe?at=2026-05-03T12:00:00Z", user)["not_shown"] is None


@pytest.mark.parametrize("user", SEEN)
def test_positions_of_others_are_counted_and_part_of_the_totals(get: Any, user: str) -> None:
    minute = of(get, f"snapshots/BTC/{AT}", user)
    assert [row["wallet"] for row in minute["wallets"]] == SEEN[user]
    assert minute["not_shown"] == NOT_SHOWN
    [first] = of(get, f"snapshots/BTC?from={AT}&to=2026-05-04T12:06:00Z", user)["minutes"]
    assert (first["long"], first["net_coin"]) == (3, "60")


@pytest.mark.parametrize("user", SEEN)
def test_a_signal_is_whole_and_its_wallets_are_those_of_the_org(get: Any, user: str) -> None:
    signal = of(get, f"signals/BTC/{AT}", user)
    assert [row["wallet"] for row in signal["contributors"]] == SEEN[user]
    assert (signal["signal"]["wallets"], signal["not_shown"]) == (3, NOT_SHOWN)
    proof = of(get, f"signals/BTC/{AT}/explain", user)
    assert [row["wallet"] for row in proof["inputs"]["anomalies"]] == SEEN[user]
    assert (proof["inputs"]["count"], proof["inputs"]["digest"]) == (6, "6:12")
    assert proof["value"]["digest"] == proof["inputs"]["digest"]
    assert proof["not_shown"] == NOT_SHOWN
