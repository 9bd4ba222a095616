"""Answers kept as finished bytes: validators, encodings, ages, and one computation for many."""

import concurrent.futures
import gzip
import re
import time

import httpx2
import psycopg

from hypertally.api.identity.tokens import mint

from .conftest import SECRET

A1 = "0x" + "a1" * 20


def counted(client: httpx2.Client, source: str) -> float:
    found = re.search(
        rf'hypertally_api_finished_total{{from="{source}"}} (\S+)', client.get("/metrics").text
    )
    assert found is not None
    return float(found[1])


def test_each_answer_says_how_long_it_may_be_kept(get) -> None:
    ages = {
        "/api/v1/dashboard/summary": 60,
        "/api/v1/progress": 60,
        "/api/v1/stories": 60,
        "/api/v1/metrics/global?range=7d": 300,
        "/api/v1/wallets/top": 120,
        "/api/v1/wallets": 60,
        f"/api/v1/wallets/{A1}": 60,
        f"/api/v1/wallets/{A1}/days": 60,
        f"/api/v1/wallets/{A1}/fills": 60,
        "/api/v1/coverage": 60,
        "/api/v1/twaps": 30,
        "/api/v1/twaps/pressure": 30,
        "/api/v1/twaps/summary": 30,
        "/api/v1/twaps/5001": 30,
        "/api/v1/twaps/5001/slices": 30,
        "/api/v1/explain/twaps/5001": 60,
    }
    for path, age in ages.items():
        headers = get(path, "alice").headers
        assert headers["cache-control"] == f"private, max-age={age}"
        assert headers["vary"] == "Authorization, Cookie, Accept, Accept-Encoding"
        assert re.fullmatch(r'"[0-9a-f]{32}"', headers["etag"])
    assert "max-age=0" in get("/api/v1/session", "alice").headers["cache-control"]


def test_the_same_question_is_computed_once_and_grows_older(client, get) -> None:
    path = f"/api/v1/wallets/{A1}/days?limit=3"
    first = get(path, "alice")
    before = counted(client, "database")
    time.sleep(1.1)
    again = get(path, "alice")
    assert counted(client, "database") == before
    assert again.content == first.content
    assert int(again.headers["age"]) > int(first.headers["age"])


def test_spellings_of_one_question_share_one_answer(client, get) -> None:
    get(f"/api/v1/wallets/{A1}/days?from=2026-01-01&limit=7", "alice")
    before = counted(client, "database")
    upper = "0x" + A1[2:].upper()
    get(f"/api/v1/wallets/{upper}/days?limit=7&from=2026-01-01", "alice")
    get(f"/api/v1/wallets/{A1}/days?&limit=7&from=2026-01-01&", "alice")
    assert counted(client, "database") == before


def test_users_of_one_role_share_an_answer_and_other_roles_do_not(client, get) -> None:
    path = "/api/v1/wallets?limit=9"
    get(path, "alice")
    before = counted(client, "database")
    token = {"Authorization": f"Bearer {mint(SECRET, 'alice', seconds=99)}"}
    assert client.get(path, headers=token).status_code == 200
    assert counted(client, "database") == before
    get(path, "vic")
    assert counted(client, "database") == before + 1


def test_who_has_the_bytes_gets_304_without_a_body(get) -> None:
    path = "/api/v1/wallets/top?limit=5"
    etag = get(path, "alice").headers["etag"]
    for named in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = get(path, "alice", **{"If-None-Match": named})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert answer.headers["cache-control"] == "private, max-age=120"
    assert get(path, "alice", **{"If-None-Match": '"other"'}).status_code == 200


def test_twaps_are_answered_304_to_who_has_them(get) -> None:
    for path in ("/api/v1/twaps?start=2026-03-01&end=2026-03-02", "/api/v1/twaps/pressure"):
        etag = get(path, "alice").headers["etag"]
        again = get(path, "alice", **{"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
        assert get(path, "bob", **{"If-None-Match": etag}).status_code == 200


def test_compressed_bytes_are_the_same_answer_under_their_own_etag(get) -> None:
    path = "/api/v1/metrics/global?range=90d"
    plain = get(path, "alice")
    assert "content-encoding" not in plain.headers
    packed = get(path, "alice", **{"Accept-Encoding": "br, gzip;q=0.8"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 5
    assert packed.headers["etag"] != plain.headers["etag"]
    again = get(
        path, "alice", **{"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]}
    )
    assert again.status_code == 304
    assert "content-encoding" not in get(path, "alice", **{"Accept-Encoding": "gzip;q=0"}).headers


def test_equal_answers_compress_to_equal_bytes() -> None:
    assert gzip.compress(b"x" * 999, 5, mtime=0) == gzip.compress(b"x" * 999, 5, mtime=0)


def test_head_is_get_without_the_body(client, get) -> None:
    token = {"Authorization": f"Bearer {mint(SECRET, 'alice', seconds=60)}"}
    for path in ("/api/v1/wallets/top?limit=6", "/api/v1/nowhere", "/healthz", "/docs", "/"):
        # The first is asked before the answer is in memory, the last after.
        before, whole, after = (
            client.request(method, path, headers=token) for method in ("HEAD", "GET", "HEAD")
        )
        for head in (before, after):
            assert (head.status_code, head.content) == (whole.status_code, b"")
            assert head.headers["content-length"] == str(len(whole.content))
            assert head.headers.get("etag") == whole.headers.get("etag")


def test_errors_are_not_kept(get, client) -> None:
    before = counted(client, "memory")
    for _ in range(3):
        answer = get("/api/v1/wallets/top?limit=0", "alice")
        assert answer.headers["cache-control"] == "no-store"
    assert counted(client, "memory") == before


def test_many_at_once_wait_for_one_computation(world, client, get) -> None:
    token = {"Authorization": f"Bearer {mint(SECRET, 'alice', seconds=60)}"}
    assert client.get("/api/v1/session", headers=token).status_code == 200
    before = computations(client)
    path = f"{client.base_url}/api/v1/wallets/top?window=90d&limit=17"
    with (
        psycopg.connect(world) as connection,
        concurrent.futures.ThreadPoolExecutor(20) as threads,
    ):
        # The statement waits for this lock, so all twenty ask while the first is under way.
        connection.execute("lock table metrics.wallet_day_metrics in access exclusive mode")
        asked = [threads.submit(httpx2.get, path, headers=token) for _ in range(20)]
        time.sleep(0.5)
        connection.rollback()
        answers = [each.result() for each in asked]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert computations(client) == before + 1


def computations(client: httpx2.Client) -> float:
    pattern = r'hypertally_api_seconds_count{route="/api/v1/wallets/top"} (\S+)'
    found = re.search(pattern, client.get("/metrics").text)
    return float(found[1]) if found else 0.0


def test_an_answer_during_the_first_pull_is_kept_shortly(world, get) -> None:
    with psycopg.connect(world, autocommit=True) as connection:
        connection.execute(
            "insert into tenancy.wallets (address) values (decode(repeat('ff', 20), 'hex'))"
        )
        connection.execute(
            "insert into tenancy.org_wallets (org_id, wallet_id) select o.id, w.id "
            "from tenancy.orgs as o, tenancy.wallets as w "
            "where o.name = 'org_empty' and w.address = decode(repeat('ff', 20), 'hex')"
        )
    for path in (
        "/api/v1/dashboard/summary",
        "/api/v1/metrics/global",
        "/api/v1/wallets",
        "/api/v1/progress",
    ):
        assert get(path, "eve").headers["cache-control"] == "private, max-age=5"
    assert get("/api/v1/dashboard/summary", "bob").headers["cache-control"].endswith("=60")
