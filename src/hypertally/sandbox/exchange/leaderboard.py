"""The leaderboard: a row for each wallet of an exchange, and any number of filler rows.

The filler rows stand before and after the others, so the answer is in no order. The first of them
belong to holders who made the most in a month without a trade: a ranking by PnL alone would choose
them.
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
from hypertally.sandbox.population.decimals import ZERO, decimal_text, rounded
from hypertally.sandbox.population.wallet_history import WalletHistory

WINDOW_DAYS = MappingProxyType({"day": 1, "week": 7, "month": 30, "allTime": 36_500})
START_CASH = Decimal(1_000_000)  # of every wallet of a population, on every dex
HOLDER_ROWS = 8
HOLDER_MONTH_PNL = (400, 200, 82, 77, 31, 12, 5, 2)  # millions of USD in a month
ROWS_PER_NAME = 50  # one row in 50 has a name
CHUNK_ROWS = 250
DOLLARS = ("USDC", "USDT0", "USDH")
FRACTION_DIGITS = 27  # they give a row the length of a real one
MONTH_DIVISORS = (("day", 30), ("week", 4), ("month", 1), ("allTime", 1))
FIGURE_PLACES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardRow:
    """The row of one wallet; figures are in USD, by window."""

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
    fee_token: str = ""  # missing in old rows


_fill = msgspec.json.Decoder(_Fill)


def row_from_fills(address: str, history: WalletHistory, now_ms: int) -> LeaderboardRow:
    """Sum up the realised PnL and the volume of a wallet's fills."""
    pnl, volume = (dict.fromkeys(WINDOW_DAYS, ZERO) for _ in range(2))
    for row in history.rows():
        if row.time_ms > now_ms:
            break
        fill = _fill.decode(row.body)
        shortest = next(
            window for window, days in WINDOW_DAYS.items() if row.time_ms > now_ms - days * DAY_MS
        )
        pnl[shortest] += fill.closed_pnl - (fill.fee if fill.fee_token in DOLLARS else ZERO)
        volume[shortest] += fill.px * fill.sz
    for shorter, longer in pairwise(WINDOW_DAYS):
        pnl[longer] += pnl[shorter]
        volume[longer] += volume[shorter]
    return LeaderboardRow(
        address=address, account_value=START_CASH + pnl["allTime"], pnl=pnl, volume=volume
    )


def filler_rows(seed: int, rows: int) -> Iterator[bytes]:
    """Write rows of wallets that never trade: some holders, then small traders."""
    random = Random(f"leaderboard:{seed}")
    for index in range(rows):
        address = "0x" + sha256(f"leaderboard:{seed}:{index}".encode()).hexdigest()[:40]
        yield (
            encode_row(_holder(address, index))
            if index < HOLDER_ROWS
            else _small_trader(random, address, index)
        )


def _small_trader(random: Random, address: str, index: int) -> bytes:
    month, volume = random.randint(-900_000, 999), random.randint(1, 10**8)
    fraction = f"{random.getrandbits(160):048d}"  # as real figures, which were floats once
    windows = [
        f'["{window}", {{"pnl": "{month // divisor}.{fraction[divisor % 7 :][:FRACTION_DIGITS]}", '
        f'"roi": "{"-" if month < 0 else ""}0.0{fraction[divisor % 11 :][:FRACTION_DIGITS]}", '
        f'"vlm": "{volume // divisor}.{fraction[divisor % 13 :][:FRACTION_DIGITS]}"}}]'
        for window, divisor in MONTH_DIVISORS
    ]
    name = f'"trader {index}"' if index % ROWS_PER_NAME == 0 else "null"
    return (
        f'{{"ethAddress": "{address}", '
        f'"accountValue": "{random.randint(1, 10**7)}.{fraction[:FRACTION_DIGITS]}", '
        f'"windowPerformances": [{", ".join(windows)}], "prize": 0, "displayName": {name}}}'
    ).encode()


def _holder(address: str, index: int) -> LeaderboardRow:
    month = Decimal(HOLDER_MONTH_PNL[index]) * 1_000_000
    pnl = {"day": month / 40, "week": month / 5, "month": month, "allTime": month * 3}
    volume = dict.fromkeys(WINDOW_DAYS, ZERO) | {"allTime": month * (index % 2)}
    return LeaderboardRow(address=address, account_value=month * 4, pnl=pnl, volume=volume)


def encode_row(row: LeaderboardRow) -> bytes:
    """Write a row as the leaderboard does: the prize is a number, other figures are strings."""
    windows = ", ".join(
        f'["{window}", {{"pnl": "{_figure_text(row.pnl[window])}", '
        f'"roi": "{_figure_text(row.pnl[window] / row.account_value)}", '
        f'"vlm": "{_figure_text(row.volume[window])}"}}]'
        for window in WINDOW_DAYS
    )
    name = msgspec.json.encode(row.name).decode()
    return (
        f'{{"ethAddress": "{row.address}", '
        f'"accountValue": "{_figure_text(row.account_value)}", '
        f'"windowPerformances": [{windows}], "prize": 0, "displayName": {name}}}'
    ).encode()


def _figure_text(value: Decimal) -> str:
    return decimal_text(rounded(value, FIGURE_PLACES))


_INVALID_CHANGES: Sequence[Callable[[dict[str, object]], object]] = (
    lambda row: row.pop("ethAddress"),
    lambda row: row.update(ethAddress="0x12"),
    lambda row: row.update(windowPerformances=[]),
    lambda row: row.update(windowPerformances=[["month", {"pnl": "NaN", "roi": "-", "vlm": None}]]),
)


def _invalid_row(body: bytes, index: int) -> bytes:
    row = msgspec.json.decode(body, type=dict[str, object])
    _ = _INVALID_CHANGES[index % len(_INVALID_CHANGES)](row)
    return msgspec.json.encode(row)


@final
class Leaderboard:
    """The rows of a leaderboard, made from a seed and a number of filler rows."""

    def __init__(self, *, seed: int, rows: int) -> None:
        self._seed, self._rows = seed, rows
        self._filler_rows: list[bytes] | None = None

    def prepare(self) -> list[bytes]:
        """Make the filler rows on first use: many of them take tens of megabytes."""
        if self._filler_rows is None:
            self._filler_rows = list(filler_rows(self._seed, self._rows))
        return self._filler_rows

    def bodies(self, own_rows: Iterable[LeaderboardRow], *, invalid: float = 0) -> list[bytes]:
        """Write all rows; the share `invalid` of them cannot be read."""
        others = self.prepare()
        half, own = len(others) // 2, map(encode_row, own_rows)
        rows = [*chain(others[:half], own, others[half:])]
        return [
            _invalid_row(body, index) if int((index + 1) * invalid) > int(index * invalid) else body
            for index, body in enumerate(rows)
        ]


def body_chunks(bodies: Sequence[bytes], *, truncated: bool = False) -> Iterator[bytes]:
    """Return the answer in chunks; a truncated one ends inside a row, half-way."""
    end = len(bodies) // 2 if truncated else len(bodies)
    yield b'{"leaderboardRows": ['
    for first in range(0, end, CHUNK_ROWS):
        part = b", ".join(bodies[first : min(first + CHUNK_ROWS, end)])
        yield part if first == 0 else b", " + part
    if not truncated:
        yield b"]}"
    elif bodies:
        yield (b", " if end else b"") + bodies[end][: len(bodies[end]) // 2]
