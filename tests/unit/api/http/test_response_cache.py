"""CachedResponse answers: one spelling, right encodings, honest validators, bounded memory."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.api.http.response_cache import CachedResponse, ResponseCache, accepts_gzip, matches

TYPE = [(b"content-type", b"application/json")]


def finished(body: bytes, *, max_age: int = 60) -> CachedResponse:
    return CachedResponse(body, headers=TYPE, max_age=max_age, route="/x")


@pytest.mark.parametrize(
    ("offer", "accepted"),
    [
        (b"gzip", True), (b"br, gzip", True), (b"GZIP;q=0.5", True), (b"*", True),
        (b"", False), (b"br", False), (b"identity", False), (b"gzip;q=0", False),
        (b"gzip; q=0.0", False), (b"xgzip", False),
    ],
)  # fmt: skip
def test_gzip_is_used_where_it_is_offered(offer: bytes, *, accepted: bool) -> None:
    assert accepts_gzip(offer) is accepted


@pytest.mark.parametrize(
    ("named", "known"),
    [
        (b'"a"', True),
        (b'W/"a"', True),
        (b'"b", "a"', True),
        (b"*", True),
        (b'"b"', False),
        (b"a", False),
    ],
)
def test_a_validator_names_what_the_caller_has(named: bytes, *, known: bool) -> None:
    assert matches(named, b'"a"') is known


@given(st.binary(max_size=5000))
def test_both_encodings_hold_the_same_answer(body: bytes) -> None:
    answer = finished(body)
    plain = answer.for_request({})
    packed = answer.for_request({b"accept-encoding": b"gzip"})
    headers = dict(packed.head.message["headers"])
    if headers.get(b"content-encoding") == b"gzip":
        assert gzip.decompress(packed.body) == plain.body == body
        assert headers[b"etag"] != dict(plain.head.message["headers"])[b"etag"]
    else:
        assert packed.body == plain.body == body
    assert int(headers[b"content-length"]) == len(packed.body)


def test_a_304_has_no_length_and_the_same_validator() -> None:
    answer = finished(b"x" * 999)
    etag = dict(answer.for_request({}).head.message["headers"])[b"etag"]
    ready = answer.for_request({b"if-none-match": etag})
    headers = dict(ready.head.message["headers"])
    assert (ready.head.status, ready.body, headers[b"etag"]) == (304, b"", etag)
    assert b"content-length" not in headers


def test_an_answer_without_an_age_is_not_kept() -> None:
    answers = ResponseCache()
    answers.keep((1, "viewer", b"/x?"), finished(b"{}", max_age=0))
    assert not answers.entries
    answers.keep((1, "viewer", b"/x?"), finished(b"{}"))
    assert (1, "viewer", b"/x?") in answers.entries
    assert (2, "viewer", b"/x?") not in answers.entries
    assert (1, "admin", b"/x?") not in answers.entries


def test_memory_is_bounded_by_bytes_however_small_or_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypertally.api.http.response_cache.CACHE_BYTES_MAX", 100_000)
    answers = ResponseCache()
    for number in range(200):
        answers.keep((1, "viewer", b"/tiny?%d" % number), finished(b"{}"))
    assert len(answers.entries) <= 100_000 // 2_048
    for number in range(50):
        answers.keep((1, "viewer", b"/large?%d" % number), finished(b"x" * 20_000))
    assert sum(entry.size() for entry in answers.entries.values()) <= 100_000
    answers.keep((1, "viewer", b"/huge?"), finished(b"x" * 200_000))
    assert (1, "viewer", b"/huge?") not in answers.entries
