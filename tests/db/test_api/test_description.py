"""The OpenAPI description, held against the running API."""

import httpx2
import pytest
import schemathesis
from hypertally.api.tokens import mint
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from .conftest import SECRET


@pytest.fixture(scope="module")
def description(base_url: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{base_url}/openapi.json")
