"""What an org calls its wallets stands beside each address, for that org alone, and at once."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from hypertally.api.http.answer_names import AnswerNames, add_names

A1, SHARED = "0x" + "a1" * 20, "0x" + "c3" * 20
DAY = (datetime.now(UTC) - timedelta(days=1)).date()
PATHS = (
    "/api/v1/dashboard/summary",
    "/api/v1/metrics/global?range=7d",
    "/api/v1/wallets",
    "/api/v1/wallets/top",
    f"/api/v1/wallets/{SHARED}",
    f"/api/v1/wallets/{SHARED}/days",
    f"/api/v1/wallets/{SHARED}/fills",
    "/api/v1/coverage",
    "/api/v1/coins",
    "/api/v1/system",
    f"/api/v1/explain/global_day_metrics/{DAY}",
    f"/api/v1/explain/global_day_metrics?from={DAY}&to={DAY}",
    f"/api/v1/explain/wallet_day_metrics/{SHARED}/{DAY}",
    "/api/v1/twaps",
    "/api/v1/twaps/pressure",
    "/api/v1/twaps/summary?by=wallet",
    "/api/v1/twaps/5001",
    "/api/v1/twaps/5001/slices",
    "/api/v1/explain/twaps/5001",
    "/api/v1/smart-money/universe",
    "/api/v1/smart-money/universe/runs",
    "/api/v1/smart-money/alerts",
    "/api/v1/smart-money/alerts/state",
)
NAMES = """
insert into tenancy.wallet_tags (org_id, wallet_id, tag, tagged_at)
select o.id, w.id, v.tag, now()
from (values ('org_a', %(a1)s, 'fund'), ('org_a', %(a1)s, 'mm'), ('org_b', %(shared)s, 'tag of b'))
    as v (org, address, tag)
join tenancy.orgs as o on o.name = v.org
join tenancy.wallets as w on w.address = decode(substr(v.address, 3), 'hex');
update metrics.wallet_universe_runs set entered = entered || %(a1)s::text where source = 'fallback';
insert into tenancy.wallet_groups (org_id, wallet_id, name, grouped_at)
select o.id, w.id, 'desk', now()
from tenancy.orgs as o, tenancy.wallets as w
where o.name = 'org_a' and w.address = decode(substr(%(a1)s, 3), 'hex');
insert into tenancy.wallet_notes (org_id, wallet_id, note, noted_at)
select o.id, w.id, v.note, now()
from (values ('org_a', 'asked on 3 May'), ('org_b', 'note of b')) as v (org, note)
join tenancy.orgs as o on o.name = v.org
join tenancy.wallets as w on w.address = decode(substr(%(shared)s, 3), 'hex');
"""
OF_B = ("secret of B", "tag of b", "note of b")


@pytest.fixture(scope="module", autouse=True)
def names(world: str) -> None:
    """Tags, groups and notes of two orgs that share a wallet."""
    with psycopg.connect(world) as connection, psycopg.ClientCursor(connection) as cursor:
        cursor.execute(NAMES, {"a1": A1, "shared": SHARED})


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of an answer, but those that hold what the exchange said."""
    if isinstance(value, dict):
        yield value
        value = [field for name, field in value.items() if name not in ("raw", "extra")]
    if isinstance(value, list):
        for item in value:
            yield from objects(item)


def wallets_of(answer: Any) -> list[dict[str, Any]]:
    return [row for row in objects(answer.json()) if row.get("wallet") == A1]


@pytest.mark.parametrize("path", PATHS)
def test_names_stand_beside_each_address_of_the_org_that_gave_them(get, path: str) -> None:
    answer = get(path.replace(SHARED, A1), "ann" if path != "/api/v1/system" else "alice")
    assert answer.status_code == 200
    for row in wallets_of(answer):
        assert (row["label"], row["tags"]) == ("Ours [/b]", ["fund", "mm"])
    assert not any(word in answer.text for word in OF_B)


ADDRESS = re.compile(r"0x[0-9a-f]{40}")


def bare(value: Any, names: frozenset[str] = frozenset()) -> Iterator[str]:
    """Every address that stands without a name, though its object could give one."""
    if isinstance(value, dict):
        names = frozenset(value.get("wallet_names", ()))
        for field, inner in value.items():
            if field in ("raw", "extra", "wallet_names", "hash", "digest"):
                continue
            if field == "wallet":
                yield from () if {"label", "tags"} & value.keys() else [inner]
            elif field == "subject" and "label" in value:
                continue
            else:
                yield from bare(inner, names)
    elif isinstance(value, list):
        for item in value:
            yield from bare(item, names)
    elif isinstance(value, str):
        yield from set(ADDRESS.findall(value)) - names


@pytest.mark.parametrize("path", PATHS)
def test_no_address_of_a_named_wallet_stands_alone(get, path: str) -> None:
    answer = get(path.replace(SHARED, A1), "ann" if path != "/api/v1/system" else "alice")
    assert A1 not in set(bare(answer.json()))


def test_wallets_in_lists_are_named_beside_the_lists(get) -> None:
    named = {A1: {"label": "Ours [/b]", "tags": ["fund", "mm"]}}
    run = get("/api/v1/smart-money/universe/runs", "ann").json()["runs"][0]
    assert A1 in run["entered"]
    assert run["wallet_names"] == named
    assert get("/api/v1/smart-money/universe", "ann").json()["wallet_names"] == named
    assert '"wallet_names"' not in get("/api/v1/smart-money/universe/runs", "bob").text


def test_most_paths_name_a_wallet(get) -> None:
    of_a1 = [path.replace(SHARED, A1) for path in PATHS]
    assert sum(bool(wallets_of(get(path, "alice"))) for path in of_a1) >= 9


@pytest.mark.parametrize("path", PATHS)
def test_no_org_reads_the_names_of_another_from_memory_or_not(get, path: str) -> None:
    first = get(path, "bob")
    for user in ("alice", "eve", "bob", "alice"):
        text = get(path, user).text
        assert user == "bob" or not any(word in text for word in OF_B), user
    assert "Ours" not in first.text
    assert "desk" not in first.text


def find(get, query: str, user: str = "vic") -> list[str]:
    rows = get(f"/api/v1/wallets?{query}", user).json()["wallets"]
    return [row["wallet"] for row in rows]


def test_wallets_are_found_by_label_tag_group_note_and_address(get) -> None:
    assert find(get, "query=ours%20%5B") == [A1]
    assert find(get, "query=FUN") == [A1]
    assert find(get, "query=desk") == [A1]
    assert find(get, "query=3 may") == [SHARED]
    assert find(get, "query=c3c3") == [SHARED]
    assert find(get, "query=0xc3") == [SHARED]
    assert find(get, "query=0x3c") == []
    assert find(get, "query=of%20b") == [], "what another org wrote is not searched"
    assert find(get, "query=of%20b", "bob") == [SHARED]


def test_lists_are_of_a_tag_or_a_group(get) -> None:
    assert find(get, "tag=MM") == find(get, "group=desk") == [A1]
    assert find(get, "tag=mm&group=desk&query=fund") == [A1]
    assert find(get, "tag=tag%20of%20b") == []
    for chosen in ("tag=fund", "group=Desk"):
        top = get(f"/api/v1/wallets/top?by=fills&{chosen}", "vic").json()
        assert [row["wallet"] for row in top["wallets"]] == [A1]
        assert top["eligible"] == 1
    assert get("/api/v1/wallets/top?by=fills&tag=desk", "vic").json()["eligible"] == 0


def test_a_wallet_says_all_that_the_org_wrote(get) -> None:
    wallet = get(f"/api/v1/wallets/{A1}", "vic").json()
    assert wallet["groups"] == ["desk"]
    assert wallet["note"] is None
    assert get(f"/api/v1/wallets/{SHARED}", "vic").json()["note"] == "asked on 3 May"


def test_a_changed_label_changes_what_is_kept_and_its_etag(get, world: str) -> None:
    before = get("/api/v1/wallets/top?by=fills", "bob")
    assert get("/api/v1/wallets/top?by=fills", "bob").headers["etag"] == before.headers["etag"]
    with psycopg.connect(world) as connection:
        connection.execute("update tenancy.wallet_labels set label = 'new' where label like 's%'")
    # A token's profile is read again within two seconds.
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while "new" not in (after := get("/api/v1/wallets/top?by=fills", "bob")).text:
        assert datetime.now(UTC) < deadline
    assert after.headers["etag"] != before.headers["etag"]
    with psycopg.connect(world) as connection:
        connection.execute(
            "update tenancy.wallet_labels set label = 'secret of B' where label = 'new'"
        )


def test_coins_are_found_by_number_and_by_pair(get, world: str) -> None:
    with psycopg.connect(world) as connection:
        connection.execute(
            "insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, page_id) "
            "values ('@9107', 'NAMED', 'OLD', 1, 1), ('@9107', 'NAMED', 'USDC', 2, 1)"
        )
    named = {"coin": "@9107", "coin_name": "NAMED/USDC"}
    for query in ("@9107", "named", "named/u", "9107"):
        assert get(f"/api/v1/coins?query={query}", "vic").json() == {"coins": [named]}
    assert get("/api/v1/coins?query=named/old", "vic").json() == {"coins": []}


def test_an_alert_of_a_spot_coin_names_its_pair(get, world: str) -> None:
    subject = f"{A1}/@107/77"
    with psycopg.connect(world) as connection:
        connection.execute(
            "insert into ops.alerts (type, subject, level, from_state, to_state, at, reason, value)"
            " values ('twap_large', %s, 'medium', 'inactive', 'firing', now(), 'began', "
            """'{"coin": "@107"}')""",
            [subject],
        )
    path = f"/api/v1/smart-money/alerts?subject={subject}"
    (alert,) = get(path, "vic").json()["alerts"]
    assert (alert["subject"], alert["wallet"]) == (subject, A1)
    assert (alert["coin"], alert["coin_name"]) == ("@107", "HYPE/USDC")
    assert alert["value"] == {"coin": "@107", "coin_name": "HYPE/USDC"}
    others = get("/api/v1/smart-money/alerts?subject=BTC", "vic").json()["alerts"]
    assert {other["coin"] for other in others} == {None}


COINS = {"@107": "HYPE/USDC"}
BESIDE = AnswerNames(wallets={A1: {"label": "Jump", "tags": ["mm"]}}, coins=COINS)


def test_every_other_byte_of_a_value_stays() -> None:
    body = (
        b'{"rows" : [{"wallet" : "%b", "px": 1.10, "n": 123456789012345678901234567890,'
        b' "coin":"@107","raw":{"wallet": "%b", "coin":"@107"}},{"asset": "@107", "label": null}]}'
        % (A1.encode(), A1.encode())
    )
    named = add_names(body, BESIDE).decode()
    assert '"px":1.10,"n":123456789012345678901234567890' in named
    assert re.search(r'"raw":{"wallet": "0x\w+", "coin":"@107"}', named)
    first, second = json.loads(named)["rows"]
    assert (first["label"], first["tags"], first["coin_name"]) == ("Jump", ["mm"], "HYPE/USDC")
    assert second == {"asset": "@107", "asset_name": "HYPE/USDC", "label": None}


def test_a_field_that_the_answer_has_itself_stays() -> None:
    body = json.dumps({"wallet": A1, "label": None}).encode()
    assert json.loads(add_names(body, BESIDE)) == {"wallet": A1, "label": None, "tags": ["mm"]}


@pytest.mark.parametrize(
    ("path", "coin"),
    [
        (f"/api/v1/wallets/{A1}/fills?coin=", "HYPE/USDC"),
        (f"/api/v1/wallets/{A1}/fills?coin=", "hype/usdc"),
    ],
)
def test_a_coin_may_be_named_by_its_pair(get, path: str, coin: str) -> None:
    fills = get(path + coin, "vic").json()["fills"]
    assert {fill["coin"] for fill in fills} == {"@107"}
    assert fills == get(path + "%40107", "vic").json()["fills"]


@pytest.mark.parametrize(
    ("path", "name"), [(f"/api/v1/wallets/{A1}/fills", "coin"), ("/api/v1/twaps", "asset")]
)
def test_a_pair_that_no_coin_has_is_refused_by_name(get, path: str, name: str) -> None:
    refused = get(f"{path}?{name}=NOPE/USDC", "vic")
    assert refused.status_code == 400
    assert refused.json()["detail"] == (
        f"{name} is 'NOPE/USDC': no coin has this pair: GET /api/v1/coins?query= finds coins by a "
        "part of theirs"
    )


def test_a_pair_that_several_coins_have_is_refused_with_their_names(get, world: str) -> None:
    with psycopg.connect(world) as connection:
        connection.execute(
            "insert into facts.spot_pairs (coin, base_token, quote_token, fingerprint, page_id) "
            "values ('@801', 'TWIN', 'USDC', 11, 1), ('@802', 'TWIN', 'USDC', 12, 1), "
            "('@803', 'Twin', 'USDC', 13, 1)"
        )
    path = "/api/v1/twaps?asset="
    for pair in ("TWIN/USDC", "twin/usdc"):
        refused = get(path + pair, "vic")
        assert refused.status_code == 400
        assert "several coins have this pair, write one of them: @801, @802" in refused.text
    assert get(f"{path}Twin/USDC", "vic").status_code == 200


def test_the_list_says_how_many_wallets_there_are(get) -> None:
    whole = get("/api/v1/wallets?limit=1000", "vic").json()
    assert whole["total"] == len(whole["wallets"]) > 1
    first = get("/api/v1/wallets?limit=1", "vic").json()
    assert (first["total"], len(first["wallets"])) == (whole["total"], 1)
    after = get(f"/api/v1/wallets?limit=1&cursor={first['next']}", "vic").json()
    assert after["total"] == whole["total"]
    assert get("/api/v1/wallets?tag=mm", "vic").json()["total"] == 1
    assert get("/api/v1/wallets?query=nobody", "vic").json()["total"] == 0
