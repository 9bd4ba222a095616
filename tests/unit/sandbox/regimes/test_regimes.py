"""Regimes: scripted wallets do exactly what their script says, and the oracle says what that is."""

from collections.abc import Callable
from decimal import Decimal
from itertools import islice, pairwise
from typing import Any

import httpx2
import msgspec
import pytest
from click.testing import CliRunner

from hypertally.cli.sandbox import sandbox_command
from hypertally.sandbox.exchange.server import running_sandbox
from hypertally.sandbox.launch import build_exchange
from hypertally.sandbox.oracles.fill_gaps import fill_gaps
from hypertally.sandbox.oracles.smart_money import ExpectedScores, expected_scores, score_window
from hypertally.sandbox.oracles.smart_money_periods import (
    exit_percentile,
    exit_z_score,
    herding,
    v2_band,
)
from hypertally.sandbox.population.wallet_history import HistoryKind
from hypertally.sandbox.regimes.exchange import RegimeExchange, regime_exchange
from hypertally.sandbox.regimes.playback import ASSETS, RegimePlayback
from hypertally.sandbox.regimes.regimes import REGIMES, ROTATION, find_regime
from hypertally.sandbox.regimes.script import PositionChange

START_MS = 1_795_000_200_000  # a full five minutes
MINUTE_MS = 60_000
HOLD = ("HOLD", "FLAT")


def playback(name: str, *, wallets: int = 200, seed: int = 7) -> RegimePlayback:
    return RegimePlayback(find_regime(name), seed=seed, wallets=wallets, start_ms=START_MS)


def world(name: str) -> RegimeExchange:
    return regime_exchange(name, start_ms=START_MS)


def asked(exchange: RegimeExchange, minute: int, **query: Any) -> Any:
    answer = exchange.answer(msgspec.json.encode(query), now_ms=START_MS + minute * MINUTE_MS)
    return answer.status, msgspec.json.decode(answer.body) if answer.status == 200 else None


def shown(exchange: RegimeExchange, wallet: str, minute: int) -> dict[str, Decimal]:
    _, state = asked(exchange, minute, type="clearinghouseState", user=wallet)
    rows = [row["position"] for row in state["assetPositions"]]
    return {row["coin"]: Decimal(row["szi"]) for row in rows}


def scored(name: str, minute: int, asset: str = "HYPE") -> ExpectedScores:
    return expected_scores(playback(name), asset, minute)


@pytest.mark.parametrize("name", list(REGIMES))
def test_the_first_minutes_are_calm_and_half_of_the_wallets_hold(name: str) -> None:
    for minute in (5, 10):
        seen = scored(name, minute)
        assert seen.counts["FLAT"] == 100
        assert seen.v2.cas == 50
        assert seen.v2.ecs == 5


@pytest.mark.parametrize("name", [*REGIMES, "rotation"])
@pytest.mark.parametrize("wallets", [1, 41, 200])
def test_after_a_period_everyone_holds_what_they_held(name: str, wallets: int) -> None:
    script = ROTATION if name == "rotation" else find_regime(name)
    played = RegimePlayback(script, seed=3, wallets=wallets, start_ms=0)
    for wallet in played.addresses:
        for asset in ASSETS:
            for minute in (0, 7, 30):
                now = played.position(wallet, asset, minute)
                assert now == played.position(wallet, asset, minute + script.period)


def test_the_same_seed_plays_the_same_and_another_one_does_not() -> None:
    def played(seed: int) -> list[list[tuple[int, Decimal]]]:
        one = playback("split", seed=seed, wallets=40)
        return [
            [(change.minute, change.size) for change in islice(one.changes(at), 9)]
            for at in range(40)
            if one.position(one.addresses[at], "BTC", 0)
        ]

    assert played(1) == played(1) != played(2)


@pytest.mark.parametrize("name", list(REGIMES))
def test_eth_stays_calm_beside_them(name: str) -> None:
    if name == "stale_feed":
        return
    for minute in (20, 25):
        ecs = scored(name, minute, "ETH").v2.ecs
        assert ecs is not None
        assert ecs < 6


def test_herding_in_is_a_strong_long_without_disagreement() -> None:
    for minute in (20, 25, 30, 35):
        seen = scored("herding_in", minute)
        assert (seen.counts["OPEN_L"], seen.counts.get("OPEN_S", 0)) == (15, 0)
        assert seen.v2.cas == Decimal("87.5")
        assert seen.v2.dispersion == seen.v2.ecs == 0
        assert seen.v1.cas == Decimal("57.5")


def test_a_split_has_as_many_buyers_as_sellers() -> None:
    for minute in (20, 25, 30, 35):
        seen = scored("split", minute).v2
        assert seen.dispersion is not None
        assert seen.dispersion > 90
        assert seen.dispersion_size is not None
        assert seen.dispersion_size > 60
        assert seen.cas is not None
        assert 40 < seen.cas <= 60
    assert scored("split", 20).counts["FLIP_L"] > 0


def test_an_exit_cascade_is_one_of_longs_and_not_forced() -> None:
    for minute in (20, 25):
        seen = scored("exit_cascade", minute).v2
        assert seen.ecs is not None
        assert seen.ecs > 25
        assert seen.ecs_long is not None
        assert seen.ecs_long > 50
        assert seen.ecs_short == seen.ecs_forced == 0
        assert seen.cas == 40
    first = scored("exit_cascade", 20).v1.ecs
    assert first == 18


def test_liquidated_wallets_are_no_voluntary_exits() -> None:
    seen = scored("liquidation_cascade", 20)
    assert (seen.v2.ecs, seen.v2.ecs_forced) == (4, 26)
    assert sum(one.forced for one in seen.wallets) == 26


def test_thin_coverage_grows_thinner_by_steps() -> None:
    coverage = [scored("thin_coverage", minute).coverage * 100 for minute in (10, 15, 20, 25, 30)]
    assert coverage == [100, 92, 92, 85, 70]
    assert scored("thin_coverage", 25).v2.cas is None
    assert scored("thin_coverage", 25).counts["MISSING"] == 30


async def test_nothing_is_answered_while_the_feed_is_stale() -> None:
    exchange = world("stale_feed")
    wallet = exchange.playback.addresses[0]
    for minute, status in ((14, 200), (15, 503), (34, 503), (35, 200)):
        assert asked(exchange, minute, type="clearinghouseState", user=wallet)[0] == status
        assert asked(exchange, minute, type="allMids")[0] == status


@pytest.mark.parametrize("name", [name for name in REGIMES if name != "stale_feed"])
def test_the_exchange_shows_the_positions_of_the_script(name: str) -> None:
    exchange = world(name)
    for minute in (0, 5, 18, 27, 60, 119, 140):
        for wallet in exchange.playback.addresses[::9]:
            if exchange.playback.answers(wallet, minute):
                held = {
                    asset: size
                    for asset in ASSETS
                    if (size := exchange.playback.position(wallet, asset, minute))
                }
                assert shown(exchange, wallet, minute) == held


@pytest.mark.parametrize("name", list(REGIMES))
def test_fills_lead_to_the_positions_without_a_gap(name: str) -> None:
    exchange = world(name)
    exchange.advance(START_MS + 250 * MINUTE_MS)
    legs: list[tuple[str, dict[str, object]]] = []
    for wallet in exchange.playback.addresses[::9]:
        tape = exchange.history(wallet, HistoryKind.FILLS)
        assert tape is not None
        fills = [msgspec.json.decode(row.body, type=dict[str, object]) for row in tape.rows()]
        legs += [(wallet, fill) for fill in fills]
        for asset in ASSETS:
            signed = [
                Decimal(str(f["sz"])) * (1 if f["side"] == "B" else -1)
                for f in fills
                if f["coin"] == asset
            ]
            assert sum(signed, Decimal(0)) == exchange.playback.position(wallet, asset, 250)
    assert fill_gaps(legs) == []
    assert len({(wallet, f["oid"], f["tid"]) for wallet, f in legs}) == len(legs) > 100


def test_fills_do_not_depend_on_when_one_asks() -> None:
    asking, late = world("exit_cascade"), world("exit_cascade")
    wallet = asking.playback.addresses[4]
    for minute in (0, 16, 17, 44, 200):
        asking.advance(START_MS + minute * MINUTE_MS)
        assert asking.history(wallet, HistoryKind.FILLS)
    late.advance(START_MS + 200 * MINUTE_MS)
    tapes = [exchange.history(wallet, HistoryKind.FILLS) for exchange in (asking, late)]
    assert len({tuple(tape.rows()) for tape in tapes if tape}) == 1
    assert [
        len(late.history(wallet, feed) or "")
        for feed in (HistoryKind.TWAP_SLICES, HistoryKind.TWAP_STATUSES)
    ] == [0, 0]


def test_forced_changes_are_fills_with_the_mark_of_a_liquidation() -> None:
    exchange = world("liquidation_cascade")
    exchange.advance(START_MS + 40 * MINUTE_MS)
    marked = 0
    for wallet in exchange.playback.addresses:
        forced = exchange.playback.forced(wallet, "HYPE", after_minute=15, to_minute=30)
        tape = exchange.history(wallet, HistoryKind.FILLS)
        assert tape is not None
        fills = [msgspec.json.decode(row.body) for row in tape.rows()]
        own = [f for f in fills if f["coin"] == "HYPE" and "liquidation" in f]
        assert bool(own) == forced
        assert all(fill["liquidation"]["liquidatedUser"] == wallet for fill in own)
        assert {fill["dir"] for fill in own} <= {"Close Long"}
        marked += len(own)
    assert marked > 40


def test_a_full_minute_shows_all_of_its_changes_and_none_of_the_next() -> None:
    played = playback("herding_in")
    for at in (0, 199):
        assert played.minute(START_MS + 20 * MINUTE_MS, at) == 20
        assert played.minute(played.change_ms(20, at), at) == 20
        assert played.minute(played.change_ms(20, at) - 1, at) == 19


def test_prices_follow_the_script_everywhere() -> None:
    exchange = world("liquidation_cascade")
    prices = [
        Decimal(asked(exchange, minute, type="allMids")[1]["HYPE"]) for minute in (0, 15, 35, 81)
    ]
    assert prices == [Decimal("38.5"), Decimal("38.577"), Decimal("33.88"), Decimal("38.5")]
    request = {"coin": "HYPE", "interval": "1m", "startTime": START_MS, "endTime": START_MS}
    _, (candle,) = asked(exchange, 81, type="candleSnapshot", req=request)
    assert candle["o"] == "38.5"
    falling = [
        Decimal(asked(exchange, minute, type="allMids")[1]["BTC"]) for minute in range(15, 36)
    ]
    assert all(after < before for before, after in pairwise(falling))


def test_its_wallets_lead_the_leaderboard_and_did_trade() -> None:
    exchange = world("calm")
    standings = exchange.leaderboard(START_MS)
    assert {one.address for one in standings} == set(exchange.playback.addresses)
    ranked = sorted(standings, key=lambda one: -one.pnl["month"])
    assert [one.address for one in ranked] == exchange.playback.addresses
    assert all(one.volume["month"] > 0 for one in standings)


async def test_a_regime_is_served_with_a_clock_that_stands_still() -> None:
    exchange = regime_exchange("herding_in", start_ms=START_MS + 1234, wallets=20)
    assert exchange.start_clock_ms == START_MS
    async with (
        running_sandbox(exchange, manual_clock=True) as url,
        httpx2.AsyncClient(base_url=url) as http,
    ):
        wallet = exchange.playback.addresses[0]
        query = {"type": "clearinghouseState", "user": wallet.upper().replace("0X", "0x")}
        moved = (await http.post("/sandbox/advance", json={"ms": 30 * MINUTE_MS})).json()
        state = (await http.post("/info", json=query)).json()
        rows = (await http.get("/leaderboard")).json()["leaderboardRows"]
    assert state["time"] == moved["now_ms"] == START_MS + 30 * MINUTE_MS
    held = {
        row["position"]["coin"]: Decimal(row["position"]["szi"]) for row in state["assetPositions"]
    }
    assert held == {
        asset: size for asset in ASSETS if (size := exchange.playback.position(wallet, asset, 30))
    }
    assert len(rows) == 20


def test_an_unknown_regime_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no regime 'panic': use one of calm"):
        build_exchange(regime="panic")
    said = CliRunner().invoke(sandbox_command, ["--regime", "calm", "--state", "x.json"])
    assert said.exit_code == 2
    assert "leave out --replay" in said.output


def test_in_the_default_world_a_regime_begins_somewhere_every_twenty_minutes() -> None:
    population_end_ms = START_MS + 77 * MINUTE_MS
    exchange = build_exchange(
        wallets=4, days=2, fills=50, live_per_second=0, until_ms=population_end_ms, leaders=170
    )
    assert isinstance(exchange, RegimeExchange)
    played = exchange.playback
    assert played.start_ms % (180 * MINUTE_MS) == 0
    assert exchange.start_clock_ms == population_end_ms
    for turn in range(9):
        asset, end = ASSETS[turn % 3], turn * 20 + 180 + 5
        during, after = (
            expected_scores(played, asset, at, from_minute=end - 60) for at in (end, end + 25)
        )
        eventful = abs((during.v2.cas or 50) - 50) >= 10 or during.counts.get("FLIP_L", 0)
        assert eventful, (turn, during.v2)
        assert (after.v2.ecs or 0) < 20
    listed = {one.address for one in exchange.leaderboard(population_end_ms)}
    assert set(played.addresses) < listed
    assert len(listed) == 174
    assert {count.address for count in exchange.wallets()}.isdisjoint(played.addresses)


def test_an_older_population_is_at_the_same_place_by_the_clock() -> None:
    now = START_MS + 1000 * MINUTE_MS
    worlds = [
        build_exchange(wallets=2, days=1, fills=5, until_ms=until_ms, leaders=30)
        for until_ms in (START_MS, now)
    ]
    shown_now = [
        world.answer(
            msgspec.json.encode({"type": "clearinghouseState", "user": wallet}), now_ms=now
        ).body
        for world in worlds
        if isinstance(world, RegimeExchange)
        for wallet in world.playback.addresses
    ]
    sizes = [
        [row["position"]["szi"] for row in msgspec.json.decode(body)["assetPositions"]]
        for body in shown_now
    ]
    assert sizes[:30] == sizes[30:]


def positions(*pairs: tuple[float, float]) -> Callable[[str, int], Decimal]:
    def seen(wallet: str, minute: int) -> Decimal:
        return Decimal(str(pairs[int(wallet)][minute == 5]))

    return seen


def test_the_oracle_gives_the_published_figures() -> None:
    names = [str(at) for at in range(200)]
    still = [(0.0, 0.0)] * 180
    alike = score_window("BTC", names, positions(*[(0, 1)] * 20, *still), minute=5)
    assert (alike.v2.dispersion, alike.v2.dispersion_size) == (0, 0)
    assert alike.v1.cas == 55
    assert round(alike.v1.dispersion, 1) == Decimal("60.2")
    fifteen = score_window(
        "BTC", names, positions(*[(0, 1)] * 15, *[(0, -1)] * 5, *still), minute=5
    )
    assert fifteen.v1.cas == Decimal("52.5")
    assert round(fifteen.v2.cas or 0, 2) == Decimal("66.67")
    even = score_window("BTC", names, positions(*[(0, 1)] * 10, *[(0, -1)] * 10, *still), minute=5)
    assert (even.v2.dispersion, even.v2.dispersion_size) == (100, 100)
    uneven = score_window("BTC", names, positions(*[(0, 1)] * 18, *[(0, -9)] * 2, *still), minute=5)
    assert (uneven.v2.dispersion, uneven.v2.dispersion_size) == (20, 100)
    leaving = score_window(
        "BTC", names, positions(*[(4, 2)] * 18, *[(4, 4)] * 42, *[(0, 0)] * 140), minute=5
    )
    assert (leaving.v1.ecs, leaving.v2.ecs) == (9, 30)


def test_the_oracle_gives_the_published_figures_of_herding_and_of_exits() -> None:
    def acted(bought: int, sold: int) -> ExpectedScores:
        moves = [(0.0, 1.0)] * bought + [(0.0, -1.0)] * sold
        return score_window(
            "BTC", [str(at) for at in range(bought + sold)], positions(*moves), minute=5
        )

    for one, other, published in (
        (acted(15, 5), acted(5, 15), "0.161901"),
        (acted(6, 6), acted(6, 6), "-0.112793"),
    ):
        amount, sign, active = herding(one, [one, other])  # half of all have bought
        assert amount is not None
        assert round(amount, 6) == Decimal(published)
        assert (sign, active) == ((1, 20) if amount > 0 else (0, 12))
    usual = [(8, 100)] * 500
    for exits, published in (((18, 60), "6.28"), ((12, 50), "4.17")):
        z = exit_z_score(exits, usual)
        assert z is not None
        assert round(z, 2) == Decimal(published)
        assert exit_z_score(exits, usual[1:]) is None
    assert exit_percentile((8, 100), usual) == 50
    assert [v2_band(Decimal(cas)) for cas in (75, 60, 40, 25)] == [
        "strong_long", "long", "short", "strong_short",
    ]  # fmt: skip


def test_equal_weights_give_the_counted_consensus() -> None:
    names = [str(at) for at in range(20)]
    seen = score_window("BTC", names, positions(*[(0, 1)] * 15, *[(0, -1)] * 5), minute=5).v2
    assert seen.cas is not None
    assert seen.cas_usd is not None
    assert round(seen.cas_usd, 20) == round(seen.cas, 20)
    uneven = score_window("BTC", names, positions(*[(0, 1)] * 19, (0, -1000)), minute=5).v2
    assert uneven.cas_usd == uneven.cas  # who is alone above 95 in 100 counts no more than they


@pytest.mark.parametrize(
    ("before", "now", "behaviour", "first"),
    [
        (0, 0, "FLAT", "flat"),
        (10, 10.1, "HOLD", "flat"),
        (0, 10, "OPEN_L", "adder_long"),
        (0, -10, "OPEN_S", "adder_short"),
        (10, 0.1, "CLOSE_L", "reducer"),
        (-10, 0, "CLOSE_S", "reducer"),
        (-10, 5, "FLIP_L", "adder_long"),
        (10, -5, "FLIP_S", "adder_short"),
        (10, 12, "ADD_L", "adder_long"),
        (-10, -12, "ADD_S", "adder_short"),
        (10, 8, "REDUCE_L", "reducer"),
        (-10, -8, "REDUCE_S", "reducer"),
        (-10, 0.1, "CLOSE_S", "adder_long"),  # as the first version had it
    ],
)
def test_every_class_of_the_definition(
    before: float, now: float, behaviour: str, first: str
) -> None:
    (one,) = score_window("HYPE", ["0"], positions((before, now)), minute=5).wallets
    assert (one.behaviour, one.v1_class) == (behaviour, first)


def test_what_was_not_seen_is_missing_and_what_cannot_be_is_dirty() -> None:
    missing = score_window(
        "HYPE", ["0"], lambda _, minute: None if minute == 5 else Decimal(1), minute=5
    )
    assert missing.counts == {"MISSING": 1}
    dirty = score_window("HYPE", ["0"], positions((1, 2)), minute=5, dirty=frozenset("0"))
    assert dirty.counts == {"DIRTY": 1}
    assert dirty.v1.ecs is None


def test_changes_come_in_the_order_of_their_minutes() -> None:
    played = RegimePlayback(ROTATION, seed=1, wallets=60, start_ms=0)
    for at in range(60):
        taken: list[PositionChange] = []
        for change in played.changes(at):
            if change.minute > 400:
                break
            taken.append(change)
        minutes = [change.minute for change in taken]
        assert minutes == sorted(minutes)
        assert all(minute > 0 for minute in minutes)
        for asset in ASSETS:
            moved = sum((one.size for one in taken if one.asset == asset), Decimal(0))
            first = played.position(played.addresses[at], asset, 0)
            assert played.position(played.addresses[at], asset, 400) == first + moved
