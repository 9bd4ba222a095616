"""Every spelling of a request has one target; what cannot be read is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.api.http.limits import PATH_BYTES_MAX, QUERY_BYTES_MAX
from hypertally.api.http.problems import Problem
from hypertally.api.http.request_target import read_target


@given(st.permutations([b"a=1", b"b=2", b"c=3", b""]))
def test_parameters_in_any_order_are_the_same_question(parts: list[bytes]) -> None:
    target = read_target(b"/api/x", b"&".join(parts))
    assert (target.key, target.query) == (b"/api/x?a=1&b=2&c=3", b"a=1&b=2&c=3")


def test_only_addresses_lose_their_case() -> None:
    upper = b"/api/v1/wallets/0XAB" + b"CD" * 19
    assert read_target(upper + b"/days", b"").key == upper.lower() + b"/days?"
    assert read_target(upper + b"/Days", b"").key == upper.lower() + b"/Days?"
    assert read_target(b"/api/Session", b"q=A").key == b"/api/Session?q=A"


def spelled(text: str, encoded: list[bool]) -> bytes:
    """The text with some of its letters percent-encoded."""
    return b"".join(
        b"%%%02x" % ord(letter) if is_encoded else letter.encode()
        for letter, is_encoded in zip(text, encoded, strict=True)
    )


@given(st.data())
def test_percent_encoding_any_letter_changes_nothing(data: st.DataObject) -> None:
    """`/%61pi/` went past the guard, and `%6Cimit=3&limit=7` was answered with 3."""
    path, query = "/api/v1/wallets/top", "limit"
    name, second = (
        spelled(query, data.draw(st.lists(st.booleans(), min_size=5, max_size=5))) for _ in "12"
    )
    letters = data.draw(st.lists(st.booleans(), min_size=len(path) - 1, max_size=len(path) - 1))
    target = read_target(b"/" + spelled(path[1:], letters), name + b"=3")
    assert (target.path, target.query, target.is_guarded) == (path, b"limit=3", True)
    with pytest.raises(Problem) as refused:
        read_target(path.encode(), name + b"=3&" + second + b"=7")
    assert (refused.value.status, refused.value.name) == (400, "limit")


@pytest.mark.parametrize(
    "path",
    ["//api/v1/session", "/./api/v1/session", "/x/../api/v1/session", "/api//v1/./session",
     "/..//api/v1/session", "/%2e%2E/api/v1/session", "/api%2Fv1%2fsession"],
)  # fmt: skip
def test_a_path_is_resolved_before_it_is_guarded(path: str) -> None:
    target = read_target(path.encode(), b"")
    assert (target.path, target.is_guarded) == ("/api/v1/session", True)


def test_a_slash_inside_a_name_stays_inside() -> None:
    inside = read_target(b"/api/v1/explain/x/smart_money%2f1", b"")
    assert inside.raw_path == b"/api/v1/explain/x/smart_money%2F1"
    between = read_target(b"/api/v1/explain/x/smart_money/1", b"")
    assert (inside.path, inside.key != between.key) == (between.path, True)


def test_a_folder_is_not_the_file_of_its_name() -> None:
    paths = ["/", "/ui/", "/ui", "/api/", "/api", ""]
    read = [read_target(path.encode(), b"").path for path in paths]
    assert read == ["/", "/ui/", "/ui", "/api/", "/api", "/"]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (b"/api/\xff", b"", 400), (b"/api/%ff", b"", 400), (b"/api/%ed%a0%80", b"", 400),
        (b"/api/x", b"a=%ff", 400), (b"/api/x", b"%c3=1", 400), (b"/api/x", b"a=\xe9", 400),
        (b"/ui/%00", b"", 400), (b"/api/%0a", b"", 400), (b"/a\x7f", b"", 400),
        (b"/" + b"x" * PATH_BYTES_MAX, b"", 414), (b"/", b"x" * (QUERY_BYTES_MAX + 1), 414),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(path: bytes, query: bytes, status: int) -> None:
    with pytest.raises(Problem) as refused:
        read_target(path, query)
    assert refused.value.status == status


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(path: bytes, query: bytes) -> None:
    try:
        target = read_target(b"/" + path, query)
    except Problem as problem:
        assert problem.status == 400  # noqa: PT017 - either is right
    else:
        # Read again, the one spelling is itself.
        key_path, _, key_query = target.key.partition(b"?")
        assert read_target(key_path, key_query) == target
