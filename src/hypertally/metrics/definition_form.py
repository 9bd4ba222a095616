"""The form of a definition: what it computes, told by hashes that comments do not move.

Covered are the definition's statement, and the code and statements of its module and of every
module of metrics that this one imports. Names of modules, docstrings, comments, type annotations,
imports and words do not count. A walk does: a unit that is not listed is not computed.
"""

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hypertally.metrics.metric import Definition
from hypertally.records import Record, is_array
from hypertally.store.queries import load

PACKAGE = "hypertally.metrics"
FOLDER = Path(__file__).parent
# Modules that hold no formula.
NOT_FORMULAS = re.compile(r".*\.(metric|definitions|definition_form)")
# Assignments that describe a metric and compute nothing.
DESCRIPTIONS = {"Archived", "Definition", "Metric", "Part", "load"}
# What a description says of the code that is called.
CALLED = {"archived", "copy", "list_units", "parts", "rebuild", "walk"}
# Longer hashes would tell no more apart: nobody forges a form.
HASH_CHARACTERS = 16
# A literal, which stays as it is; or a comment or white space, which do not count.
_LITERAL_OR_SPACE = re.compile(r"('(?:[^']|'')*')|(?:--[^\n]*|/\*.*?\*/|\s)+", re.DOTALL)


class Form(Record, frozen=True, kw_only=True):
    """What a definition computes."""

    statement: str  # hash of the registered statement
    code: str  # hash of the code and the statements it runs

    def __str__(self) -> str:
        return f"{self.statement}.{self.code}"

    @classmethod
    def parse(cls, text: str) -> "Form":
        """The form that was written as statement, point, code."""
        statement, _, code = text.partition(".")
        return cls(statement=statement, code=code)


def form_of(definition: Definition) -> Form:
    """The form of a definition as the program is now."""
    return Form(
        statement=hash_statement(registered_text(definition)),
        code=_hash(*sorted(_hash_module(name) for name in _formula_modules(definition.module))),
    )


def registered_text(definition: Definition) -> str:
    """The statement of a definition as a reader sees it, over the real tables."""
    text = definition.queries[definition.statement].text
    return text.replace("{schema}", "metrics").replace("{{}}", "{}").replace("%%", "%")


def hash_statement(text: str) -> str:
    """The hash of a statement without its comments, however it is laid out."""
    return _hash(_LITERAL_OR_SPACE.sub(lambda part: part[1] or " ", text).strip())


@cache
def _formula_modules(module: str) -> frozenset[str]:
    """A module of metrics and all modules of metrics that it imports, directly or not."""
    found: set[str] = set()
    pending = [module]
    while pending:
        name = pending.pop()
        if name not in found and not NOT_FORMULAS.fullmatch(name):
            found.add(name)
            pending.extend(_imported(name))
    return frozenset(found)


def _imported(module: str) -> Iterator[str]:
    for node in ast.walk(_parse(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if _path_of(name).exists() else str(node.module)


def _path_of(module: str) -> Path:
    return FOLDER.joinpath(*module.removeprefix(f"{PACKAGE}.").split(".")).with_suffix(".py")


@cache
def _parse(module: str) -> ast.Module:
    return ast.parse(_path_of(module).read_text(encoding="utf-8"))


@cache
def _hash_module(module: str) -> str:
    code = "\n".join(map(_code_of, _parse(module).body))
    path = _path_of(module)
    queries = load(str(path)) if path.with_suffix(".sql").exists() else {}
    return _hash(
        code, *(f"{name} {hash_statement(queries[name].text)}" for name in sorted(queries))
    )


def _code_of(node: ast.stmt) -> str:
    """What a statement of a module computes: nothing for imports and words."""
    if isinstance(node, ast.Import | ast.ImportFrom) or _is_docstring(node):
        return ""
    if not isinstance(node, ast.Assign):
        return _written(node)
    call = node.value
    called = call.func if isinstance(call, ast.Call) else None
    if isinstance(call, ast.Call) and isinstance(called, ast.Name) and called.id in DESCRIPTIONS:
        return _written([part.value for part in call.keywords if part.arg in CALLED])
    is_words = isinstance(node.targets[0], ast.Name) and node.targets[0].id.startswith("WORDS")
    return "" if is_words else _written(node)


def _written(value: object) -> str:
    """A part of a syntax tree as text, the same in every version of Python."""
    if is_array(value):
        return "[" + ",".join(_written(item) for item in value if not _is_docstring(item)) + "]"
    if not isinstance(value, ast.AST):
        return repr(value)
    fields = (
        f"{name}={_written(part)}"
        for name, part in ast.iter_fields(value)
        if part not in (None, []) and name not in ("annotation", "returns", "type_params", "ctx")
    )
    return f"{type(value).__name__}({','.join(fields)})"


def _is_docstring(node: object) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:HASH_CHARACTERS]
