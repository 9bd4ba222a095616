"""The path that explains any metric: `/api/v1/explain/{metric}/{key}`."""

from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import WithJsonSchema

from hypertally.api.explain import shapes
from hypertally.api.explain.catalogue import Catalogue
from hypertally.api.resource.access import Caller, ForAnalysts
from hypertally.api.resource.answers import answer
from hypertally.api.resource.lists import OPEN_FIELDS, of_list
from hypertally.api.resource.parameters import PageParameters

MAX_AGE: Final = 60
KEY_BEGINS: Final = 5  # "", api, v1, explain, the metric: the parts of the path before the key


def router_for(catalogue: Catalogue) -> APIRouter:
    """Return the route over the metrics of a catalogue."""
    router = APIRouter()
    names = {"type": "string", "enum": sorted(catalogue.explanations)}
    # As CSV only what lists the rows of a metric: the other explanations have paths of their own.
    responses = of_list(shapes.MetricRows, "rows")
    responses[200] |= {
        "model": shapes.AnyExplanation,
        "description": "Why figures are what they are.",
    }

    async def explain_metric(
        *,
        request: Request,
        metric: Annotated[str, Path(), WithJsonSchema(names)],
        key: Annotated[str, Path(description="the values of the key, a slash between them")],
        parameters: Annotated[PageParameters, Query()],
        caller: Caller,
        connection: ForAnalysts,
    ) -> Response:
        """Return what figures of a metric were computed from; a shortened key lists its rows."""
        del key  # decoded: a slash within a value looks like one between values
        values = _read_key(request)
        content = await catalogue.explain(connection, caller, metric, key=values, page=parameters)
        if content.get("rows") == []:  # as CSV it has a header all the same
            request.scope[OPEN_FIELDS] = await catalogue.list_fields(connection, metric)
        return answer(content, max_age=MAX_AGE)

    router.add_api_route("/api/v1/explain/{metric}/{key:path}", explain_metric, responses=responses)
    return router


def _read_key(request: Request) -> list[str]:
    path: bytes = request.scope["raw_path"]
    return [unquote(value.decode("latin-1")) for value in path.split(b"/")[KEY_BEGINS:]]
