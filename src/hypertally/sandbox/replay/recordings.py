"""Recorded fills and recorded answers of a folder, in any of the formats they were saved in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import cast

import msgspec

FILE_BYTES_MAX = 256 * 1024 * 1024  # a file is read as a whole; a larger one is a bulk export
REQUESTS_FILE = "_requests.json"
FILL_TYPES = ("userFills", "userFillsByTime")
SLICE_TYPES = ("userTwapSliceFills", "userTwapSliceFillsByTime")
FILL_FIELDS = frozenset(("coin", "px", "sz", "side", "time", "oid"))
ADDRESS_CHARS = 42

Json = dict[str, object]


class BadRecording(ValueError):
    """A file of the replay folder cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFill:
    """One fill with every recorded field, and its wallet."""

    user: str
    time_ms: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """One request and its recorded answer."""

    request: Json
    status: int
    body: bytes
    recorded_at: datetime

    @property
    def age_key(self) -> tuple[datetime, int]:
        """The sort key of age: older first; of two answers without a date the shorter first."""
        return self.recorded_at, len(self.body)


@dataclass(slots=True)
class Recordings:
    """The recordings of a folder and its subfolders."""

    fills: list[RecordedFill] = field(default_factory=list[RecordedFill])
    answers: list[RecordedAnswer] = field(default_factory=list[RecordedAnswer])


def read_recordings(folder: Path) -> Recordings:
    """Read the recordings of a folder and its subfolders, in the order of their names."""
    if not folder.is_dir():
        message = f"replay folder {folder} does not exist: name a folder of recorded answers"
        raise BadRecording(message)
    recordings = Recordings()
    listed = set[Path]()
    for index in sorted(folder.rglob(REQUESTS_FILE)):
        listed.add(index)
        for answer, file in _recorded_answers(index):
            listed.add(file)
            recordings.answers.append(answer)
            recordings.fills += _answered_fills(answer)
    for file in sorted(folder.rglob("*.json*")):
        if file.suffix in (".json", ".jsonl") and file.is_file() and file not in listed:
            recordings.fills += _file_fills(file, file.relative_to(folder).as_posix())
    return recordings


def _recorded_answers(index: Path) -> Iterator[tuple[RecordedAnswer, Path]]:
    for entry in cast("list[Json]", _decoded(_read(index), index)):
        file = index.parent / str(entry["file"])
        answer = RecordedAnswer(
            request=cast("Json", entry["request"]),
            status=int(str(entry.get("http_status") or 200)),
            body=_read(file),
            recorded_at=_date(str(entry.get("recorded") or "")),
        )
        yield answer, file


def _date(text: str) -> datetime:
    return parsedate_to_datetime(text) if text else datetime.min.replace(tzinfo=UTC)


def _answered_fills(answer: RecordedAnswer) -> list[RecordedFill]:
    if answer.request.get("type") not in (*FILL_TYPES, *SLICE_TYPES):
        return []
    user = str(answer.request["user"]).lower()
    if answer.request["type"] in SLICE_TYPES:
        slices = cast("object", msgspec.json.decode(answer.body))
        return [
            RecordedFill(user=user, time_ms=int(str(fill["time"])), body=msgspec.json.encode(fill))
            for _, fill in _find_fills(slices, user)
        ]
    rows = msgspec.json.decode(answer.body, type=list[msgspec.Raw])
    return [RecordedFill(user=user, time_ms=_time(bytes(row)), body=bytes(row)) for row in rows]


def _time(body: bytes) -> int:
    return msgspec.json.decode(body, type=_Timed).time


class _Timed(msgspec.Struct):
    time: int


def _file_fills(file: Path, name: str) -> list[RecordedFill]:
    fills = [pair for value in _values(file) for pair in _find_fills(value, None)]
    without_user = [fill for user, fill in fills if user is None]
    owner = _own_liquidation(without_user) or f"0x{sha256(name.encode()).hexdigest()[:40]}"
    return [
        RecordedFill(
            user=(user or owner).lower(),
            time_ms=int(str(fill["time"])),
            body=msgspec.json.encode(fill),
        )
        for user, fill in fills
    ]


def _values(file: Path) -> list[object]:
    content = _read(file)
    if file.suffix == ".json":
        return [_decoded(content, file)]
    return [_decoded(line, file) for line in content.splitlines() if line.strip()]


def _find_fills(value: object, user: str | None) -> Iterator[tuple[str | None, Json]]:
    """Find fills at any depth; the nearest address beside or above a fill is its wallet."""
    if isinstance(value, dict):
        node = cast("Json", value)
        user = _address(node.get("user")) or user
        if _is_fill(node):
            yield user, node
        elif isinstance(node.get("fill"), dict):
            # A slice has the TWAP's number beside the fill, where the fill's own field is null.
            yield from _find_fills(
                {**cast("Json", node["fill"]), "twapId": node.get("twapId")}, user
            )
        else:
            for inner in node.values():
                yield from _find_fills(inner, user)
    elif isinstance(value, list):
        items = cast("list[object]", value)
        named = _address(items[0]) if items else None
        for item in items:
            yield from _find_fills(item, named or user)


def _is_fill(node: Json) -> bool:
    return node.keys() >= FILL_FIELDS and isinstance(node["time"], int)


def _address(value: object) -> str | None:
    if isinstance(value, str) and value.startswith("0x") and len(value) == ADDRESS_CHARS:
        return value
    return None


def _own_liquidation(fills: list[Json]) -> str | None:
    """Return the wallet whose liquidation these rows show; None for another wallet's."""
    forced = [fill for fill in fills if isinstance(fill.get("liquidation"), dict)]
    users = {str(cast("Json", fill["liquidation"]).get("liquidatedUser")) for fill in forced}
    own = all(
        fill.get("crossed") is True and str(fill.get("dir")).startswith(("Close", "Liquidated"))
        for fill in forced
    )
    return users.pop() if own and len(users) == 1 else None


def _read(file: Path) -> bytes:
    size = file.stat().st_size
    if size > FILE_BYTES_MAX:
        message = f"{file} has {size} bytes: recordings are read up to {FILE_BYTES_MAX}, split it"
        raise BadRecording(message)
    return file.read_bytes()


def _decoded(content: bytes, file: Path) -> object:
    try:
        return cast("object", msgspec.json.decode(content))
    except msgspec.DecodeError as error:
        message = f"{file} is not JSON ({error}): fix it or take it out of the replay folder"
        raise BadRecording(message) from error
