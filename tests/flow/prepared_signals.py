"""The signals of a prepared seed, held against the sandbox's oracle."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.flow.books import EPOCH, Books
from tests.flow.smart_money.expected_signals import (
    RecordedPlayback,
    expected_v3,
    v3_difference,
)

from hypertally.cli.exchange.seed_signals import looks
from hypertally.sandbox.launch import WORLDS
from hypertally.sandbox.oracles.smart_money_periods import round_as_shown
from hypertally.sandbox.population.sessions import read_state
from hypertally.sandbox.regimes.exchange import leaders_alone
from hypertally.sandbox.regimes.playback import ASSETS, RegimePlayback

V2_SCORES = ("cas", "cas_usd", "dispersion", "dispersion_size", "ecs", "stock_disagreement")
AT_REST = ("HOLD", "FLAT", "DIRTY", "MISSING")
HERD = 10  # wallets
MINUTE = timedelta(minutes=1)
STORED = "select * from metrics.signals where window_minutes = 5 and at <= %s"
Key = tuple[int, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPlayback:
    """The leaders of a seed, and the minutes at which its recorder looked."""

    playback: RegimePlayback
    minutes: frozenset[int]


async def require_signals_of_oracle(books: Books, state: Path, *, world: str) -> None:
    """Require every signal of a seed to be the oracle's, and outcomes beside them."""
    begun, sizes = read_state(state), WORLDS[world]
    leaders = leaders_alone(
        begun.options, until_ms=begun.until_ms, leaders=sizes.leaders, days=sizes.watched_days
    )
    start = EPOCH + timedelta(milliseconds=leaders.playback.start_ms)
    until = EPOCH + timedelta(milliseconds=begun.until_ms)
    numbers = [(look - start) // MINUTE for look in looks(sizes, until)]
    recorded = SeenPlayback(playback=leaders.playback, minutes=frozenset(numbers))
    rows = await books.read(STORED, until)
    stored = {_key(row, start): row for row in rows}
    assert len(stored) == len(rows) == 3 * 3 * len(numbers)
    assert len(numbers) >= 36, "an hour of each day, which may be one of the last two, and those"
    _require_second(stored, recorded, numbers)
    differences = {
        key: differing
        for key, expected in expected_v3(recorded, numbers)  # pyright: ignore[reportArgumentType]  # no more is read
        if (differing := v3_difference(stored[key], _without_fills(expected)))
    }
    assert not differences
    herds = [row for row in rows if row["definition"] == "smart_money/2" and _acting(row) >= HERD]
    assert len(herds) > 10, "whatever the hour, wallets acted together"
    outcomes = await books.value(
        "select count(*) from metrics.signal_outcomes where hit is not null"
    )
    assert outcomes > 0


def _require_second(
    stored: dict[Key, dict[str, Any]], recorded: SeenPlayback, numbers: list[int]
) -> None:
    watched = RecordedPlayback(recorded.playback, recorded.minutes)
    for number in numbers:
        for asset in ASSETS:
            row, expected = stored[number, asset, "smart_money/2"], watched.scores(asset, number)
            scores = {name: round_as_shown(getattr(expected.v2, name)) for name in V2_SCORES}
            assert {name: row[name] for name in V2_SCORES} == scores
            assert {name: count for name, count in row["counts"].items() if count} == dict(
                expected.counts
            )


def _acting(row: dict[str, Any]) -> int:
    return sum(count for action, count in row["counts"].items() if action not in AT_REST)


def _without_fills(row: dict[str, Any]) -> dict[str, Any]:
    """Whether exits were forced is not known: nobody read their fills."""
    return {name: value for name, value in row.items() if name != "ecs_forced"}


def _key(row: dict[str, Any], start: datetime) -> Key:
    return (row["at"] - start) // MINUTE, row["asset"], row["definition"]
