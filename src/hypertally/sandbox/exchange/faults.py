"""Faults of the exchange on demand: seeded, counted, and changed at run time."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import cast, final
from zlib import crc32

import msgspec

from hypertally.sandbox.exchange.protocol import NULL_BODY, HttpAnswer
from hypertally.sandbox.population.wallet_history import Row

DEFAULT_MAX_COUNT = 20  # every fault ends by itself, unless its settings say otherwise
REPEATED_ROWS_MAX = 5
DAY_MS = 86_400_000
FIRST_FAULTS = "faults.json"


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The settings of a fault: its probability, its most occurrences, and where it applies."""

    probability: float = 1.0
    max_count: int = DEFAULT_MAX_COUNT
    delay_ms: int = 5_000  # late: until a fill is shown; slow: until the answer starts
    delays_ms: list[int] | None = None  # late: one of these for each fill, in place of delay_ms
    older_than_ms: int = 30 * DAY_MS  # thin: the age of the fills that are missing
    users: list[str] | None = None  # thin: whose fills are missing; None: anybody's
    spot_users: list[str] = []  # thin: of these users too, but their spot fills alone
    share: float = 0.2  # invalid_rows: of the leaderboard's rows
    types: list[str] | None = None  # the request types it applies to; None: all of them
    skip: int = 0  # how many requests that it applies to pass before it begins

    def __post_init__(self) -> None:
        for name in ("probability", "share"):
            if not 0 <= getattr(self, name) <= 1:
                message = f"{name} is {getattr(self, name)}: use a number from 0 to 1"
                raise ValueError(message)
        durations_ms = (self.delay_ms, self.older_than_ms, *(self.delays_ms or ()))
        if min(self.max_count, self.skip, *durations_ms) < 0:
            message = "max_count, delay_ms, delays_ms, older_than_ms and skip cannot be negative"
            raise ValueError(message)


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The faults that are on; None: the fault is off."""

    late: Fault | None = None  # a fill is shown only some time after its execution
    thin: Fault | None = None  # some old rows are missing
    repeated: Fault | None = None  # an answer holds some rows twice
    reordered: Fault | None = None  # the rows of an answer are shuffled
    malformed_row: Fault | None = None  # one broken row among good ones
    amended: Fault | None = None  # a row is repeated with the same key and other content
    truncated: Fault | None = None  # the body ends in the middle of its JSON
    not_json: Fault | None = None  # a web page, with status 200
    null_body: Fault | None = None  # status 500 with `null`
    http_5xx: Fault | None = None  # a gateway's error
    http_429: Fault | None = None  # though the limit is not reached
    dropped: Fault | None = None  # the connection closes in the middle of the answer
    slow: Fault | None = None  # the answer starts late
    outage: Fault | None = None  # every request gets status 503
    invalid_rows: Fault | None = None  # a share of the leaderboard's rows cannot be read
    empty: Fault | None = None  # the leaderboard has no rows


def decode_faults(body: bytes) -> dict[str, Fault | None]:
    """Read a change of faults; raises msgspec.ValidationError naming what is wrong."""
    _ = msgspec.json.decode(body, type=Faults)  # checks names and numbers; drops null
    return msgspec.json.decode(body, type=dict[str, Fault | None])


def read_faults(state: Path | None) -> Faults:
    """Read the faults that an exchange begins with: of a file beside its state, if there is one."""
    file = None if state is None else state.with_name(FIRST_FAULTS)
    if file is None or not file.exists():
        return Faults()
    return msgspec.json.decode(file.read_bytes(), type=Faults)


@final
class FaultInjector:
    """Decides for each request and each row which fault happens."""

    def __init__(self, *, seed: int = 1, faults: Faults | None = None) -> None:
        self._random = Random(f"faults:{seed}")
        self._seed = seed
        self._faults: dict[str, Fault] = {}
        self._passed: dict[str, int] = {}  # requests that a fault let pass
        self._hidden: dict[str, set[int]] = {"late": set(), "thin": set()}
        self.counts: dict[str, int] = {}
        self.change(msgspec.structs.asdict(faults or Faults()))

    def change(self, faults: dict[str, Fault | None]) -> None:
        """Switch the named faults on or off and reset their counts; other faults stay."""
        for name, fault in faults.items():
            _ = self._faults.pop(name, None)
            self._hidden.get(name, set[int]()).clear()
            if fault is not None:
                self._faults[name] = fault
                self.counts[name] = 0
                self._passed[name] = 0

    def clear(self) -> None:
        """Switch every fault off; the counts remain."""
        self._faults.clear()
        for hidden in self._hidden.values():
            hidden.clear()

    def active(self) -> dict[str, Fault]:
        """Return the faults that are on, also those that reached their count."""
        return dict(self._faults)

    def trigger(self, name: str, type_name: str) -> Fault | None:
        """Draw whether a fault happens to this request, and count it."""
        fault = self._faults.get(name)
        if fault is None or (fault.types is not None and type_name not in fault.types):
            return None
        if self._passed[name] < fault.skip:
            self._passed[name] += 1
            return None
        if self.counts[name] >= fault.max_count or self._random.random() >= fault.probability:
            return None
        self.counts[name] += 1
        return fault

    def refusal(self, type_name: str) -> HttpAnswer | None:
        """Return the answer of a request that fails before the exchange; None if it passes."""
        if "outage" in self._faults and self._is_outage(type_name):
            return _text(503, "Service Unavailable")
        if self.trigger("http_429", type_name):
            return _text(429, "Too Many Requests")
        if self.trigger("http_5xx", type_name):
            return _text(self._random.choice((500, 502, 503, 504)), "Bad Gateway")
        if self.trigger("null_body", type_name):
            return HttpAnswer(status=500, body=NULL_BODY)
        if self.trigger("not_json", type_name):
            return HttpAnswer(body=b"<html><body>Just a moment...</body></html>")
        return None

    def visibility(self, now_ms: int, user: str = "") -> Callable[[Row], bool] | None:
        """Return the test of which rows of a wallet are shown at a time; None: all of them."""
        late, thin = self._faults.get("late"), self._faults.get("thin")
        spot_alone = thin is not None and user in thin.spot_users
        if thin is not None and thin.users is not None and user not in thin.users:
            thin = thin if spot_alone else None
        if late is None and thin is None:
            return None

        def is_shown(row: Row) -> bool:
            young = late is not None and row.time_ms > now_ms - _delay_ms(late, row)
            if young and late is not None and self._hides("late", late, row):
                return False
            old = thin is not None and row.time_ms < now_ms - thin.older_than_ms
            if spot_alone and not _is_spot(row):
                return True
            return not (old and thin is not None and self._hides("thin", thin, row))

        return is_shown

    def damage_rows(self, bodies: list[bytes], type_name: str) -> list[bytes]:
        """Damage the rows of one answer; every good row remains among them."""
        if not bodies:
            return bodies
        rows = list(bodies)
        if self.trigger("reordered", type_name):
            self._random.shuffle(rows)
        if self.trigger("repeated", type_name):
            for row in self._random.choices(rows, k=min(len(rows), REPEATED_ROWS_MAX)):
                rows.insert(self._random.randrange(len(rows) + 1), row)
        if self.trigger("amended", type_name):
            index = self._random.randrange(len(rows))
            rows.insert(self._random.randint(index + 1, len(rows)), _amended(rows[index]))
        if self.trigger("malformed_row", type_name):
            make_malformed = self._random.choice((_without_coin, _with_broken_price))
            index = self._random.randrange(len(rows))
            rows.insert(index, make_malformed(rows[index]))
        return rows

    def truncate(self, body: bytes, type_name: str) -> bytes:
        """Cut a body in the middle of its JSON."""
        if len(body) > 2 and self.trigger("truncated", type_name):  # noqa: PLR2004 - not `[]`
            return body[: self._random.randrange(1, len(body) - 1)]
        return body

    def _is_outage(self, type_name: str) -> bool:
        # An outage lasts until it is switched off: its count limits nothing.
        fault = self._faults["outage"]
        applies = fault.types is None or type_name in fault.types
        self.counts["outage"] += applies
        return applies

    def _hides(self, name: str, fault: Fault, row: Row) -> bool:
        """Decide by a checksum of the row, so that the same row stays hidden."""
        checksum = crc32(row.body, crc32(f"{name}:{self._seed}".encode()))
        if checksum >= fault.probability * 2**32:
            return False
        hidden = self._hidden[name]
        if checksum not in hidden and len(hidden) >= fault.max_count:
            return False
        hidden.add(checksum)
        self.counts[name] = len(hidden)
        return True


def _is_spot(row: Row) -> bool:
    coin = str(_figures(msgspec.json.decode(row.body, type=dict[str, object])).get("coin", ""))
    return coin.startswith("@") or "/" in coin


def _delay_ms(late: Fault, row: Row) -> int:
    """How late a row is shown: by a checksum, so that the same row is always as late."""
    delays_ms = late.delays_ms or [late.delay_ms]
    return delays_ms[crc32(row.body) % len(delays_ms)]


def _text(status: int, body: str) -> HttpAnswer:
    return HttpAnswer(status=status, body=body.encode(), content_type="text/plain; charset=utf-8")


def _changed(body: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    row = msgspec.json.decode(body, type=dict[str, object])
    _ = change(row)
    return msgspec.json.encode(row)


def _amended(body: bytes) -> bytes:
    def amend(row: dict[str, object]) -> None:
        if "state" in row:
            _figures(row).update(executedNtl="123.456")
        else:
            _figures(row).update(closedPnl="123.456", fee="0.000123")

    return _changed(body, amend)


def _without_coin(body: bytes) -> bytes:
    return _changed(body, lambda row: _figures(row).pop("coin", None))


def _with_broken_price(body: bytes) -> bytes:
    name = "sz" if b'"state"' in body else "px"
    return _changed(body, lambda row: _figures(row).update({name: "NaN"}))


def _figures(row: dict[str, object]) -> dict[str, object]:
    """Return the object with a row's figures: in TWAP slices and statuses it is a field."""
    return cast("dict[str, object]", row.get("fill") or row.get("state") or row)
