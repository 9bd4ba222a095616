"""Faults spoil answers without losing a good row, and end by themselves."""

import msgspec
import pytest

from hypertally.sandbox.exchange.faults import Fault, FaultInjector, Faults, decode_faults
from hypertally.sandbox.population.wallet_history import Row

DAY_MS = 86_400_000
ROWS = [
    msgspec.json.encode({"coin": "BTC", "px": f"{at}.0", "closedPnl": "0.0", "fee": "0.1"})
    for at in range(20)
]


def box(**faults: Fault) -> FaultInjector:
    return FaultInjector(seed=3, faults=Faults(**faults))


def test_without_faults_nothing_changes() -> None:
    quiet = box()
    assert quiet.damage_rows(ROWS, "userFills") == ROWS
    assert quiet.refusal("userFills") is None
    assert quiet.visibility(0) is None
    assert quiet.truncate(b"[1,2]", "userFills") == b"[1,2]"


@pytest.mark.parametrize("name", ["repeated", "reordered", "amended", "malformed_row"])
def test_every_good_row_survives_a_spoilt_answer(name: str) -> None:
    rows = box(**{name: Fault()}).damage_rows(ROWS, "userFills")
    assert rows != ROWS
    assert set(rows) >= set(ROWS)


def test_repeated_rows_come_twice_and_reordered_ones_once() -> None:
    assert len(box(repeated=Fault()).damage_rows(ROWS, "userFills")) == 25
    assert sorted(box(reordered=Fault()).damage_rows(ROWS, "userFills")) == sorted(ROWS)


def test_an_amended_row_comes_after_its_original_with_the_same_key() -> None:
    rows = box(amended=Fault()).damage_rows(ROWS, "userFills")
    (extra,) = set(rows) - set(ROWS)
    changed = msgspec.json.decode(extra, type=dict[str, str])
    original = next(row for row in ROWS if changed["px"] in row.decode())
    assert rows.index(original) < rows.index(extra)
    assert changed["closedPnl"] == "123.456"


def test_a_malformed_row_has_no_coin_or_no_price() -> None:
    spoilt = box(malformed_row=Fault())
    seen = set[str]()
    for _ in range(10):
        (extra,) = set(spoilt.damage_rows(ROWS, "userFills")) - set(ROWS)
        row = msgspec.json.decode(extra, type=dict[str, str])
        seen.add("coin" if "coin" not in row else row["px"])
    assert seen == {"coin", "NaN"}


def test_a_cut_body_is_not_json() -> None:
    body = box(truncated=Fault()).truncate(b"[" + b",".join(ROWS) + b"]", "userFills")
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(body)


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("http_429", {429}),
        ("http_5xx", {500, 502, 503, 504}),
        ("null_body", {500}),
        ("not_json", {200}),
        ("outage", {503}),
    ],
)
def test_a_refused_request_gets_the_named_answer(name: str, statuses: set[int]) -> None:
    answer = box(**{name: Fault()}).refusal("spotMeta")
    assert answer is not None
    assert answer.status in statuses


def test_a_fault_ends_after_its_count_and_an_outage_does_not() -> None:
    tired = box(http_429=Fault(max_count=3))
    assert sum(tired.refusal("meta") is not None for _ in range(10)) == 3
    assert tired.counts == {"http_429": 3}
    dark = box(outage=Fault(max_count=3))
    assert sum(dark.refusal("meta") is not None for _ in range(10)) == 10
    dark.clear()
    assert dark.refusal("meta") is None


def test_a_fault_hits_only_the_types_it_names() -> None:
    picky = box(null_body=Fault(types=["candleSnapshot"]))
    assert picky.refusal("userFills") is None
    assert picky.refusal("candleSnapshot") is not None


def test_probability_decides_how_often_and_the_seed_which() -> None:
    hits = [
        [FaultInjector(seed=seed, faults=Faults(http_429=Fault(probability=0.3, max_count=999)))]
        for seed in (1, 1, 2)
    ]
    drawn = [[one.refusal("meta") is not None for _ in range(200)] for (one,) in hits]
    assert drawn[0] == drawn[1] != drawn[2]
    assert 30 < sum(drawn[0]) < 90


def test_a_late_row_shows_once_its_delay_has_passed() -> None:
    late = box(late=Fault(delay_ms=1_000))
    row = Row(5_000, b"x")
    for now_ms, shown in ((5_000, False), (5_999, False), (6_000, True)):
        keep = late.visibility(now_ms)
        assert keep is not None
        assert keep(row) is shown


def test_thin_windows_lose_a_part_of_the_old_rows_and_always_the_same() -> None:
    thin = box(thin=Fault(probability=0.5, max_count=10**6, older_than_ms=DAY_MS))
    rows = [Row(at, b"%d" % at) for at in range(400)]
    keep = thin.visibility(DAY_MS + 200)
    assert keep is not None
    shown = [row for row in rows if keep(row)]
    assert shown == [row for row in rows if keep(row)]
    assert {row.time_ms for row in shown} >= set(range(200, 400))
    assert 50 < sum(row.time_ms < 200 for row in shown) < 150


def test_hidden_rows_are_counted_and_never_more_than_asked_for() -> None:
    thin = box(thin=Fault(max_count=7, older_than_ms=0))
    keep = thin.visibility(1_000)
    assert keep is not None
    assert sum(not keep(Row(at, b"%d" % at)) for at in range(50)) == 7
    assert thin.counts == {"thin": 7}


def test_fills_are_missing_of_some_users_and_of_others_spot_fills_alone() -> None:
    thin = box(thin=Fault(older_than_ms=0, users=["0xa"], spot_users=["0xb"]))
    rows = [Row(1, b'{"coin":"%b"}' % coin) for coin in (b"BTC", b"@107", b"PURR/USDC", b"xyz:A")]
    shown = {}
    for user in ("0xa", "0xb", "0xc"):
        keep = thin.visibility(1_000, user)
        shown[user] = [keep is None or keep(row) for row in rows]
    assert shown == {
        "0xa": [False, False, False, False],
        "0xb": [True, False, False, True],
        "0xc": [True, True, True, True],
    }


def test_a_change_leaves_unnamed_faults_as_they_are() -> None:
    changing = box(slow=Fault(), dropped=Fault())
    changing.change(decode_faults(b'{"slow": null, "late": {"delay_ms": 7}}'))
    assert changing.active() == {"dropped": Fault(), "late": Fault(delay_ms=7)}


@pytest.mark.parametrize(
    "body",
    [b'{"latte": {}}', b'{"late": {"odds": 1}}', b'{"late": {"probability": 2}}', b"[]", b"{"],
)
def test_a_wrong_change_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_faults(body)
