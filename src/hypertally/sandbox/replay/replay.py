"""An exchange that serves recorded answers, and any time range of recorded fills."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast, final

import msgspec

from hypertally.sandbox.exchange.leaderboard import LeaderboardRow, row_from_fills
from hypertally.sandbox.exchange.protocol import UNREADABLE, UNSUPPORTED, HttpAnswer
from hypertally.sandbox.population.population import WalletCount
from hypertally.sandbox.population.wallet_history import HistoryKind, SortOrder, WalletHistory
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
    """A folder of recordings as an exchange."""

    def __init__(self, folder: Path) -> None:
        recordings = read_recordings(folder)
        self._histories = _histories(recordings.fills)
        slices = [fill for fill in recordings.fills if _is_slice(fill.body)]
        ordinary = [fill for fill in recordings.fills if not _is_slice(fill.body)]
        self._histories_by_kind = {
            HistoryKind.FILLS: self._histories,
            HistoryKind.FILLS_WITHOUT_SLICES: _histories(ordinary),
            HistoryKind.TWAP_SLICES: _histories(slices),
            HistoryKind.TWAP_STATUSES: dict[str, WalletHistory](),  # recordings have none
        }
        self._answers = _answers(recordings.answers)
        self._newest_first = _newest_first_users(recordings.answers)

    @property
    def start_clock_ms(self) -> int:
        """The millisecond after the last recorded fill."""
        times = [row.time_ms for history in self._histories.values() for row in history.rows()]
        return max(times, default=0) + 1

    def advance(self, now_ms: int) -> None:
        """Do nothing: recordings do not change."""

    def wallets(self) -> list[WalletCount]:
        """List the recorded wallets, the most fills first."""
        counts = [
            WalletCount(address=user, legs=len(history))
            for user, history in self._histories.items()
        ]
        return sorted(counts, key=lambda count: (-count.legs, count.address))

    def fills(self) -> Iterator[tuple[str, bytes]]:
        """Return every (wallet, fill row), wallet by wallet, in execution order."""
        for user, history in self._histories.items():
            for row in history.rows():
                yield user, row.body

    def history(self, user: str, kind: HistoryKind) -> WalletHistory | None:
        """Find rows of a recorded wallet."""
        return self._histories_by_kind[kind].get(user)

    def by_time_order(self, user: str) -> SortOrder | None:
        """Return the order of the wallet's recorded answers."""
        return SortOrder.NEWEST if user in self._newest_first else None

    def leaderboard(self, now_ms: int) -> list[LeaderboardRow]:
        """Make a row of each recorded wallet from its fills."""
        return [row_from_fills(user, history, now_ms) for user, history in self._histories.items()]

    def answer(self, body: bytes, *, now_ms: int) -> HttpAnswer:  # noqa: ARG002 - recordings have their own times
        """Return the recorded answer of a request."""
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


def _histories(fills: Sequence[RecordedFill]) -> dict[str, WalletHistory]:
    by_user: defaultdict[str, list[RecordedFill]] = defaultdict(list)
    for fill in fills:
        by_user[fill.user].append(fill)
    histories: dict[str, WalletHistory] = {}
    for user, own in by_user.items():
        histories[user] = WalletHistory()
        # The sort is stable: the fills of one millisecond keep execution order.
        for fill in sorted(_without_repeats(own), key=lambda fill: fill.time_ms):
            histories[user].append(fill.time_ms, fill.body)
    return histories


def _without_repeats(fills: list[RecordedFill]) -> Iterator[RecordedFill]:
    """Drop the fills that another recording of the wallet showed before."""
    seen = Counter[bytes]()
    for fill in fills:
        seen[fill.body] += 1
        if seen[fill.body] == 1:
            yield fill


def _answers(recorded: Sequence[RecordedAnswer]) -> dict[str, HttpAnswer]:
    answers: dict[str, HttpAnswer] = {}
    for answer in sorted(recorded, key=lambda answer: answer.age_key):
        content = cast("object", msgspec.json.decode(answer.body))
        rows = len(cast("list[object]", content)) if isinstance(content, list) else 0
        given = HttpAnswer(status=answer.status, body=answer.body, rows=rows)
        answers[_request_key(answer.request)] = given
        if answer.request.get("type") == "spotMetaAndAssetCtxs":
            meta = msgspec.json.decode(answer.body, type=list[msgspec.Raw])[0]
            answers[_request_key({"type": "spotMeta"})] = HttpAnswer(body=bytes(meta))
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
    """Return a key of a request: key order, address case and an empty dex make no difference."""
    plain = {name: value for name, value in request.items() if (name, value) != ("dex", "")}
    if isinstance(user := plain.get("user"), str):
        plain["user"] = user.lower()
    return msgspec.json.encode(plain, order="deterministic").decode()
