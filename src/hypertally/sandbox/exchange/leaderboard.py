"""The exchange's leaderboard: a row for each wallet of a world, and any number of made-up ones.

The made-up rows surround the others, so the answer is in no order. Their first ones are holders
who did not trade for a month and yet made the most: the trap in ranking by its PnL alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from itertools import chain, pairwise
from random import Random
from types import MappingProxyType
from typing import final

import msgspec

from hypertally.sandbox.population.calendar import DAY_MS
from hypertally.sandbox.population.decimals import ZERO, rounded, text
from hypertally.sandbox.population.wallet_history import Tape

WINDOW_DAYS = MappingProxyType({"day": 1, "week": 7, "month": 30, "allTime": 36_500})
START_CASH = Decimal(1_000_000)  # what every wallet of a population began with on every dex
PASSIVE_ROWS = 8
PASSIVE_PNL = (400, 200, 82, 77, 31, 12, 5, 2)  # millions of USD in a month
NAMED_EVERY = 50  # one row in so many has a name
CHUNK_ROWS = 250
DOLLARS = ("USDC", "USDT0", "USDH")
TAIL = 27  # digits; a row then has the length of a real one
FISH_PARTS = (("day", 30), ("week", 4), ("month", 1), ("allTime", 1))
FIGURE_PLACES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One wallet's row; figures are in USD, by window."""

    address: str
    account_value: Decimal
    pnl: Mapping[str, Decimal]
    volume: Mapping[str, Decimal]
    name: str | None = None


class _Fill(msgspec.Struct, rename="camel"):
    px: Decimal
    sz: Decimal
    closed_pnl: Decimal
    fee: Decimal
    fee_token: str = ""  # absent in old rows


_fill = msgspec.json.Decoder(_Fill)


def standing_of(address: str, tape: Tape, now_ms: int) -> Standing:
    """Make a row of what a wallet's fills realised and turned over."""
    pnl, volume = (dict.fromkeys(WINDOW_DAYS, ZERO) for _ in range(2))
    for row in tape.rows():
        if row.time_ms > now_ms:
            break
        fill = _fill.decode(row.body)
        shortest = next(
            w for w, days in WINDOW_DAYS.items() if row.time_ms > now_ms - days * DAY_MS
        )
        pnl[shortest] += fill.closed_pnl - (fill.fee if fill.fee_token in DOLLARS else ZERO)
        volume[shortest] += fill.px * fill.sz
    for shorter, longer in pairwise(WINDOW_DAYS):
        pnl[longer] += pnl[shorter]
        volume[longer] += volume[shorter]
    return Standing(
        address=address, account_value=START_CASH + pnl["allTime"], pnl=pnl, volume=volume
    )


def made_up(seed: int, rows: int) -> Iterator[bytes]:
    """Spell rows of wallets nobody trades with: holders who only hold, then ever smaller fish."""
    random = Random(f"leaderboard:{seed}")
    for at in range(rows):
        address = "0x" + sha256(f"leaderboard:{seed}:{at}".encode()).hexdigest()[:40]
        yield row_body(_passive(address, at)) if at < PASSIVE_ROWS else _fish(random, address, at)


def _fish(random: Random, address: str, at: int) -> bytes:
    month, turned = random.randint(-900_000, 999), random.randint(1, 10**8)
    tail = f"{random.getrandbits(160):048d}"  # these figures were floats once, and look it
    windows = [
        f'["{window}", {{"pnl": "{month // part}.{tail[part % 7 :][:TAIL]}", '
        f'"roi": "{"-" if month < 0 else ""}0.0{tail[part % 11 :][:TAIL]}", '
        f'"vlm": "{turned // part}.{tail[part % 13 :][:TAIL]}"}}]'
        for window, part in FISH_PARTS
    ]
    name = f'"trader {at}"' if at % NAMED_EVERY == 0 else "null"
    return (
        f'{{"ethAddress": "{address}", "accountValue": "{random.randint(1, 10**7)}.{tail[:TAIL]}", '
        f'"windowPerformances": [{", ".join(windows)}], "prize": 0, "displayName": {name}}}'
    ).encode()


def _passive(address: str, at: int) -> Standing:
    month = Decimal(PASSIVE_PNL[at]) * 1_000_000
    pnl = {"day": month / 40, "week": month / 5, "month": month, "allTime": month * 3}
    volume = dict.fromkeys(WINDOW_DAYS, ZERO) | {"allTime": month * (at % 2)}
    return Standing(address=address, account_value=month * 4, pnl=pnl, volume=volume)


def row_body(standing: Standing) -> bytes:
    """Spell a row as the leaderboard does: numbers are strings, the prize is not."""
    windows = ", ".join(
        f'["{window}", {{"pnl": "{_figure(standing.pnl[window])}", '
        f'"roi": "{_figure(standing.pnl[window] / standing.account_value)}", '
        f'"vlm": "{_figure(standing.volume[window])}"}}]'
        for window in WINDOW_DAYS
    )
    name = msgspec.json.encode(standing.name).decode()
    return (
        f'{{"ethAddress": "{standing.address}", '
        f'"accountValue": "{_figure(standing.account_value)}", '
        f'"windowPerformances": [{windows}], "prize": 0, "displayName": {name}}}'
    ).encode()


def _figure(value: Decimal) -> str:
    return text(rounded(value, FIGURE_PLACES))


_SPOILS: Sequence[Callable[[dict[str, object]], object]] = (
    lambda row: row.pop("ethAddress"),
    lambda row: row.update(ethAddress="0x12"),
    lambda row: row.update(windowPerformances=[]),
    lambda row: row.update(windowPerformances=[["month", {"pnl": "NaN", "roi": "-", "vlm": None}]]),
)


def _spoilt(body: bytes, at: int) -> bytes:
    row = msgspec.json.decode(body, type=dict[str, object])
    _ = _SPOILS[at % len(_SPOILS)](row)
    return msgspec.json.encode(row)


@final
class Board:
    """The answer of one seed and length, in pieces."""

    def __init__(self, *, seed: int, rows: int) -> None:
        self._seed, self._rows = seed, rows
        self._made_up: list[bytes] | None = None

    def prepare(self) -> list[bytes]:
        """Spell the made-up rows; tens of megabytes when there are many, so only when asked."""
        if self._made_up is None:
            self._made_up = list(made_up(self._seed, self._rows))
        return self._made_up

    def bodies(self, standings: Iterable[Standing], *, invalid: float = 0) -> list[bytes]:
        """Spell all rows; of those, a share that no one can read."""
        others = self.prepare()
        half, own = len(others) // 2, map(row_body, standings)
        rows = [*chain(others[:half], own, others[half:])]
        return [
            _spoilt(body, at) if int((at + 1) * invalid) > int(at * invalid) else body
            for at, body in enumerate(rows)
        ]


def pieces(bodies: Sequence[bytes], *, cut: bool = False) -> Iterator[bytes]:
    """Give the answer in pieces; one that is cut ends inside a row, half-way."""
    end = len(bodies) // 2 if cut else len(bodies)
    yield b'{"leaderboardRows": ['
    for first in range(0, end, CHUNK_ROWS):
        part = b", ".join(bodies[first : min(first + CHUNK_ROWS, end)])
        yield part if first == 0 else b", " + part
    if not cut:
        yield b"]}"
    elif bodies:
        yield (b", " if end else b"") + bodies[end][: len(bodies[end]) // 2]
