"""The OpenAPI description, held against the running API."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from hypertally.api.identity.tokens import mint

from .conftest import SECRET

PATHS = (
    "/api/v1/session",
    "/api/v1/coins",
    "/api/v1/dashboard/summary",
    "/api/v1/progress",
    "/api/v1/stories",
    "/api/v1/metrics/global",
    "/api/v1/wallets",
    "/api/v1/wallets/top",
    "/api/v1/wallets/{address}",
    "/api/v1/wallets/{address}/days",
    "/api/v1/wallets/{address}/fills",
    "/api/v1/twaps",
    "/api/v1/twaps/pressure",
    "/api/v1/twaps/summary",
    "/api/v1/twaps/{twap_id}",
    "/api/v1/twaps/{twap_id}/slices",
    "/api/v1/explain/global_day_metrics",
    "/api/v1/explain/wallet_day_metrics/{address}",
    "/api/v1/explain/twaps/{twap_id}",
    "/api/v1/smart-money",
    "/api/v1/smart-money/playbook",
    "/api/v1/smart-money/differences",
    "/api/v1/smart-money/universe",
    "/api/v1/smart-money/universe/runs",
    "/api/v1/smart-money/snapshots/{asset}",
    "/api/v1/smart-money/snapshots/{asset}/{minute}",
    "/api/v1/smart-money/outcomes",
    "/api/v1/smart-money/alerts",
    "/api/v1/smart-money/alerts/state",
    "/api/v1/smart-money/health",
    "/api/v1/smart-money/signals/{asset}",
    "/api/v1/smart-money/signals/{asset}/{at}",
    "/api/v1/smart-money/signals/{asset}/{at}/explain",
    "/api/v1/explain/wallet_day_metrics/{address}/{day}",
    "/api/v1/explain/global_day_metrics/{day}",
    "/api/v1/explain/{metric}/{key}",
    "/api/v1/coverage",
    "/api/v1/system",
)
PLACES = {
    "address": "0x" + "a1" * 20,
    "asset": "BTC",
    "at": "2026-01-01T00:05:00Z",
    "day": "2026-01-01",
    "key": "5001",
    "metric": "twaps",
    "minute": "2026-01-01T00:05:00Z",
    "twap_id": "5001",
}
HEADERS = {"Authorization": f"Bearer {mint(SECRET, 'alice', seconds=86_400)}"}


@pytest.fixture(scope="module")
def description(base_url: str) -> schemathesis.BaseSchema:
    refusals = {"negative_data_rejection": {"expected-statuses": [400, 401, 404, 414]}}
    return schemathesis.openapi.from_url(
        f"{base_url}/openapi.json", config=schemathesis.Config.from_dict({"checks": refusals})
    )


def ask(description: schemathesis.BaseSchema, path: str, mode: GenerationMode) -> None:
    """Ask `path` questions of one kind and hold every answer against its description."""

    @given(case=description[path]["GET"].as_strategy(generation_mode=mode))
    @settings(
        max_examples=25,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask_once(case: schemathesis.Case) -> None:
        # A cursor may look right and be none of ours: then 400 is the described answer.
        case.call_and_validate(headers=HEADERS, excluded_checks=[positive_data_acceptance])

    ask_once()


@pytest.mark.parametrize("path", PATHS)
def test_good_questions_are_answered_as_described(description, path: str) -> None:
    ask(description, path, GenerationMode.POSITIVE)


@pytest.mark.parametrize("path", [path for path in PATHS if "{" in path])
def test_bad_questions_are_refused_as_described(description, path: str) -> None:
    ask(description, path, GenerationMode.NEGATIVE)


@pytest.mark.parametrize("path", PATHS)
def test_a_parameter_that_no_path_knows_is_refused_by_each(get, path: str) -> None:
    asked = path.format_map(PLACES)
    answer = get(f"{asked}?unheard_of=1", "alice")
    assert (answer.status_code, answer.json()["field"]) == (400, "unheard_of"), answer.text


def test_every_path_of_the_contract_is_described(client) -> None:
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == set(PATHS)
    assert described["security"] == [{"bearer": []}]
