"""The OpenAPI description, held against the running API."""

import pytest
import schemathesis
from hypertally.api.tokens import mint
from hypothesis import HealthCheck, Phase, given, settings

from .conftest import SECRET

PATHS = (
    "/api/v1/session",
    "/api/v1/dashboard/summary",
    "/api/v1/metrics/global",
    "/api/v1/wallets",
    "/api/v1/wallets/top",
    "/api/v1/wallets/{address}",
    "/api/v1/wallets/{address}/days",
    "/api/v1/wallets/{address}/fills",
    "/api/v1/explain/wallet_day_metrics/{address}/{day}",
    "/api/v1/explain/global_day_metrics/{day}",
    "/api/v1/coverage",
    "/api/v1/system",
)
HEADERS = {"Authorization": f"Bearer {mint(SECRET, 'alice', seconds=3600)}"}


@pytest.fixture(scope="module")
def description(base_url: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{base_url}/openapi.json")


@pytest.mark.parametrize("path", PATHS)
def test_the_api_answers_as_it_is_described(description, path: str) -> None:
    @given(case=description[path]["GET"].as_strategy())
    @settings(
        max_examples=25,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(headers=HEADERS)
        assert answer.status_code < 500

    ask()


def test_every_path_of_the_contract_is_described(client) -> None:
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == set(PATHS)
    assert described["security"] == [{"bearer": []}]
