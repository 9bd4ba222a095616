"""`explain` lays an answer out anew, and leaves the text of each value as it is."""

import json

from hypothesis import given
from hypothesis import strategies as st

from hypertally.cli.explain import set_out

# As PostgreSQL writes numeric, and as anybody may: digits behind the point, signs, exponents.
NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)
STRINGS = st.text(max_size=20).map(json.dumps) | st.just('"\\u00e9 \\/ , : \\n "')
BLANKS = st.sampled_from(["", " ", "\n ", "\r\n", "\t"])


@st.composite
def lists(draw: st.DrawFn, items: st.SearchStrategy[str]) -> str:
    inner = draw(st.lists(items, max_size=4))
    return "[" + ",".join(draw(BLANKS) + item + draw(BLANKS) for item in inner) + "]"


@st.composite
def objects(draw: st.DrawFn, items: st.SearchStrategy[str]) -> str:
    fields = draw(st.lists(st.tuples(STRINGS, items), max_size=4))
    parts = (f"{draw(BLANKS)}{name}{draw(BLANKS)}:{draw(BLANKS)}{item}" for name, item in fields)
    return "{" + ",".join(parts) + draw(BLANKS) + "}"


SCALARS = NUMBERS | STRINGS | st.sampled_from(["true", "false", "null"])
BODIES = st.recursive(SCALARS, lambda items: lists(items) | objects(items), max_leaves=20)


def parts_of(body: str) -> object:
    """The answer with its numbers as text and its fields in their order, repeated ones too."""
    return json.loads(body, parse_int=str, parse_float=str, object_pairs_hook=list)


@given(BODIES)
def test_one_line_holds_every_value_as_it_was_written(body: str) -> None:
    line = set_out(body.encode(), compact=True).decode()
    assert "\n" not in line
    assert "\r" not in line
    assert parts_of(line) == parts_of(body)
    assert parts_of(set_out(body.encode(), compact=False).decode()) == parts_of(body)
