"""Every metric can be explained by its key, also one that nobody wrote code for."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest

from hypertally.api.explain.catalogue import WITH_INPUTS, Catalogue
from hypertally.api.http.problems import Problem
from hypertally.api.identity.auth import connect_as, read_identity
from hypertally.api.identity.claims import Claims
from hypertally.api.resource.answer_names import NameReader
from hypertally.api.resource.answers import encode
from hypertally.api.resource.parameters import PageParameters
from hypertally.flow import METRICS
from hypertally.records import Record
from hypertally.store.postgres import open_pool

A1 = "0x" + "a1" * 20
B2 = "0x" + "b2" * 20
FIRST = PageParameters()
AS_SHOWN = "write each value as the answers of the metric show it"


class Toy(Record, frozen=True, kw_only=True):
    """A metric that somebody adds tomorrow."""

    name: str = "toy_totals"
    key: tuple[str, ...] = ("wallet_id", "day", "coin")


def explain(world: str, user: str, *words: str, metrics=METRICS, page: PageParameters = FIRST):
    """What the command line does: no server, the API's role, the caller's rows."""

    async def ask() -> bytes:
        async with open_pool(world, role="hypertally_api", size=1) as pool:
            claims = Claims(sub=user, exp=float("inf"), token_id="", signed_here=True)
            caller = await read_identity(pool, claims)
            async with connect_as(pool, caller) as connection:
                metric, *key = words
                content = await Catalogue(metrics).explain(
                    connection, caller, metric, key=key, page=page
                )
                return await NameReader().add_within(connection, encode(content), caller)

    return asyncio.run(ask())


def explain_range(world: str, user: str, *words: str, **days: str) -> bytes:
    """What the command line does for a range of days."""

    async def ask() -> bytes:
        async with open_pool(world, role="hypertally_api", size=1) as pool:
            claims = Claims(sub=user, exp=float("inf"), token_id="", signed_here=True)
            caller = await read_identity(pool, claims)
            async with connect_as(pool, caller) as connection:
                metric, *key = words
                content = await Catalogue(METRICS).explain_range(
                    connection, caller, metric, key=key, days=days
                )
                return await NameReader().add_within(connection, encode(content), caller)

    return asyncio.run(ask())


@pytest.mark.parametrize("words", [("global_day_metrics",), ("wallet_day_metrics", A1)])
@pytest.mark.parametrize("by", ["bounds", "month"])
def test_the_command_explains_a_range_as_the_path_does(
    get, world: str, words: tuple[str, ...], by: str
) -> None:
    today = datetime.now(UTC).date()
    days = {"from": str(today - timedelta(days=20)), "to": str(today - timedelta(days=2))}
    if by == "month":
        days = {"month": f"{today:%Y-%m}"}
    query = "&".join(f"{name}={value}" for name, value in days.items())
    answer = get(f"/api/v1/explain/{'/'.join(words)}?{query}", "ann")
    assert answer.status_code == 200
    assert explain_range(world, "ann", *words, **days) == answer.content
    if by == "month":
        assert answer.json()["key"]["to"] == str(today), "of this month no day is to come"


@pytest.mark.parametrize(
    ("words", "days", "status", "reason"),
    [
        (("global_day_metrics",), {"month": "2026-13"}, 400, "month"),
        (("global_day_metrics",), {"month": "2026-10", "to": "2026-10-02"}, 400, "either month"),
        (("signals", "BTC"), {"month": "2026-10"}, 404, "has no range of days"),
        (("wallet_day_metrics",), {"month": "2026-10"}, 404, "named by ADDRESS"),
        (("wallet_day_metrics", "0x" + "77" * 20), {"month": "2026-10"}, 404, "0x7777"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_with_its_reason(
    world: str, words: tuple[str, ...], days: dict[str, str], status: int, reason: str
) -> None:
    with pytest.raises(Problem) as refused:
        explain_range(world, "ann", *words, **days)
    assert refused.value.status == status
    assert reason in refused.value.detail


@pytest.fixture(scope="module")
def keys(world: str) -> dict[str, list[str]]:
    """A key of each metric that org_a can see."""
    with psycopg.connect(world, options="-c timezone=UTC") as login:
        day = login.execute("select current_date - 1").fetchone()[0]
    twap = "271828001"
    return {
        "fill_gaps": [A1],
        "wallet_day_metrics": [A1, str(day)],
        "global_day_metrics": [str(day)],
        "twaps": [twap],
        "twap_slices": [A1, twap],
        "twap_executions": [A1, twap],
        "signals": ["BTC", "2026-03-01T12:10:00Z"],
    }


def test_every_metric_can_be_explained(keys) -> None:
    assert {metric.name for metric in METRICS} == set(keys)
    assert set(WITH_INPUTS) <= set(keys)


@pytest.mark.parametrize("metric", [metric.name for metric in METRICS])
def test_the_service_gives_the_bytes_that_the_path_gives(world, get, keys, metric: str) -> None:
    answer = get(f"/api/v1/explain/{'/'.join([metric, *keys[metric]])}", "alice")
    assert answer.status_code == 200, answer.text
    assert explain(world, "alice", metric, *keys[metric]) == answer.content
    content = answer.json()
    assert content["metric"] in (metric, "twap_executions")
    assert content["definition"]["words"]
    assert content.get("value") or content["rows"]


def test_a_signal_has_one_explanation_at_both_its_paths(get, keys) -> None:
    asset, at = keys["signals"]
    by_metric = get(f"/api/v1/explain/signals/{asset}/{at}", "alice")
    assert (
        by_metric.content
        == get(f"/api/v1/smart-money/signals/{asset}/{at}/explain", "alice").content
    )
    earlier = get(f"/api/v1/explain/signals/{asset}/{at}/smart_money%2F1", "alice").json()
    assert earlier["key"]["definition"] == "smart_money/1"


def test_gaps_are_shown_as_the_api_writes_them_and_paged_by_key(get) -> None:
    path = f"/api/v1/explain/fill_gaps/{A1.upper().replace('X', 'x')}"
    whole = get(path, "alice").json()
    assert whole["key"] == {"wallet": A1, "label": "Ours [/b]"}
    assert len(whole["rows"]) == 7
    first = whole["rows"][0]
    assert first["wallet"] == A1
    assert "wallet_id" not in first
    assert first["from_at"] is None  # nothing is known before: a time without end
    assert first["to_at"].endswith("Z")
    assert whole["rows"][1]["missing_size_coin"] == "271828.5"
    paged = []
    cursor = ""
    while cursor is not None:
        page = get(f"{path}?limit=2{cursor and '&cursor=' + cursor}", "alice").json()
        paged += page["rows"]
        cursor = page["next"]
    assert paged == whole["rows"]


def test_a_whole_key_names_one_row(get, keys) -> None:
    first = get(f"/api/v1/explain/twap_slices/{'/'.join(keys['twap_slices'])}", "alice")
    row = first.json()["rows"][0]
    key = "/".join((*keys["twap_slices"], row["at"], str(row["oid"])))
    assert get(f"/api/v1/explain/twap_slices/{key}", "alice").json()["rows"] == [row]
    assert get(f"/api/v1/explain/twap_slices/{key}0", "alice").status_code == 404


def test_rows_of_another_org_are_not_found(get, keys) -> None:
    for metric in ("fill_gaps", "twap_slices", "twap_executions", "wallet_day_metrics"):
        key = "/".join([B2, *keys[metric][1:]])
        assert get(f"/api/v1/explain/{metric}/{key}", "alice").status_code == 404
        assert get(f"/api/v1/explain/{metric}/{'/'.join(keys[metric])}", "bob").status_code == 404


def test_a_viewer_may_not_ask_why(get, keys) -> None:
    assert get(f"/api/v1/explain/fill_gaps/{A1}", "vic").status_code == 403


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("nothing/1", 404, "'nothing' cannot be explained: there are fill_gaps, "),
        (f"wallet_day_metrics/{A1}/2026-01-01/x", 404, "is named by ADDRESS DAY, not by"),
        (f"fill_gaps/{A1}/a/b/c/d/e", 404, "is named by ADDRESS [COIN [KIND [FROM_AT [TO_AT]]]]"),
        ("fill_gaps/", 404, "is named by ADDRESS"),
        ("fill_gaps/0x1", 400, "an address is 0x and 40 hexadecimal digits"),
        (f"twap_slices/{A1}/many", 400, AS_SHOWN),
        (
            f"twap_slices/{A1}/99999999999999999999",
            400,
            AS_SHOWN,
        ),
        (
            f"twap_slices/{A1}/1/yesterdayish",
            400,
            AS_SHOWN,
        ),
        (f"fill_gaps/{A1}/%00", 400, "control character: leave it out"),
        (f"fill_gaps/{A1}?cursor=W10", 400, "take it from `next`"),
        (
            f"twap_slices/{A1}/1?cursor=WyJ4IiwgInkiXQ",
            400,
            AS_SHOWN,
        ),
        ("signals/BTC/2026-03-01T12:11:00Z", 404, "periods end at every fifth minute"),
        ("signals/DOGE/2026-03-01", 400, "asset is 'DOGE'"),
        ("signals/BTC/soon", 400, "at is 'soon'"),
    ],
)
def test_what_cannot_be_explained_names_the_value_and_the_remedy(
    get, path: str, status: int, detail: str
) -> None:
    answer = get(f"/api/v1/explain/{path}", "alice")
    assert (answer.status_code, detail in answer.json()["detail"]) == (status, True), answer.text


def test_a_metric_of_tomorrow_is_explained_without_code_of_its_own(make_database) -> None:
    url = make_database()
    with psycopg.connect(url, options="-c timezone=UTC") as login:
        login.execute(
            """
            insert into tenancy.orgs (name) values ('mine');
            insert into tenancy.user_profiles (user_id, org_id, role)
            select 'me', id, 'analyst' from tenancy.orgs where name = 'mine';
            insert into tenancy.wallets (address) values (decode(repeat('a1', 20), 'hex'));
            insert into tenancy.org_wallets (org_id, wallet_id, from_day)
            select o.id, w.id, '2026-01-01' from tenancy.orgs as o, tenancy.wallets as w
            where o.name = 'mine';
            create table metrics.toy_totals (
                wallet_id integer, day date, coin text, total_usd numeric, at timestamptz,
                completeness numeric, definition text, digest text,
                primary key (wallet_id, day, coin));
            grant select on metrics.toy_totals to hypertally_api;
            insert into metrics.toy_totals
            select id, '2026-01-02', coin, 1.500, '2026-01-02T03:04:05.678Z', 1,
                'toy_totals/1', '1:5'
            from tenancy.wallets,
                unnest(array['BTC', 'PURR/USDC', '币安人生']) as coin;
            insert into metrics.definitions (definition, metric, version, words, sql)
            values ('toy_totals/1', 'toy_totals', 1, 'Totals of toys.', 'select 1');
            insert into ops.computations (metric, key)
            select 'toy_totals', id || '/2026-01-02' from tenancy.wallets;
            insert into metrics.restatements (metric, wallet_id, day, cause, changes)
            select 'toy_totals', id, '2026-01-02', 'late facts', '{"total_usd": ["1", "1.5"]}'
            from tenancy.wallets;
            """
        )
    body = explain(url, "me", "toy_totals", A1, "2026-01-02", "PURR/USDC", metrics=(Toy(),))
    content = msgspec.json.decode(body)
    assert content["key"] == {"wallet": A1, "day": "2026-01-02", "coin": "PURR/USDC"}
    assert content["rows"] == [
        {
            "wallet": A1, "day": "2026-01-02", "coin": "PURR/USDC", "total_usd": "1.5",
            "at": "2026-01-02T03:04:05.678Z", "completeness": "1", "definition": "toy_totals/1",
            "digest": "1:5",
        }
    ]  # fmt: skip
    assert content["definition"]["words"] == "Totals of toys."
    assert content["computed_at"]
    assert content["restatements"][0]["changes"] == {"total_usd": ["1", "1.5"]}
    whole = msgspec.json.decode(explain(url, "me", "toy_totals", A1, metrics=(Toy(),)))
    assert [row["coin"] for row in whole["rows"]] == ["BTC", "PURR/USDC", "币安人生"]
    with pytest.raises(Problem) as caught:
        explain(url, "me", "toy_totals", A1, "2026-01-02", "ETH", metrics=(Toy(),))
    assert "toy_totals has no row" in caught.value.detail
