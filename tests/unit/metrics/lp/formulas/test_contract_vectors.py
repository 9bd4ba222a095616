"""What deployed contracts answered on a local chain, to the last smallest unit and digit."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hypertally.metrics.lp.formulas.bounded import ZERO, Bounded
from hypertally.metrics.lp.formulas.exact_decimals import (
    EXACT,
    fraction_to_decimal,
    rounded,
    whole_tokens,
)
from hypertally.metrics.lp.formulas.ledger.booking import Ledger, book
from hypertally.metrics.lp.formulas.ledger.events import (
    NOBODY,
    AnyLpEvent,
    CollectEvent,
    DecreaseEvent,
    IncreaseEvent,
    TransferEvent,
)
from hypertally.metrics.lp.formulas.ledger.result import LpResult, history_problem, result_of
from hypertally.metrics.lp.formulas.ledger.state import LedgerState
from hypertally.metrics.lp.formulas.pool.fee_growth import FeeAccount, PoolGrowth
from hypertally.metrics.lp.formulas.pool.kinds import packed_position_key, share_of_liquidity
from hypertally.metrics.lp.formulas.pool.liquidity_amounts import deposited_amounts, range_of_ticks
from hypertally.metrics.lp.formulas.pool.position_reading import (
    PositionContent,
    PositionReading,
    content_of,
)
from hypertally.metrics.lp.formulas.pool.prices import gammas, pool_price
from hypertally.metrics.lp.formulas.pool.tick_math import tick_at
from hypertally.metrics.lp.formulas.pool.token_pairs import PoolToken, TokenAmounts

VECTORS = Path(__file__).parents[6] / "shared" / "reference" / "lp_vectors.json"
RECORDED: dict[str, Any] = msgspec.json.decode(VECTORS.read_bytes())
POSITIONS: dict[str, dict[str, Any]] = {
    vector["name"].split()[0]: vector for vector in RECORDED["vectors"]
}
LEDGER: dict[str, Any] = RECORDED["ledger"]
TOKENS = PoolToken(symbol="WHYPE", decimals=18), PoolToken(symbol="USDC", decimals=6)
OWNER = LEDGER["final_observation"]["owner"]
BEGINNING = datetime(2026, 9, 21, tzinfo=UTC)
# The recorded sums are of prices with all their digits, of which 30 places are recorded: half a
# unit of the last place for each of some hundred tokens.
PRICE_ROUNDING = Decimal("5E-28")


@pytest.fixture(autouse=True)
def exact_decimals() -> Iterator[None]:
    with localcontext(EXACT):
        yield


def pair(words: list[str]) -> TokenAmounts:
    first, second = map(int, words)
    return first, second


def reading_of(vector: dict[str, Any]) -> PositionReading:
    nft, pool, shared = vector["positions()"], vector["pool_state"], vector["pool_position"]
    return PositionReading(
        tick_lower=int(nft["tickLower"]),
        tick_upper=int(nft["tickUpper"]),
        sqrt_price=int(pool["sqrt_price_x96"]),
        pool=PoolGrowth(
            tick=int(pool["tick"]),
            everywhere=pair(pool["fee_growth_global"]),
            outside_lower=pair(vector["ticks"]["lower_outside"]),
            outside_upper=pair(vector["ticks"]["upper_outside"]),
        ),
        nft=FeeAccount(
            liquidity=int(nft["liquidity"]),
            growth_last=pair([nft[f"feeGrowthInside{token}LastX128"] for token in (0, 1)]),
            owed=pair([nft[f"tokensOwed{token}"] for token in (0, 1)]),
        ),
        pool_position=FeeAccount(
            liquidity=int(shared["liquidity"]),
            growth_last=pair(shared["inside_last"]),
            owed=pair(shared["owed"]),
        ),
    )


def whole(amounts: TokenAmounts) -> list[Decimal]:
    return [
        whole_tokens(amount, token.decimals) for amount, token in zip(amounts, TOKENS, strict=True)
    ]


def test_there_are_twelve_positions_and_a_ledger() -> None:
    assert list(POSITIONS) == [f"V{number:02}" for number in range(1, 13)]
    assert LEDGER["name"].startswith("L01")


def every_reading() -> dict[str, dict[str, Any]]:
    return POSITIONS | {"L01": LEDGER["final_observation"]}


@pytest.mark.parametrize("name", every_reading())
def test_a_position_is_what_the_contracts_say(name: str) -> None:
    vector = every_reading()[name]
    content, expect = content_of(reading_of(vector)), vector["expect"]
    assert content.in_range is expect["in_range"]
    assert content.growth_inside == pair(expect["fee_growth_inside"])
    assert content.owed_by_nft == pair(expect["owed_by_nft_formula"])
    assert content.owed_by_pool == pair(expect["owed_by_pool_formula"])
    assert content.principal == pair(vector["contract_says"]["decreaseLiquidity(all).call(owner)"])
    assert content.uncollected == pair(vector["contract_says"]["collect(max).call(owner)"])


@pytest.mark.parametrize("name", every_reading())
def test_decimals_of_a_position_agree_in_thirty_places(name: str) -> None:
    vector = every_reading()[name]
    reading, decimals = reading_of(vector), vector["decimals"]
    content = content_of(reading)
    price = pool_price(reading.sqrt_price, TOKENS)
    x_hype, y_usdc = whole(content.principal)
    assert str(price) == decimals["price_token1_per_token0"]
    assert [x_hype, y_usdc] == [Decimal(decimals["x_hype"]), Decimal(decimals["y_usdc"])]
    exact_price = Fraction(reading.sqrt_price**2 * 10**12, 2**192)
    value = fraction_to_decimal(Fraction(x_hype) * exact_price + Fraction(y_usdc))
    assert value == Decimal(decimals["value_usdc_at_pool_price"])
    uncollected = [Decimal(decimals[f"uncollected_{token}"]) for token in ("hype", "usdc")]
    assert whole(content.uncollected) == uncollected
    assert x_hype + uncollected[0] == Decimal(decimals["delta_hype_lp"])
    assert gammas(reading, TOKENS)[0] == Decimal(decimals["gamma_hype_per_usd"])


@pytest.mark.parametrize("name", POSITIONS)
def test_the_tick_of_a_pool_is_that_of_its_price(name: str) -> None:
    pool = POSITIONS[name]["pool_state"]
    assert tick_at(int(pool["sqrt_price_x96"])) == int(pool["tick"])


@pytest.mark.parametrize("name", ["V01", "V06", "V08"])
def test_a_deposit_is_rounded_up(name: str) -> None:
    vector = POSITIONS[name]
    mint = next(event for event in vector["events"] if event["event"] == "Mint")
    ticks = int(mint["tickLower"]), int(mint["tickUpper"])
    sqrt_price = int(vector["pool_state"]["sqrt_price_x96"])
    if name == "V06":  # minted below its range, where the price does not matter
        sqrt_price = range_of_ticks(*ticks).lower
    amounts = deposited_amounts(int(mint["amount"]), sqrt_price, range_of_ticks(*ticks))
    assert amounts == pair([mint["amount0"], mint["amount1"]])


def test_growth_inside_may_lie_below_zero_when_an_nft_is_minted() -> None:
    vector = POSITIONS["V06"]
    assert pair(vector["at_mint"]["last"]) == reading_of(vector).nft.growth_last
    assert min(pair(vector["at_mint"]["last"])) > 2**255


def test_principal_that_was_freed_is_no_fee() -> None:
    vector = POSITIONS["V07"]
    content, split = content_of(reading_of(vector)), vector["split"]
    principal = pair(split["principal_owed"])
    fees = tuple(map(int.__sub__, content.uncollected, principal))
    assert fees == pair(split["fees_owed"]) == pair(split["fees_owed_before_decrease"])


def test_the_pool_pays_less_than_the_manager_states() -> None:
    vector = POSITIONS["V09"]
    content, after = content_of(reading_of(vector)), vector["after"]
    assert content.owed_by_nft == pair(after["manager_event"])
    assert content.uncollected == pair(after["pool_event"]) == pair(after["paid_by_erc20"])


def test_algebra_packs_the_key_of_a_position_and_states_its_community_fee() -> None:
    vector = POSITIONS["V12"]
    mint, pool = vector["events"][0], vector["pool_state"]["state()"]
    manager = int(mint["owner"], 16)
    key = packed_position_key(manager, int(mint["bottomTick"]), int(mint["topTick"]))
    assert f"0x{key:064x}" == vector["pool_position"]["key"]
    share = share_of_liquidity("algebra_integral_1_2", int(pool["communityFee"]))
    assert share == (Decimal("0.85"), Decimal("0.85"))


def test_a_sixth_for_the_protocol_is_stated_for_each_token() -> None:
    pool = POSITIONS["V02"]["pool_state"]["state()"]
    share = share_of_liquidity("uniswap_v3", int(pool["feeProtocol"]))
    assert share == (Decimal("0.833333333333333333333333333333"),) * 2


class Steps:
    """The recorded steps as events of one NFT."""

    def __init__(self) -> None:
        self.final = int(LEDGER["final_observation"]["positions()"]["liquidity"])
        self.all = self.final * 10 // 6  # 0.4 was removed
        first = self.all // 2
        self.added = iter([first, self.all - first])

    def place(self, number: int, day: str, price: str) -> dict[str, Any]:
        return {
            "block_number": number,
            "order_in_block": 0,
            "tx_hash": f"0x{number:064x}",
            "ordinal": 0,
            "at": BEGINNING + timedelta(days=int(day)),
            "prices": (Decimal(price), Decimal(1)),
        }

    def event(self, number: int, step: dict[str, Any]) -> AnyLpEvent:
        place = self.place(number, step["day"], step["price"])
        tokens = pair(step["tokens"])
        if step["kind"] == "deposit":
            return IncreaseEvent(**place, liquidity=next(self.added), amounts=tokens)
        if step["kind"] == "withdraw":
            return DecreaseEvent(**place, liquidity=self.all - self.final, amounts=tokens)
        return CollectEvent(**place, expected=tokens, paid=tokens)

    def events(self) -> list[AnyLpEvent]:
        mint = TransferEvent(**self.place(0, "0", "30"), sender=NOBODY, recipient=OWNER)
        steps = enumerate(LEDGER["steps"], start=1)
        return [mint, *(self.event(number, step) for number, step in steps)]


def recorded_ledger() -> tuple[Ledger, PositionContent, LpResult]:
    ledger = book(Ledger(state=LedgerState(owner=OWNER, tokens=TOKENS)), Steps().events())
    content = content_of(reading_of(LEDGER["final_observation"]))
    price = Decimal(LEDGER["final_observation"]["decimals"]["price_token1_per_token0"])
    result = result_of(ledger.state, content, (price, Decimal(1)), gas_usd=ZERO)
    return ledger, content, result


RESULTS = {
    "deposited_usd": "deposits_usd",
    "withdrawn_usd": "withdrawals_usd",
    "collected_usd": "collected_fees_usd",
    "value_usd": "value_usd",
    "uncollected_usd": "uncollected_usd",
    "pnl_usd": "lp_pnl_usd",
    "hodl_usd": "hodl_value_usd",
    "il_share": "il_now",
    "il_unrealised_usd": "il_unrealised_usd",
    "il_realised_usd": "il_realised_usd",
    "price_effect_usd": "price_effect_usd",
    "fees_usd": "fees_usd",
}


@pytest.mark.parametrize("figure", RESULTS)
def test_the_ledger_of_seven_days_agrees_in_thirty_places(figure: str) -> None:
    bounded: Bounded = getattr(recorded_ledger()[2], figure)
    assert bounded.value is not None
    expected = Decimal(LEDGER["expect"][RESULTS[figure]])
    assert abs(rounded(bounded.value) - expected) <= PRICE_ROUNDING


def test_the_parts_of_the_profit_add_up_to_the_last_digit() -> None:
    _, _, result = recorded_ledger()
    parts = (
        result.price_effect_usd,
        result.il_realised_usd,
        result.il_unrealised_usd,
        result.fees_usd,
    )
    assert sum(part.value for part in parts if part.value is not None) == result.pnl_usd.value


def test_hodl_and_history_are_those_recorded() -> None:
    ledger, content, _ = recorded_ledger()
    tokens = zip(ledger.state.hodl, TOKENS, strict=True)
    hodl = [whole_tokens(amount, token.decimals) for amount, token in tokens]
    assert hodl == [Decimal(text) for text in LEDGER["expect"]["hodl_tokens_now"]]
    assert history_problem(ledger.state, content.liquidity, OWNER) is None


def test_the_split_of_the_payment_is_that_recorded() -> None:
    ledger, _, _ = recorded_ledger()
    step, line = LEDGER["steps"][-1], ledger.lines[-1]
    assert line.kind == step["kind"] == "collect"
    assert line.principal_paid == pair(step["principal"])
    assert line.fees_paid == pair(step["fees"])
    assert ledger.lines[-2].il_realised_usd.value is not None
    il_realised = rounded(ledger.lines[-2].il_realised_usd.value)
    assert abs(il_realised - Decimal(LEDGER["steps"][-2]["il_realised_usd"])) <= PRICE_ROUNDING
    assert ledger.state.principal_owed == (0, 0)


def test_a_deposit_is_not_priced_again_today() -> None:
    ledger, content, result = recorded_ledger()
    price = Decimal(LEDGER["final_observation"]["decimals"]["price_token1_per_token0"])
    deposited = whole(ledger.state.deposited)
    repriced = deposited[0] * price + deposited[1]
    wrong = LEDGER["expect"]["wrong_if_deposits_are_repriced_today"]
    assert abs(repriced - Decimal(wrong["deposits_usd"])) <= PRICE_ROUNDING
    assert result.pnl_usd.value is not None
    assert result.deposited_usd.value is not None
    wrong_pnl = rounded(result.pnl_usd.value + result.deposited_usd.value - repriced)
    assert abs(wrong_pnl - Decimal(wrong["lp_pnl_usd"])) <= PRICE_ROUNDING
    assert result.pnl_vs_hold_usd.value not in {result.pnl_usd.value, wrong_pnl}
    assert content.liquidity
