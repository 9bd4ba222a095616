"""The leaderboard is read row by row in little memory, whole or not at all."""

import gc
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
import stamina
from tests.loopback import Reply, leaderboard_reply, row, scripted_server

from hypertally.errors import RateLimited, SourceDown
from hypertally.sources import leaderboard
from hypertally.sources.leaderboard import ROW_BYTES_MAX, TRIES_MAX, fetch

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ONE = row("0x" + "ab" * 20)


class Rows:
    """A reader that remembers."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def take(self, row: Any) -> None:
        self.rows.append(row)


class Count:
    """A reader that does not."""

    def __init__(self) -> None:
        self.rows = 0

    def take(self, row: Any) -> None:
        del row
        self.rows += 1


@pytest.fixture(autouse=True)
def no_waiting_between_tries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


async def read(url: str) -> tuple[Any, list[Any]]:
    answer, reader = await fetch(url, Rows, clock=lambda: NOW)
    return answer, reader.rows


async def failure(*replies: Reply) -> tuple[str, int]:
    """What a leaderboard that cannot be read is called, and how often it was asked."""
    async with scripted_server(*replies) as told:
        with pytest.raises(SourceDown) as caught:
            await read(told.url)
        return str(caught.value), told.request_count


async def test_every_row_is_handed_on_as_it_came_and_in_order() -> None:
    rows = [ONE, row("0x" + "cd" * 20, "-5.25"), "no object", None, [1], {}]
    body = b"".join(leaderboard_reply(rows).pieces)
    async with scripted_server(Reply([body])) as told:
        answer, found = await read(told.url)
    assert found == rows
    assert (answer.body, answer.weight, answer.asked_at) == (6, 0, NOW)
    assert answer.body_sha256 == sha256(body).digest()


async def test_a_row_split_at_any_byte_is_the_same_row() -> None:
    body = b"".join(leaderboard_reply([ONE, ONE]).pieces)
    for at in range(1, len(body), 7):
        rows = leaderboard._Rows(reader := Rows())
        rows.feed(body[:at])
        rows.feed(body[at:])
        rows.close()
        assert reader.rows == [ONE, ONE]


async def test_other_keys_of_the_answer_are_passed_over() -> None:
    body = b'{"a": [1, {"leaderboardRows": [2]}], "leaderboardRows": [3], "z": [4]}'
    async with scripted_server(Reply([body])) as told:
        _, rows = await read(told.url)
    assert rows == [3]


async def test_thirty_megabytes_are_read_in_less_than_three() -> None:
    rows = 40_000
    wide = row("0x" + "ab" * 20, displayName="n" * 400)
    async with scripted_server(leaderboard_reply(wide for _ in range(rows))) as told:
        gc.collect()
        tracemalloc.start()
        try:
            answer, reader = await fetch(told.url, Count, clock=lambda: NOW)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert reader.rows == answer.body == rows
    assert peak < 3_000_000


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([b""], "whole JSON"),
        ([b"<html>busy</html>"], "whole JSON"),
        ([b'{"leaderboardRows": [{"a": 1}'], "whole JSON"),
        ([b'{"leaderboardRows": [{"a": 1}]} and more'], "whole JSON"),
        ([b'{"leaderboardRows": [{"a": "\xff"}]}'], "whole JSON"),
        ([b'{"leaderboardRows": [{"a": ' + b"9" * 5000 + b"}]}"], "whole JSON"),
        ([b'{"leaderboardRows": [{"a": 1e999}]}'], "whole JSON"),
        ([b"null"], "no row"),
        ([b"{}"], "no row"),
        ([b'{"leaderboardRows": []}'], "no row"),
        ([b'{"leaderboardRows": {"0": [1]}}'], "no row"),
        ([b'{"leaderboardRows": ' + b"[" * 100_000], f"over {ROW_BYTES_MAX} bytes in one row"),
        ([b'{"leaderboardRows": ["' + b"a" * 100_000], f"over {ROW_BYTES_MAX} bytes in one row"),
    ],
)
async def test_an_answer_that_is_no_leaderboard_is_refused_after_all_tries(
    pieces: list[bytes], said: str
) -> None:
    message, asked = await failure(Reply(pieces))
    assert said in message
    assert asked == TRIES_MAX


async def test_an_answer_that_is_cut_off_is_refused_though_what_came_is_whole() -> None:
    whole = b"".join(leaderboard_reply([ONE]).pieces)
    message, _ = await failure(Reply([whole], cut=True))
    assert "did not answer" in message


async def test_a_status_that_is_no_success_is_named() -> None:
    message, asked = await failure(Reply(status=503))
    assert "HTTP 503" in message
    assert asked == TRIES_MAX


async def test_after_a_bad_answer_a_good_one_is_read_by_a_new_reader() -> None:
    cut = Reply([b'{"leaderboardRows": [1, 2, 3, '])
    async with scripted_server(cut, leaderboard_reply([ONE])) as told:
        _, rows = await read(told.url)
    assert rows == [ONE]


async def test_who_asked_too_often_does_not_ask_again() -> None:
    async with scripted_server(Reply(status=429)) as told:
        with pytest.raises(RateLimited):
            await read(told.url)
        assert told.request_count == 1


async def test_an_address_where_nobody_listens_is_named() -> None:
    async with scripted_server() as told:
        url = told.url
    with pytest.raises(SourceDown, match=url):
        await read(url)


async def test_an_answer_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaderboard, "ANSWER_SECONDS_MAX", 0.05)
    endless = (b"[" if number == 0 else b" " for number in range(10**9))
    async with scripted_server(Reply(endless)) as told:
        with pytest.raises(SourceDown, match=r"over 0\.05 seconds|not read on|not answer"):
            await read(told.url)
