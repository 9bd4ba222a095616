"""Ticks and square-root prices, exactly as the contracts of every kind of pool compute them.

A square-root price is the root of (token1 per token0, in smallest units) times 2^96, an integer.
A tick is the exponent of 1.0001; the price of a tick is rounded up to the next integer.
"""

from typing import Final

TICK_MIN: Final = -887_272
TICK_MAX: Final = 887_272
SQRT_PRICE_MIN: Final = 4_295_128_739  # at TICK_MIN
SQRT_PRICE_END: Final = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342
"""At TICK_MAX; a pool's price stays below it."""

Q96: Final = 1 << 96
Q128: Final = 1 << 128
Q256: Final = 1 << 256

# 2^128 divided by the root of 1.0001^(2^n), n = 0 to 19, as the library TickMath has them.
_POWERS: Final = (
    0xFFFCB933BD6FAD37AA2D162D1A594001,
    0xFFF97272373D413259A46990580E213A,
    0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0,
    0xFFCB9843D60F6159C9DB58835C926644,
    0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861,
    0xFE5DEE046A99A2A811C461F1969C3053,
    0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54,
    0xF3392B0822B70005940C7A398E4B70F3,
    0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825,
    0xA9F746462D870FDF8A65DC1F90E061E5,
    0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6,
    0x9AA508B5B7A84E1C677DE54F3E99BC9,
    0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98,
    0x48A170391F7DC42444E8FA2,
)


def sqrt_price_at(tick: int) -> int:
    """TickMath.getSqrtRatioAtTick. Errors: `ValueError` for a tick that no pool can have."""
    if not TICK_MIN <= tick <= TICK_MAX:
        raise ValueError(f"tick {tick} is outside {TICK_MIN} to {TICK_MAX}")
    ratio = Q128
    for bit, power in enumerate(_POWERS):
        if abs(tick) >> bit & 1:
            ratio = ratio * power >> 128
    if tick > 0:
        ratio = (Q256 - 1) // ratio
    return -(-ratio >> 32)


def tick_at(sqrt_price: int) -> int:
    """TickMath.getTickAtSqrtRatio: the last tick whose price is not above this one.

    Errors: `ValueError` for a price that no pool can have.
    """
    if not SQRT_PRICE_MIN <= sqrt_price < SQRT_PRICE_END:
        raise ValueError(f"square-root price {sqrt_price} is outside what a pool can have")
    low, high = TICK_MIN, TICK_MAX
    while high - low > 1:
        middle = (low + high) // 2
        if sqrt_price_at(middle) <= sqrt_price:
            low = middle
        else:
            high = middle
    return low


def is_aligned(tick: int, spacing: int) -> bool:
    """Whether a position of a pool with this spacing may begin or end at the tick."""
    return TICK_MIN <= tick <= TICK_MAX and tick % spacing == 0


def full_range(spacing: int) -> tuple[int, int]:
    """The widest range that a pool with this spacing allows."""
    outermost = TICK_MAX // spacing * spacing
    return -outermost, outermost


def is_in_range(tick: int, tick_lower: int, tick_upper: int) -> bool:
    """Whether a position earns fees. By the pool's own tick: a swap that ends exactly at an edge
    leaves the price at the edge and the tick on the side it came to.
    """
    return tick_lower <= tick < tick_upper
