"""Serves recorded answers, and any window of recorded fills, instead of a population."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast, final

import msgspec

from hypertally.sandbox.exchange.leaderboard import Standing, standing_of
from hypertally.sandbox.exchange.protocol import UNREADABLE, UNSUPPORTED, Answer
from hypertally.sandbox.population.population import WalletCount
from hypertally.sandbox.population.wallet_history import Feed, SortOrder, Tape
from hypertally.sandbox.replay.recordings import (
    FILL_TYPES,
    SLICE_TYPES,
    Json,
    RecordedAnswer,
    RecordedFill,
    read_recordings,
)

ROW_TYPES = (*FILL_TYPES, *SLICE_TYPES, "twapHistory")


@final
class ReplayExchange:
    """A folder of recordings behind the exchange's own endpoint."""

    def __init__(self, folder: Path) -> None:
        found = read_recordings(folder)
        self._tapes = _tapes(found.fills)
        slices = [fill for fill in found.fills if _is_slice(fill.body)]
        ordinary = [fill for fill in found.fills if not _is_slice(fill.body)]
        self._feeds = {
            Feed.FILLS: self._tapes,
            Feed.ORDINARY: _tapes(ordinary),
            Feed.SLICES: _tapes(slices),
            Feed.STATUSES: dict[str, Tape](),  # no recording holds any
        }
        self._answers = _answers(found.answers)
        self._newest_first = _newest_first_users(found.answers)

    @property
    def start_clock_ms(self) -> int:
        """The moment after the last recorded fill."""
        times = [row.time_ms for tape in self._tapes.values() for row in tape.rows()]
        return max(times, default=0) + 1

    def advance(self, now_ms: int) -> None:
        """Do nothing: what was recorded has happened."""

    def wallets(self) -> list[WalletCount]:
        """List the recorded wallets, the one with most fills first."""
        counts = [WalletCount(address=user, legs=len(tape)) for user, tape in self._tapes.items()]
        return sorted(counts, key=lambda count: (-count.legs, count.address))

    def legs(self) -> Iterator[tuple[str, bytes]]:
        """Give every (wallet, fill row), wallet by wallet, in execution order."""
        for user, tape in self._tapes.items():
            for row in tape.rows():
                yield user, row.body

    def tape(self, user: str, feed: Feed) -> Tape | None:
        """Find a list of a recorded wallet."""
        return self._feeds[feed].get(user)

    def by_time_order(self, user: str) -> SortOrder | None:
        """Keep the order the wallet's own answers were recorded in."""
        return SortOrder.NEWEST if user in self._newest_first else None

    def standings(self, now_ms: int) -> list[Standing]:
        """Rank the recorded wallets by what their fills realised."""
        return [standing_of(user, tape, now_ms) for user, tape in self._tapes.items()]

    def answer(self, body: bytes, *, now_ms: int) -> Answer:  # noqa: ARG002 - recorded is recorded
        """Give the recorded answer of a request."""
        try:
            request = msgspec.json.decode(body, type=Json)
        except msgspec.DecodeError:
            return UNREADABLE
        if not isinstance(request.get("type"), str) or request["type"] in ROW_TYPES:
            return UNREADABLE
        return self._answers.get(_request_key(request), UNSUPPORTED)


class _Twap(msgspec.Struct, rename="camel"):
    twap_id: int | None = None


def _is_slice(body: bytes) -> bool:
    return msgspec.json.decode(body, type=_Twap).twap_id is not None


def _tapes(fills: Sequence[RecordedFill]) -> dict[str, Tape]:
    by_user: defaultdict[str, list[RecordedFill]] = defaultdict(list)
    for fill in fills:
        by_user[fill.user].append(fill)
    tapes: dict[str, Tape] = {}
    for user, own in by_user.items():
        tapes[user] = Tape()
        # Stable: inside a millisecond every kind of answer keeps execution order.
        for fill in sorted(_once(own), key=lambda fill: fill.time_ms):
            tapes[user].append(fill.time_ms, fill.body)
    return tapes


def _once(fills: list[RecordedFill]) -> Iterator[RecordedFill]:
    """Drop what several recordings of one wallet show again."""
    seen = Counter[bytes]()
    for fill in fills:
        seen[fill.body] += 1
        if seen[fill.body] == 1:
            yield fill


def _answers(recorded: Sequence[RecordedAnswer]) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for answer in sorted(recorded, key=lambda answer: answer.age_key):
        content = cast("object", msgspec.json.decode(answer.body))
        rows = len(cast("list[object]", content)) if isinstance(content, list) else 0
        given = Answer(status=answer.status, body=answer.body, rows=rows)
        answers[_request_key(answer.request)] = given
        if answer.request.get("type") == "spotMetaAndAssetCtxs":
            meta = msgspec.json.decode(answer.body, type=list[msgspec.Raw])[0]
            answers[_request_key({"type": "spotMeta"})] = Answer(body=bytes(meta))
    return answers


def _newest_first_users(recorded: Sequence[RecordedAnswer]) -> frozenset[str]:
    users = set[str]()
    for answer in recorded:
        if answer.request.get("type") == "userFillsByTime":
            rows = msgspec.json.decode(answer.body, type=list[Json])
            if rows and int(str(rows[0]["time"])) > int(str(rows[-1]["time"])):
                users.add(str(answer.request["user"]).lower())
    return frozenset(users)


def _request_key(request: Json) -> str:
    """Make requests comparable: key order, the case of an address and an empty dex mean nothing."""
    plain = {name: value for name, value in request.items() if (name, value) != ("dex", "")}
    if isinstance(user := plain.get("user"), str):
        plain["user"] = user.lower()
    return msgspec.json.encode(plain, order="deterministic").decode()
