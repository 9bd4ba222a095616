"""The fill gaps of perp positions, found by comparing each row with the row before it."""

from dataclasses import dataclass
from decimal import Decimal

from hypertally.sandbox.oracles.usd_prices import Rows, market_kind, number, time_ms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Two fills between which a perp position changed without a fill."""

    wallet: str
    coin: str
    from_ms: int
    to_ms: int
    missing: Decimal  # signed size that would close the gap


def fill_gaps(rows: Rows) -> list[Gap]:
    """Find every gap in the perp positions; the rows of a wallet come in execution order.

    Rows without a tid are skipped: their start positions are unreliable.
    """
    gaps: list[Gap] = []
    ends: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for wallet, fill in rows:
        coin = str(fill["coin"])
        if market_kind(coin) not in ("core", "hip3") or fill.get("tid") is None:
            continue
        start, time_ms = number(fill, "startPosition"), time_ms_of(fill)
        last_ms, end = ends.get((wallet, coin), (time_ms, start))
        if start != end:
            gaps.append(
                Gap(wallet=wallet, coin=coin, from_ms=last_ms, to_ms=time_ms, missing=start - end)
            )
        signed = number(fill, "sz") if fill["side"] == "B" else -number(fill, "sz")
        ends[wallet, coin] = (time_ms, start + signed)
    return gaps
