"""Lists: which field of an answer holds its rows, and what columns these have as a table."""

from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, Final, Union, cast, get_args, get_origin

import msgspec
from pydantic import BaseModel

from hypertally.api.http.answer_names import BESIDE
from hypertally.api.http.limits import PAGE_ROWS_MAX
from hypertally.api.http.media_types import CSV
from hypertally.api.resource.answers import of_shape
from hypertally.records import Record

# Where a route says the fields of rows that its shape leaves open and no row shows: in the scope.
OPEN_FIELDS: Final = "hypertally.open_fields"
# Where the description of a route keeps what follows; both are shown in /openapi.json.
ROWS: Final = "x-rows"
PAGE_ROWS: Final = "x-page-rows"

Place = tuple[str, ...]  # the names that lead to a field of a nested answer


class Listing(Record, frozen=True, kw_only=True):
    """How the rows of an answer become lines of CSV."""

    rows: tuple[Place, ...]  # the fields that hold rows; those after the first come at the end
    page_rows: int | None  # None: an answer always holds all rows
    columns: tuple[Place, ...] | None  # None: the first row decides

    def is_of(self, body: bytes) -> bool:
        """Tell whether an answer has these rows: one path may give answers of several shapes."""
        return self.rows[0][0] in msgspec.json.decode(body, type=dict[str, msgspec.Raw])

    def with_open_fields(self, fields: Sequence[str] | None) -> "Listing":
        """Return the listing with these fields as columns, where shapes leave them open."""
        if self.columns is not None or fields is None:
            return self
        columns = tuple((name,) for field in fields for name in (field, *BESIDE.get(field, ())))
        return msgspec.structs.replace(self, columns=columns)

    @property
    def next(self) -> Place:
        """Return where the cursor of the next page stands: beside the rows."""
        return (*self.rows[0][:-1], "next")


def of_list(
    shape: type[BaseModel], *rows: str, page_rows: int | None = PAGE_ROWS_MAX
) -> dict[int | str, dict[str, Any]]:
    """Describe the answer of a route that lists rows, as JSON or as CSV.

    `rows` are the fields that hold them, `inputs.fills` for a field of a field; `page_rows` is the
    greatest `limit`, None where the answer has no pages.
    """
    described = of_shape(shape)
    csv: dict[str, Any] = {"schema": {"type": "string"}, ROWS: list(rows)}
    if page_rows is not None:
        csv[PAGE_ROWS] = page_rows
    described[200]["content"] = {CSV.decode(): csv}
    return described


def find_listing(responses: dict[int | str, dict[str, Any]]) -> Listing | None:
    """Return how the answer of a route is listed; None for an answer that is no list."""
    described = responses.get(200, {})
    csv = described.get("content", {}).get(CSV.decode())
    if csv is None:
        return None
    rows = tuple(tuple(cast("str", name).split(".")) for name in csv[ROWS])
    columns = _columns_at(described["model"], rows[0])
    return Listing(rows=rows, page_rows=csv.get(PAGE_ROWS), columns=columns)


def _columns_at(answer: Any, place: Place) -> tuple[Place, ...] | None:
    """Return the columns of the rows at a place of an answer; None where shapes leave them open."""
    shape = _model_of(answer)
    for name in place:
        if shape is None:
            return None
        shape = _model_of(_fields(shape)[name])
    return None if shape is None else tuple(_columns(shape))


def _columns(shape: type[BaseModel]) -> list[Place]:
    """Return the fields of a row; those of a nested object with fixed fields stand apart."""
    columns: list[Place] = []
    for name, annotation in _fields(shape).items():
        inner = _model_of(annotation)
        if inner is None or get_origin(_bare(annotation)) is list:
            columns.append((name,))
        else:
            columns += [(name, *rest) for rest in _columns(inner)]
        columns += [(beside,) for beside in BESIDE.get(name, ())]
    return list(dict.fromkeys(columns))


def _fields(shape: type[BaseModel]) -> dict[str, Any]:
    """Return the fields of a shape: those of its `in_order`, then inherited ones, then its own."""
    fields = {field.alias or name: field.annotation for name, field in shape.model_fields.items()}
    order: tuple[str, ...] = getattr(shape, "in_order", ())
    return {name: fields[name] for name in dict.fromkeys([*order, *fields])}


def _bare(annotation: Any) -> Any:
    """Return a type without its remarks, and without null."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in {Union, UnionType}:
            kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
            if len(kinds) > 1:
                return annotation
            annotation = kinds[0]
        else:
            return annotation


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """Return the shape of a field that is an object, or a list of objects, of one shape."""
    bare = _bare(annotation)
    if get_origin(bare) is list:
        bare = _bare(get_args(bare)[0])
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None
