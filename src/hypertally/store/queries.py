"""The named SQL statements of a module, read from the `.sql` file beside it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, cast

_HEADER = re.compile(
    r"^-- name: (?P<name>[a-z][a-z0-9_]*) :(?P<kind>one|many|exec|execrows)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One statement: its name, how many rows it answers, and its text."""

    name: str
    kind: str
    text: LiteralString


def load(module_file: str) -> dict[str, Query]:
    """Read `<module>.sql` beside `module_file`: name -> statement.

    Errors: `ValueError` for a file without statements or with one name twice.
    """
    path = Path(module_file).with_suffix(".sql")
    text = path.read_text(encoding="utf-8")
    headers = list(_HEADER.finditer(text))
    if not headers:
        raise ValueError(f"{path.name} holds no statement: each begins with '-- name: x :many'")
    queries: dict[str, Query] = {}
    for header, following in zip(headers, [*headers[1:], None], strict=True):
        body = text[header.end() : following.start() if following else len(text)].strip()
        name = header["name"]
        if name in queries:
            raise ValueError(f"{path.name} defines {name} twice")
        # The text comes from a file of this package, which is as literal as a literal.
        queries[name] = Query(
            name=name, kind=header["kind"], text=cast("LiteralString", body.rstrip(";"))
        )
    return queries
