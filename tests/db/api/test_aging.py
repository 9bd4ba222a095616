"""What the API keeps is forgotten on time: identities after two seconds, answers at max-age."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import psycopg
import pytest
import stamina
from tests.db.api.conftest import SECRET, run_server

from hypertally.api.http.limits import PROFILE_RENEWED_SECONDS, PROFILE_SECONDS_MAX
from hypertally.api.http.options import ApiOptions
from hypertally.api.identity.tokens import mint

ORG = """
insert into tenancy.orgs (name) values ('org');
insert into tenancy.wallets (address) values (decode(repeat('a1', 20), 'hex'));
insert into tenancy.org_wallets (org_id, wallet_id, from_day)
select o.id, w.id, '-infinity' from tenancy.orgs o, tenancy.wallets w where o.name = 'org';
insert into tenancy.user_profiles (user_id, org_id, role)
select 'ann', id, 'analyst' from tenancy.orgs where name = 'org';
insert into ops.hl_ingest_cursor (wallet_id, cursor_ms, proven_until, pulled_at)
select id, 1, now(), now() from tenancy.wallets;
"""
SUMMARY_SECONDS = 60  # max-age of the summary
EMPTY_SECONDS = 2  # of an org that tracks no wallet
# A change of an org's wallets is known at once by the org's revision, which stays here.
UNTRACK = """
alter table tenancy.org_wallets disable trigger user;
update tenancy.org_wallets set from_day = '2020-01-01', to_day = '2020-01-02'
"""
TRACK = "update tenancy.org_wallets set to_day = null"


@dataclass
class MovedClock:
    """A clock that stands until a test moves it."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def client(database_url: str, clock: MovedClock) -> Iterator[httpx2.Client]:
    """A client of an analyst of an org with one wallet, which was pulled."""
    with psycopg.connect(database_url) as connection:
        connection.execute(ORG)
    options = ApiOptions(database_url=database_url, version="1", jwt_secret=SECRET, seconds=clock)
    bearer = {"Authorization": f"Bearer {mint(SECRET, 'ann', seconds=86_400)}"}
    for address in run_server(options):
        with httpx2.Client(base_url=address, headers=bearer) as client:
            yield client


def max_age(client: httpx2.Client, path: str) -> int:
    return int(client.get(path).headers["cache-control"].rpartition("max-age=")[2])


def change(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(statement.encode())


def status(client: httpx2.Client, path: str = "/api/v1/session") -> int:
    return client.get(path).status_code


def test_a_removed_user_is_refused_after_two_seconds(
    client: httpx2.Client, clock: MovedClock, database_url: str
) -> None:
    assert status(client, "/api/v1/dashboard/summary") == 200
    change(database_url, "delete from tenancy.user_profiles where user_id = 'ann'")
    clock.now += PROFILE_SECONDS_MAX - 0.5
    assert status(client, "/api/v1/dashboard/summary") == 200
    clock.now += 1
    # Also for an answer that is kept for longer than the identity.
    assert status(client, "/api/v1/dashboard/summary") == 403
    assert status(client) == 403


def test_a_changed_role_counts_after_two_seconds(
    client: httpx2.Client, clock: MovedClock, database_url: str
) -> None:
    path = "/api/v1/explain/global_day_metrics/2026-01-01"
    assert status(client, path) == 200
    change(database_url, "update tenancy.user_profiles set role = 'viewer'")
    clock.now += PROFILE_SECONDS_MAX - 0.5
    assert status(client, path) == 200
    clock.now += 1
    assert status(client, path) == 403
    assert client.get("/api/v1/session").json()["role"] == "viewer"


def test_an_identity_is_read_again_before_it_ends(
    client: httpx2.Client, clock: MovedClock, database_url: str
) -> None:
    path = "/api/v1/explain/global_day_metrics/2026-01-01"
    assert status(client, path) == 200
    change(database_url, "update tenancy.user_profiles set role = 'viewer'")
    clock.now += PROFILE_RENEWED_SECONDS + 0.1
    assert status(client, path) == 200, "nobody waits for it"
    # The clock stands: what is kept has not ended.
    for attempt in stamina.retry_context(
        on=AssertionError, attempts=None, timeout=20, wait_max=0.1
    ):
        with attempt:
            assert status(client, path) == 403


def test_an_answer_grows_older_and_is_computed_again_at_its_max_age(
    client: httpx2.Client, clock: MovedClock, database_url: str
) -> None:
    def ask() -> tuple[int, int]:
        answer = client.get("/api/v1/dashboard/summary")
        return int(answer.headers["age"]), answer.json()["tracked_wallets"]

    assert ask() == (0, 1)
    assert max_age(client, "/api/v1/dashboard/summary") == SUMMARY_SECONDS
    change(database_url, UNTRACK)
    clock.now += SUMMARY_SECONDS - 1
    assert ask() == (SUMMARY_SECONDS - 1, 1)
    clock.now += 1
    assert ask() == (0, 0)


def test_while_a_wallet_is_being_forgotten_no_answer_is_kept(
    client: httpx2.Client, clock: MovedClock, database_url: str
) -> None:
    def ask() -> int:
        return int(client.get("/api/v1/dashboard/summary").headers["age"])

    def mark(cause: str) -> None:
        columns = "(org_id, day, cause)"
        rows = f"select id, '2026-01-01', {cause} from tenancy.orgs where id > 0"
        change(database_url, f"insert into ops.dirty_global_days {columns} {rows}")

    mark("null")
    assert ask() == 0
    clock.now += PROFILE_SECONDS_MAX + 1
    assert ask() == PROFILE_SECONDS_MAX + 1, "other marks wait all the time"
    mark("'forgotten'")
    for _ in range(3):
        clock.now += PROFILE_SECONDS_MAX + 1
        assert ask() == 0
    change(database_url, "delete from ops.dirty_global_days")
    clock.now += SUMMARY_SECONDS
    assert ask() == 0
    clock.now += PROFILE_SECONDS_MAX + 1
    assert ask() == PROFILE_SECONDS_MAX + 1


def test_the_first_wallet_of_an_org_is_seen_after_two_seconds(
    client: httpx2.Client, clock: MovedClock, database_url: str
) -> None:
    def tracked() -> int:
        return client.get("/api/v1/dashboard/summary").json()["tracked_wallets"]

    change(database_url, UNTRACK)
    assert tracked() == 0
    for path in ("/api/v1/dashboard/summary", "/api/v1/progress", "/api/v1/metrics/global"):
        assert max_age(client, path) == EMPTY_SECONDS
    change(database_url, TRACK)
    clock.now += EMPTY_SECONDS
    assert tracked() == 1
