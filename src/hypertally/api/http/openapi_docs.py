"""The description of the API: for programs at /openapi.json, for people at /docs."""

from collections.abc import Iterator
from html import escape
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse, Response

from hypertally.api.http.answer_names import describe_names

router = APIRouter(include_in_schema=False)

ERRORS: Final = {
    400: "A parameter is malformed or out of bounds; `field` names it",
    401: "No token, or one that is bad, expired, unsigned or for another audience",
    403: "The user has no profile, or the role is not allowed",
    404: "No such wallet in the caller's org, or no such TWAP that it can see",
    406: "CSV was asked for of an answer that is no list",
    413: "The request has a body",
    414: "The query is too long",
    429: "The org or the address has too many answers being computed; see Retry-After",
    431: "The headers are too long",
    503: "The database is away, or too much is being computed; see Retry-After",
}

PROBLEM_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "names the value and the remedy"},
        "field": {"type": "string", "description": "the parameter at fault"},
    },
}

INTRODUCTION: Final = (
    "Read-only. Every path needs a bearer token. Decimals are strings, times are UTC ISO 8601, "
    "days are YYYY-MM-DD. null means unknown and is never zero. A list is answered as CSV to "
    "`Accept: text/csv`: all its rows, or `limit` of them; x-rows names the field that holds them."
)

STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8886; margin-top: 2rem; }
h2 { font: 600 1rem ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; }
th { font-weight: 600; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
"""


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI description of the resources of `app`; made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=INTRODUCTION,
            routes=app.routes,
        )
        schemas = schema["components"]["schemas"]
        # The framework describes its own validation answer; ours are problems.
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = PROBLEM_SCHEMA
        describe_names(schemas)
        schema["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        }
        schema["security"] = [{"bearer": []}]
        for _, _, operation in _operations(schema):
            _describe_errors(operation)
        app.openapi_schema = schema
    return app.openapi_schema


def _describe_errors(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    answers.pop("422", None)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, description in ERRORS.items():
        answers[str(status)] = {"description": description, "content": content}


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@router.get("/openapi.json")
async def get_openapi_description(request: Request) -> Response:
    """Return the description for programs."""
    return JSONResponse(describe(request.app), headers={"Cache-Control": "no-cache"})


@router.get("/docs")
async def get_docs(request: Request) -> Response:
    """Return the description for people: one page that needs nothing from elsewhere."""
    schema = describe(request.app)
    sections = "".join(
        _section(path, method, operation) for path, method, operation in _operations(schema)
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(schema['info']['title'])} API</title>"
        '<link rel="stylesheet" href="/docs/style.css"></head><body>'
        f"<h1>{escape(schema['info']['title'])} API {escape(schema['info']['version'])}</h1>"
        f"<p>{escape(INTRODUCTION)} For programs: "
        '<a href="/openapi.json">/openapi.json</a>. <a href="/">Back to the page</a>.</p>'
        f"{sections}{_errors()}</body></html>"
    )
    return HTMLResponse(page, headers={"Cache-Control": "no-cache"})


@router.get("/docs/style.css")
async def get_style() -> Response:
    """Return the style of the description; the policy allows none inside the page."""
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "no-cache"})


def _section(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(_parameter(parameter) for parameter in operation.get("parameters", []))
    table = f"<table><tr><th>Parameter<th>In<th>Values<th>Default</tr>{rows}</table>"
    return (
        f"<section><h2>{escape(method.upper())} {escape(path)}</h2>"
        f"<p>{escape(operation.get('description', ''))}</p>{table if rows else ''}</section>"
    )


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    cells = (
        f"<code>{escape(parameter['name'])}</code>",
        escape(parameter["in"]),
        escape(_values(schema)),
        escape(str(schema.get("default", "required" if parameter.get("required") else ""))),
    )
    return f"<tr>{''.join(f'<td>{cell}' for cell in cells)}</tr>"


def _values(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        options = (_values(part) for part in schema["anyOf"] if part.get("type") != "null")
        return " or ".join(dict.fromkeys(options))
    if "enum" in schema:
        return ", ".join(str(value) for value in schema["enum"])
    if "minimum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    return str(schema.get("format") or schema.get("pattern") or schema.get("type", ""))


def _errors() -> str:
    rows = "".join(f"<tr><td>{status}<td>{escape(text)}</tr>" for status, text in ERRORS.items())
    return (
        "<section><h2>Errors</h2><p>application/problem+json; <code>detail</code> names the value "
        f"and the remedy.</p><table><tr><th>Status<th>When</tr>{rows}</table></section>"
    )
