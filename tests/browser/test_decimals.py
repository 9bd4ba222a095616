"""The page's decimals, compared with Python's: no digit is lost between the API and the eye."""

import random
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import pairwise

import pytest
from tests.browser.screen import Screen

pytestmark = pytest.mark.asyncio(loop_scope="session")

SEED = 20_261_120
CASES = 2_000
DIGITS = 7
WIDE = Context(prec=60)
EVALUATE = """
async ([name, rows]) => {
  const decimal = await import("/ui/vocabulary/decimal.js");
  return rows.map((row) => decimal[name](...row));
}
"""


def amounts(count: int) -> list[str]:
    """Decimals of every size the API may send, the same ones each time."""
    source = random.Random(SEED)
    found = [
        "0",
        "-0",
        "0.00",
        "9999.995",
        "-9999.995",
        "999999.995",
        "1e-8",
        "12345678901234567890.5",
    ]
    while len(found) < count:
        digits = source.randrange(10 ** source.randint(1, 28))
        found.append(f"{Decimal(digits * source.choice([1, -1])).scaleb(-source.randint(0, 12)):f}")
    return found


async def ask(screen: Screen, name: str, rows: list[list[str | int]]) -> list[str | int]:
    """Call a function of the page's own module for each row."""
    await screen.open("#/nowhere")
    return await screen.page.evaluate(EVALUATE, [name, rows])


async def test_rounding_is_exact_at_any_size(screen: Screen) -> None:
    values = amounts(CASES)
    shown = await ask(screen, "round", [[value, 2] for value in values])
    for value, text in zip(values, shown, strict=True):
        expected = Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP, WIDE)
        assert Decimal(str(text)) == expected, value
        assert str(text).removeprefix("-") == f"{expected.copy_abs():f}", value


async def test_grouping_loses_no_digit(screen: Screen) -> None:
    values = amounts(CASES)
    shown = await ask(screen, "group", [[value] for value in values])
    for value, text in zip(values, shown, strict=True):
        assert Decimal(str(text).replace(",", "")) == Decimal(value), value


async def test_order_is_that_of_the_values(screen: Screen) -> None:
    values = amounts(CASES)
    pairs = list(pairwise(values))
    shown = await ask(screen, "compare", [list(pair) for pair in pairs])
    for (left, right), order in zip(pairs, shown, strict=True):
        assert order == Decimal(left).compare(Decimal(right)), (left, right)


async def test_sums_lose_no_digit(screen: Screen) -> None:
    values = amounts(CASES)
    pairs = list(pairwise(values))
    shown = await ask(screen, "add", [list(pair) for pair in pairs])
    for (left, right), total in zip(pairs, shown, strict=True):
        assert Decimal(total) == WIDE.add(Decimal(left), Decimal(right)), (left, right)


async def test_the_digits_that_say_something_are_kept(screen: Screen) -> None:
    values = amounts(CASES)
    shown = await ask(screen, "significant", [[value, DIGITS] for value in values])
    for value, text in zip(values, shown, strict=True):
        amount = Decimal(value)
        places = min(0, amount.adjusted() - DIGITS + 1)
        expected = amount.quantize(Decimal(1).scaleb(places), ROUND_HALF_UP, WIDE)
        assert Decimal(text) == expected, value
        assert not (("." in str(text)) and str(text).endswith("0")), value


async def test_a_share_below_one_is_never_called_all(screen: Screen) -> None:
    shown = await ask(screen, "percent", [["1"], ["0.99999"], ["0.5"], ["0"], ["0.0004"]])
    assert shown == ["100%", "99.9%", "50%", "0%", "0%"]
