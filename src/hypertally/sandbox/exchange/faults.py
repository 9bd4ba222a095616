"""The exchange's bad days, on demand: seeded, counted, and changed at run time."""

from collections.abc import Callable
from random import Random
from typing import cast, final
from zlib import crc32

import msgspec

from hypertally.sandbox.exchange.protocol import NULL_BODY, Answer
from hypertally.sandbox.population.wallet_history import Row

DEFAULT_MAX_COUNT = 20  # every fault ends by itself unless told otherwise
REPEATED_ROWS_MAX = 5
DAY_MS = 86_400_000


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One way to fail, how likely, and how often at most."""

    probability: float = 1.0
    max_count: int = DEFAULT_MAX_COUNT
    delay_ms: int = 5_000  # late: until a fill shows; slow: until the answer starts
    older_than_ms: int = 30 * DAY_MS  # thin: which fills go missing
    share: float = 0.2  # invalid_rows: of the leaderboard's rows
    types: list[str] | None = None  # only these request types; None means every one

    def __post_init__(self) -> None:
        for name in ("probability", "share"):
            if not 0 <= getattr(self, name) <= 1:
                message = f"{name} is {getattr(self, name)}: use a number from 0 to 1"
                raise ValueError(message)
        if min(self.max_count, self.delay_ms, self.older_than_ms) < 0:
            message = "max_count, delay_ms and older_than_ms cannot be negative"
            raise ValueError(message)


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which faults are on; a fault that is None is off."""

    late: Fault | None = None  # a fill shows only some time after it happened
    thin: Fault | None = None  # old windows answer with a subset of their rows
    repeated: Fault | None = None  # rows come twice in one answer
    reordered: Fault | None = None  # rows come in any order
    malformed_row: Fault | None = None  # one broken row among good ones
    amended: Fault | None = None  # a key comes again with other content
    truncated: Fault | None = None  # the body ends in the middle of its JSON
    not_json: Fault | None = None  # a web page, with status 200
    null_body: Fault | None = None  # status 500 with `null`
    http_5xx: Fault | None = None  # a gateway's error
    http_429: Fault | None = None  # a limit that was not reached
    dropped: Fault | None = None  # the connection closes in the middle of the answer
    slow: Fault | None = None  # the answer takes its time
    outage: Fault | None = None  # nothing works
    invalid_rows: Fault | None = None  # a share of the leaderboard's rows cannot be read
    empty: Fault | None = None  # the leaderboard lists nobody


def decode_faults(body: bytes) -> dict[str, Fault | None]:
    """Read a change of faults; raises msgspec.ValidationError naming what is wrong."""
    _ = msgspec.json.decode(body, type=Faults)  # names and numbers; keeps no null
    return msgspec.json.decode(body, type=dict[str, Fault | None])


@final
class FaultBox:
    """Decides, request by request and row by row, what goes wrong."""

    def __init__(self, *, seed: int = 1, faults: Faults | None = None) -> None:
        self._random = Random(f"faults:{seed}")
        self._seed = seed
        self._faults: dict[str, Fault] = {}
        self._hidden: dict[str, set[int]] = {"late": set(), "thin": set()}
        self.counts: dict[str, int] = {}
        self.change(msgspec.structs.asdict(faults or Faults()))

    def change(self, faults: dict[str, Fault | None]) -> None:
        """Switch the named faults on or off and count them anew; others stay as they are."""
        for name, fault in faults.items():
            _ = self._faults.pop(name, None)
            self._hidden.get(name, set[int]()).clear()
            if fault is not None:
                self._faults[name] = fault
                self.counts[name] = 0

    def clear(self) -> None:
        """Switch every fault off; the counts stay readable."""
        self._faults.clear()
        for hidden in self._hidden.values():
            hidden.clear()

    def active(self) -> dict[str, Fault]:
        """List the faults that are switched on, used up or not."""
        return dict(self._faults)

    def strike(self, name: str, type_name: str) -> Fault | None:
        """Draw whether a fault hits this request, and count it."""
        fault = self._faults.get(name)
        if fault is None or (fault.types is not None and type_name not in fault.types):
            return None
        if self.counts[name] >= fault.max_count or self._random.random() >= fault.probability:
            return None
        self.counts[name] += 1
        return fault

    def refuse(self, type_name: str) -> Answer | None:
        """Give the answer of a request that never reaches the exchange."""
        if "outage" in self._faults and self._refuses_all(type_name):
            return _text(503, "Service Unavailable")
        if self.strike("http_429", type_name):
            return _text(429, "Too Many Requests")
        if self.strike("http_5xx", type_name):
            return _text(self._random.choice((500, 502, 503, 504)), "Bad Gateway")
        if self.strike("null_body", type_name):
            return Answer(status=500, body=NULL_BODY)
        if self.strike("not_json", type_name):
            return Answer(body=b"<html><body>Just a moment...</body></html>")
        return None

    def keep(self, now_ms: int) -> Callable[[Row], bool] | None:
        """Say which fills show at a time; None when all do."""
        late, thin = self._faults.get("late"), self._faults.get("thin")
        if late is None and thin is None:
            return None

        def shows(row: Row) -> bool:
            young = late is not None and row.time_ms > now_ms - late.delay_ms
            if young and late is not None and self._hides("late", late, row):
                return False
            old = thin is not None and row.time_ms < now_ms - thin.older_than_ms
            return not (old and thin is not None and self._hides("thin", thin, row))

        return shows

    def disturb(self, bodies: list[bytes], type_name: str) -> list[bytes]:
        """Spoil the rows of one answer; every good row is still among them."""
        if not bodies:
            return bodies
        rows = list(bodies)
        if self.strike("reordered", type_name):
            self._random.shuffle(rows)
        if self.strike("repeated", type_name):
            for row in self._random.choices(rows, k=min(len(rows), REPEATED_ROWS_MAX)):
                rows.insert(self._random.randrange(len(rows) + 1), row)
        if self.strike("amended", type_name):
            at = self._random.randrange(len(rows))
            rows.insert(self._random.randint(at + 1, len(rows)), _amended(rows[at]))
        if self.strike("malformed_row", type_name):
            spoil = self._random.choice((_without_coin, _with_broken_price))
            at = self._random.randrange(len(rows))
            rows.insert(at, spoil(rows[at]))
        return rows

    def cut(self, body: bytes, type_name: str) -> bytes:
        """End a body in the middle of its JSON."""
        if len(body) > 2 and self.strike("truncated", type_name):  # noqa: PLR2004 - not `[]`
            return body[: self._random.randrange(1, len(body) - 1)]
        return body

    def _refuses_all(self, type_name: str) -> bool:
        # An outage lasts until it is cleared, so its count is only a figure to look at.
        fault = self._faults["outage"]
        hit = fault.types is None or type_name in fault.types
        self.counts["outage"] += hit
        return hit

    def _hides(self, name: str, fault: Fault, row: Row) -> bool:
        """Decide by the row itself, so that the same row stays hidden."""
        mark = crc32(row.body, crc32(f"{name}:{self._seed}".encode()))
        if mark >= fault.probability * 2**32:
            return False
        hidden = self._hidden[name]
        if mark not in hidden and len(hidden) >= fault.max_count:
            return False
        hidden.add(mark)
        self.counts[name] = len(hidden)
        return True


def _text(status: int, body: str) -> Answer:
    return Answer(status=status, body=body.encode(), content_type="text/plain; charset=utf-8")


def _changed(body: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    row = msgspec.json.decode(body, type=dict[str, object])
    _ = change(row)
    return msgspec.json.encode(row)


def _amended(body: bytes) -> bytes:
    def amend(row: dict[str, object]) -> None:
        if "state" in row:
            _inside(row).update(executedNtl="123.456")
        else:
            _inside(row).update(closedPnl="123.456", fee="0.000123")

    return _changed(body, amend)


def _without_coin(body: bytes) -> bytes:
    return _changed(body, lambda row: _inside(row).pop("coin", None))


def _with_broken_price(body: bytes) -> bytes:
    name = "sz" if b'"state"' in body else "px"
    return _changed(body, lambda row: _inside(row).update({name: "NaN"}))


def _inside(row: dict[str, object]) -> dict[str, object]:
    """Find the figures of a row: slices and statuses of TWAPs hold them one level down."""
    return cast("dict[str, object]", row.get("fill") or row.get("state") or row)
