"""What the API says when the snapshots are late, thin, or nobody records them any more."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import psycopg
import pytest

from hypertally.api.app import ApiOptions
from hypertally.api.identity.tokens import mint
from hypertally.api.smart_money import shapes
from hypertally.metrics.smart_money.formulas.feed_health import assess_health

from .conftest import SECRET, WORLD, run_server

SCREEN = "/api/v1/smart-money"
TOKEN = mint(SECRET, "vic", seconds=86_400)  # longer than any run

Ask = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def late_world(make_database: Callable[[], str]) -> str:
    """The database as in the other tests, but for judgements of the snapshots."""
    url = make_database()
    with psycopg.connect(url, options="-c timezone=UTC") as connection:
        for rows in WORLD:
            connection.execute(rows.read_text().encode())
    return url


@pytest.fixture
def ask(late_world: str) -> Iterator[Ask]:
    """Ask a server that has kept no answer yet."""
    options = ApiOptions(database_url=late_world, version="1.2.3", jwt_secret=SECRET)
    for base_url in run_server(options):
        with httpx2.Client(base_url=base_url) as client:
            yield lambda path: client.get(path, headers={"Authorization": f"Bearer {TOKEN}"}).json()


def judged(url: str, *rows: tuple[str, float, float | None, str | None]) -> None:
    """Write down (state, minutes ago, minutes since the last success then, coverage)."""
    now = datetime.now(UTC)
    with psycopg.connect(url) as connection:
        connection.execute("delete from ops.ingest_health")
        for state, back, old, coverage in rows:
            at = now - timedelta(minutes=back)
            last = None if old is None else at - timedelta(minutes=old)
            connection.execute(
                "insert into ops.ingest_health "
                "(at, state, last_success, age_seconds, coverage, reason) "
                "values (%s, %s, %s, %s, %s, %s)",
                (at, state, last, None if old is None else int(old * 60), coverage, f"said {back}"),
            )


def test_stale_snapshots_mask_the_screen_and_say_since_when(late_world: str, ask) -> None:
    judged(late_world, ("healthy", 50, 1, "1"), ("stale", 20, 31, "1"), ("stale", 1, 50, "1"))
    answer = ask(SCREEN)
    shapes.SmartMoney.model_validate(answer)
    assert answer["health"]["state"] == "stale"
    assert answer["masked"]["reason"].startswith("the last minute in which wallets answered is 30")
    assert answer["health"]["coverage"] == "0"  # nobody was seen in the two minutes before
    since = datetime.fromisoformat(answer["masked"]["since"])
    assert timedelta(minutes=19) < datetime.now(UTC) - since < timedelta(minutes=21)
    # Figures are still there for whoever looks into it.
    assert answer["assets"][1]["signal"]["cas"]["value"] == "66.66666667"


def test_a_masked_playbook_takes_no_side(late_world: str, ask) -> None:
    judged(late_world, ("stale", 1, 50, "1"))
    answer = ask(f"{SCREEN}/playbook")
    shapes.Playbooks.model_validate(answer)
    assert "the last minute in which wallets answered is 30" in answer["masked"]["reason"]
    assert {(one["bias"], one["risk"], one["rule"]) for one in answer["playbooks"]} == {
        ("No-trade", "Defensive", "masked")
    }
    assert {one["add_exposure_long"] for one in answer["playbooks"]} == {None}
    past = ask(f"{SCREEN}/playbook?at=2026-03-01T12:10:00Z")
    assert past["playbooks"][1]["bias"] == "Long"


def test_a_judgement_that_nobody_renews_grows_stale(late_world: str, ask) -> None:
    judged(late_world, ("healthy", 15, 1, "1"))
    answer = ask(SCREEN)
    assert answer["health"]["state"] == "stale"
    assert answer["health"]["age_seconds"] >= 16 * 60
    assert "no health check has run since" in answer["masked"]["reason"]
    since = datetime.fromisoformat(answer["masked"]["since"])
    # Ten minutes after the last success.
    assert timedelta(minutes=5) < datetime.now(UTC) - since < timedelta(minutes=7)


def test_without_any_judgement_all_is_masked(late_world: str, ask) -> None:
    judged(late_world)
    answer = ask(SCREEN)
    assert answer["masked"] == {"reason": "no minute was recorded yet", "since": None}
    assert answer["health"]["last_success"] is answer["health"]["coverage"] is None
    shapes.HealthDay.model_validate(ask(f"{SCREEN}/health"))


@pytest.mark.parametrize(
    ("minutes", "coverage", "effect"),
    [
        (1, "1", "signals are computed"),
        (1, "0.94", "signals are computed; a warning is shown"),
        (1, "0.85", "CAS is shown as 50, the playbook as No-trade / Reduced; a warning is shown"),
        (5, "1", "no new signals until a fresh snapshot arrives; a warning is shown"),
        (1, "0.79", "no signals; figures are masked and the playbook is No-trade / Defensive"),
    ],
)
def test_the_state_and_its_effect_are_those_of_the_one_table(
    late_world: str, ask, minutes: int, coverage: str, effect: str
) -> None:
    now = datetime.now(UTC)
    health = assess_health(
        as_of=now, last_success_at=now - timedelta(minutes=minutes), coverage=Decimal(coverage)
    )
    judged(late_world, (health.state, 0, minutes, coverage))
    answer = ask(SCREEN)
    assert answer["health"]["state"] == health.state
    assert answer["health"]["effect"] == effect
    assert Decimal(answer["health"]["coverage"]) == (0 if minutes > 2 else Decimal(coverage))
    assert (answer["masked"] is not None) == health.masked


@pytest.mark.parametrize(
    ("coverage", "shown"), [("0.9", None), ("0.89", "50"), ("0.8", "50"), ("0.79", None)]
)
def test_an_unknown_cas_is_shown_as_50_while_four_fifths_answer(
    late_world: str, ask, coverage: str, shown: str | None
) -> None:
    with psycopg.connect(late_world) as connection:
        connection.execute(
            "update metrics.signals set cas = null, band = null, coverage = %s, completeness = 1 "
            "where asset = 'BTC' and definition = 'smart_money/3' and at = %s",
            [coverage, "2026-03-01T12:10:00Z"],
        )
    signal = ask(f"{SCREEN}/signals/BTC/2026-03-01T12:10:00Z")["signal"]
    assert (signal["cas"]["value"], signal["cas"]["shown"]) == (None, shown)
    assert ("cas.shown" in signal["unknown"]) is (shown is None)
