"""What the TWAP resources answer, compared with the rows they are made of."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import psycopg
import pytest

from hypertally.api.twaps import shapes

D4, E5 = ("0x" + mark * 20 for mark in ("d4", "e5"))
DAY = "start=2026-03-01&end=2026-03-02&as_of=2026-03-02"


def listed(get, query: str, user: str = "vic") -> dict[str, dict[str, Any]]:
    answer = get(f"/api/v1/twaps?{query}", user)
    assert answer.status_code == 200
    twaps_of(answer.json())
    return {twap["twap_id"]: twap for twap in answer.json()["twaps"]}


def twaps_of(answer: dict[str, Any]) -> shapes.Twaps:
    """Hold an answer against its shape: every field, and no other."""
    return shapes.Twaps.model_validate(answer)


def one(get, twap_id: int, user: str = "vic", query: str = "") -> dict[str, Any]:
    answer = get(f"/api/v1/twaps/{twap_id}{query}", user)
    assert answer.status_code == 200
    shapes.WholeTwap.model_validate(answer.json())
    return answer.json()


def rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def test_the_list_has_the_shape_of_the_specification(get) -> None:
    answer = get(f"/api/v1/twaps?wallet={D4}&{DAY}", "vic").json()
    assert (answer["wallet"], answer["start"], answer["end"]) == (
        D4, "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z",
    )  # fmt: skip
    assert [twap["twap_id"] for twap in answer["twaps"]] == ["5004", "5001"]
    twap = answer["twaps"][1]
    first = ["twap_id", "wallet", "asset", "side", "status", "duration_minutes", "latest_ts"]
    assert list(twap)[:9] == [*first, "executed", "raw"]
    assert [twap[name] for name in first] == [
        "5001", D4, "ETH", "B", "finished", 60, "2026-03-01T11:00:05.000Z",
    ]  # fmt: skip
    assert twap["raw"] == {"twap_id": 5001, "status": "finished", "sz": "120.00"}


def test_executed_is_of_the_window_and_never_the_cumulative_total(get) -> None:
    window = "start=2026-03-01T10:30:00Z&end=2026-03-01T10:45:00Z"
    twap = listed(get, f"{window}&asset=ETH")["5001"]
    # Slices 60 to 89 of 120, at 2060 to 2089 dollars.
    assert twap["executed"] == {
        "size": "30", "notional": "62235", "fees": {"USDC": "3"}, "fees_usd": "3", "slices": 30,
        "source": "slices", "unknown": None,
    }  # fmt: skip
    assert twap["total"]["size"] == "120"
    assert twap["status_totals"] == {"size": "120", "notional": "247140"}


@pytest.mark.parametrize("edge", ["10:00:30", "10:07", "10:29:59.999", "10:59:30", "10:59:30.001"])
def test_windows_that_meet_add_up_to_the_whole_life(get, edge: str) -> None:
    before = f"start=2026-03-01&end=2026-03-01T{edge}Z"
    after = f"start=2026-03-01T{edge}Z&end=2026-03-02"
    parts = [listed(get, f"{window}&asset=ETH")["5001"]["executed"] for window in (before, after)]
    assert sum(Decimal(part["size"]) for part in parts) == 120
    assert sum(Decimal(part["notional"]) for part in parts) == 247140
    assert sum(part["slices"] for part in parts) == 120
    assert sum(Decimal(part["fees_usd"]) for part in parts) == 12


def test_a_window_between_two_slices_executed_nothing(get) -> None:
    window = "start=2026-03-01T10:30:01Z&end=2026-03-01T10:30:29Z"
    executed = listed(get, f"{window}&asset=ETH")["5001"]["executed"]
    assert (executed["size"], executed["notional"], executed["fees"]) == ("0", "0", {})
    assert (executed["slices"], executed["fees_usd"], executed["source"]) == (0, "0", "slices")


def test_ratios_are_formed_from_the_stored_sums(get) -> None:
    twap = one(get, 5001, query="?as_of=2026-03-01T10:40:00Z")["twap"]
    assert twap["vwap"] == "2059.5"
    # Eighty of 120 slices lie before forty minutes.
    assert twap["progress"] == str(rounded(Decimal(80) / 120, 8))
    assert twap["elapsed_share"] == str(rounded(Decimal(40) / 60, 8))
    assert twap["schedule_lag"] == "0"
    assert (twap["slices_expected"], twap["slices_missed"]) == (80, 0)
    assert twap["arrival_price"] == "2000"
    assert twap["arrival_slippage_bps"] == "297.5"
    assert twap["market_vwap"] == "2050"
    market = (Decimal("2059.5") - 2050) / 2050 * 10_000
    assert twap["market_slippage_bps"] == str(rounded(market, 4))
    assert twap["residual"] == {"size": "0", "notional": "0"}
    assert (twap["completeness"], twap["unknown"]) == ("1", {})
    assert (twap["definition"], twap["digest"]) == ("twap_executions/1", "240:7140")


def test_progress_counts_slices_before_the_moment_alone(get) -> None:
    twap = one(get, 5001, query="?as_of=2026-03-01T10:00:30Z")["twap"]
    # Of half a minute of sixty the first of 120 slices.
    assert twap["progress"] == twap["elapsed_share"] == "0.00833333"
    assert twap["total"]["size"] == "120"
    before = one(get, 5001, query="?as_of=2026-03-01T09:00:00Z")["twap"]
    assert (before["progress"], before["elapsed_share"], before["slices_expected"]) == ("0", "0", 0)


def test_a_sell_below_its_mark_is_a_cost(get, world: str) -> None:
    sold = one(get, 5002)["twap"]
    assert sold["side"] == "A"
    # Its wallet is tracked by no one: what only slices and candles tell is null, with the reason.
    for field in ("arrival_price", "arrival_slippage_bps", "market_vwap", "slices_missed"):
        assert sold[field] is None
        assert sold["unknown"][field] == "this org does not track the wallet"


def test_a_finished_twap_inside_the_window_is_told_by_its_status(get) -> None:
    twap = listed(get, f"wallet={E5}&asset=ETH&{DAY}")["5002"]
    for part in ("executed", "total"):
        assert twap[part] == {
            "size": "50", "notional": "100000.5", "fees": None, "fees_usd": None, "slices": None,
            "source": "status", "unknown": None,
        }  # fmt: skip
        assert (
            twap["unknown"][f"{part}.fees"]
            == "only slices give this figure, and only a status is known"
        )
    assert (twap["vwap"], twap["progress"], twap["schedule_lag"]) == ("2000.01", "1", "0")
    assert (twap["definition"], twap["digest"]) == ("twaps/1", "1:13")


def test_a_finished_twap_across_the_edge_is_unknown_without_slices(get) -> None:
    for window in (
        "start=2026-03-01T10:45:00Z&end=2026-03-02",
        "start=2026-03-01&end=2026-03-01T10:45:00Z",
        # Its last slice may lie at its very end, which the window excludes.
        "start=2026-03-01&end=2026-03-01T11:00:00Z",
    ):
        executed = listed(get, f"wallet={E5}&asset=ETH&{window}")["5002"]["executed"]
        assert executed == {
            "size": None, "notional": None, "fees": None, "fees_usd": None, "slices": None,
            "source": None, "unknown": "this org does not track the wallet",
        }  # fmt: skip


def test_why_nothing_is_known_is_said_for_each_case(get) -> None:
    window = "start=2026-03-01T10:15:00Z&end=2026-03-01T10:16:00Z"
    twaps = listed(get, window)
    reasons = {name: twap["executed"]["unknown"] for name, twap in twaps.items()}
    assert reasons == {
        "5001": None,
        "5004": "no slices are stored yet",
        "5006": (
            "its planned time is over, but no status of its end is stored, and only slices show "
            "what it has executed"
        ),
        "5007": "its last status does not give it",
    }


@pytest.mark.parametrize(
    ("as_of", "elapsed", "reasons"),
    [
        (
            "2026-03-01T21:00:00Z",
            "0.5",
            {
                "ended_at": "the TWAP is still running",
                "residual.size": (
                    "the TWAP is still running, so there is no final status to compare with"
                ),
                "progress": (
                    "the TWAP is still running, and only slices show what it has executed"
                ),
            },
        ),
        (
            "2026-03-02T09:00:00Z",
            "1",
            {
                "ended_at": "its planned time is over, but no status of its end is stored",
                "residual.size": "its planned time is over, but no status of its end is stored",
                "progress": (
                    "its planned time is over, but no status of its end is stored, and only "
                    "slices show what it has executed"
                ),
            },
        ),
    ],
)
def test_a_twap_is_not_said_to_run_when_its_planned_time_is_over(
    get, as_of: str, elapsed: str, reasons: dict[str, str]
) -> None:
    twap = one(get, 5006, query=f"?as_of={as_of}")["twap"]
    assert (twap["status"], twap["elapsed_share"]) == ("activated", elapsed)
    assert {name: twap["unknown"][name] for name in reasons} == reasons


def test_a_twap_that_never_executed_anything_is_zero_in_every_window(get) -> None:
    # It failed a second after it began.
    window = "start=2026-03-01T10:10:00.500Z&end=2026-03-01T10:10:00.900Z"
    twap = listed(get, window)["5003"]
    assert twap["status"] == "error:Insufficient margin"
    assert (twap["executed"]["size"], twap["executed"]["notional"]) == ("0", "0")
    assert twap["executed"]["source"] == "status"
    assert (twap["vwap"], twap["unknown"]["vwap"]) == (None, "nothing was executed")
    assert twap["progress"] == "0"


def test_a_status_that_says_nothing_leaves_null_and_its_reason(get) -> None:
    twap = one(get, 5007)["twap"]
    silent = "its last status does not give it"
    assert twap["status_totals"] == {"size": None, "notional": None}
    assert twap["unknown"]["status_totals.size"] == silent
    assert (twap["progress"], twap["unknown"]["progress"]) == (None, silent)
    assert (twap["ended_at"], twap["unknown"]["ended_at"]) == (
        None,
        "its source does not give the time",
    )


def test_every_null_of_a_twap_has_its_reason(get) -> None:
    for user in ("vic", "bob"):
        for twap in listed(get, DAY, user).values():
            for field, value in twap.items():
                if field in ("executed", "total", "residual", "status_totals"):
                    for name, part in value.items():
                        told = value.get("unknown") or name == "unknown"
                        assert part is not None or told or f"{field}.{name}" in twap["unknown"]
                else:
                    assert value is not None or field in twap["unknown"]


def test_a_running_twap_of_the_org_is_told_by_its_slices(get) -> None:
    twap = one(get, 271828001)["twap"]
    assert (twap["status"], twap["total"]["size"]) == ("activated", "2")
    assert twap["total"]["notional"] == "543657"
    assert twap["total"]["fees"] == {"HFUN": "2", "USDC": "-0.1"}
    assert twap["total"]["fees_usd"] is None
    assert twap["unknown"]["total.fees_usd"] == "no stored price for a fee in HFUN"
    assert twap["progress"] == str(rounded(Decimal(2) / Decimal("271828.5"), 8))
    assert twap["unknown"]["arrival_price"] == "no candle is stored"
    assert twap["unknown"]["market_vwap"] == "the TWAP has not ended"
    assert Decimal(twap["elapsed_share"]) > Decimal("0.16")
    assert twap["slices_missed"] == twap["slices_expected"] - 2


def test_one_twap_comes_with_all_its_statuses_oldest_first(get) -> None:
    answer = one(get, 5001)
    assert answer["twap_id"] == "5001"
    assert answer["twap"]["executed"] == answer["twap"]["total"]
    assert [row["status"] for row in answer["rows"]] == ["activated", "finished"]
    last = answer["rows"][1]
    assert last.pop("inserted_at")
    assert last == {
        "ts": "2026-03-01T10:00:00.000Z", "event_at": "2026-03-01T11:00:05.000Z",
        "status": "finished", "wallet": D4, "asset": "ETH", "side": "B", "size_requested": "120",
        "size_executed": "120", "notional_executed": "247140", "duration_minutes": 60,
        "s3_object_key": "raw/twap_statuses/2026/03/01/one.parquet",
        "raw": {"twap_id": 5001, "status": "finished", "sz": "120.00"},
    }  # fmt: skip


def test_slices_come_oldest_first_with_their_price(get) -> None:
    answer = get("/api/v1/twaps/5001/slices?limit=2", "vic").json()
    shapes.Slices.model_validate(answer)
    assert answer["slices"] == [
        {
            "at": f"2026-03-01T10:00:{30 * k:02}.000Z", "oid": 7000 + k, "size": "1",
            "notional": str(2000 + k), "price": str(2000 + k), "fees": {"USDC": "0.1"},
            "fees_usd": "0.1", "fills": 2,
        }
        for k in range(2)
    ]  # fmt: skip
    assert answer["next"] is not None
    untracked = get("/api/v1/twaps/5002/slices", "vic").json()
    assert untracked == {"twap_id": "5002", "slices": [], "next": None}


def test_an_explanation_counts_the_fills_and_lists_statuses_and_slices(get) -> None:
    answer = get("/api/v1/explain/twaps/271828001?limit=1", "ann").json()
    shapes.TwapExplanation.model_validate(answer)
    assert answer["metric"] == "twap_executions"
    assert answer["definition"]["words"] == "Words of the execution."
    # One fill carries the TWAP's number and is listed as its slice, the other is listed alone.
    assert (answer["inputs"]["count"], answer["inputs"]["digest"]) == (2, "2:543656005")
    assert answer["inputs"]["digest"] == answer["value"]["digest"]
    assert answer["inputs"]["reference_digest"] == "1:271828"
    assert [row["status"] for row in answer["inputs"]["statuses"]] == ["activated"]
    assert len(answer["inputs"]["slices"]) == 1
    assert answer["inputs"]["next"] is not None
    (restated,) = answer["restatements"]
    assert restated["changes"] == {"executed_size": ["1", "271828"]}
    assert answer["computed_at"] is not None


def test_an_explanation_names_the_gaps_of_the_coin_while_it_ran(get, world: str) -> None:
    with psycopg.connect(world, autocommit=True) as connection:
        connection.execute(
            "insert into metrics.fill_gaps (wallet_id, coin, kind, from_at, to_at, definition) "
            "select e.wallet_id, c.coin, 'position_break', e.first_slice_at - at, "
            "e.first_slice_at - at + interval '1 minute', 'fill_gaps/1' "
            "from metrics.twap_executions as e, unnest(array['', 'ETH', 'BTC']) as c (coin), "
            "unnest(array['-1 minute', '1 day']::interval[]) as at where e.twap_id = 5001"
        )
    gaps = get("/api/v1/explain/twaps/5001?limit=7", "ann").json()["gaps"]
    # The history of every wallet begins later, so the whole life lies in a gap as well.
    assert [(gap["kind"], gap["coin"], gap["from"]) for gap in gaps] == [
        ("history_begins", "", None),
        ("position_break", "", "2026-03-01T10:01:00.000Z"),
        ("position_break", "ETH", "2026-03-01T10:01:00.000Z"),
    ]


def test_subtotals_by_hour_add_up_to_the_execution(get) -> None:
    answer = get("/api/v1/explain/twaps/5001", "ann").json()
    (hour,) = answer["subtotals"]
    assert hour == {
        "from": "2026-03-01T10:00:00.000Z", "slices": 120, "fills": 240, "size": "120",
        "notional": "247140", "fees": {"USDC": "12"}, "fees_usd": "12",
    }  # fmt: skip


def test_a_twap_without_slices_is_explained_by_its_statuses(get) -> None:
    answer = get("/api/v1/explain/twaps/5002", "ann").json()
    shapes.TwapExplanation.model_validate(answer)
    assert (answer["metric"], answer["definition"]["words"]) == ("twaps", "Words of the TWAP.")
    assert answer["inputs"]["digest"] == answer["value"]["digest"] == "1:13"
    assert (answer["subtotals"], answer["gaps"], answer["computed_at"]) == ([], [], None)
