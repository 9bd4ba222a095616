"""Every error of the program, grouped by what the caller must do."""

from datetime import datetime


class HypertallyError(Exception):
    """Something went wrong in hypertally."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class TryLater(HypertallyError):
    """The outside is not ready; the same call may succeed later."""

    def __init__(self, message: str = "", *, at: datetime | None = None) -> None:
        super().__init__(message)
        self.at = at


class KeyTaken(TryLater):
    """Another transaction wrote the same key at the same moment: the next try sees its row."""


class RateLimited(TryLater):
    """The upstream refused for lack of allowance."""


class SourceDown(TryLater):
    """The upstream did not give a usable answer."""

    def __init__(
        self, message: str = "", *, at: datetime | None = None, unreachable: bool = False
    ) -> None:
        super().__init__(message, at=at)
        self.unreachable = unreachable  # it is not there at all, whatever is asked


class SourcePaused(SourceDown):
    """The upstream is down for everybody; nobody's attempt counts until it answers again."""


class BadPayload(HypertallyError):
    """The upstream broke its word: this row or answer cannot be read."""


class InvariantBroken(HypertallyError):
    """Our own data or code is wrong; stop and look."""


class Refused(HypertallyError):
    """The caller may not do this, or asked something that makes no sense."""


class LeaseLost(HypertallyError):
    """Another worker holds this job now; nothing of this attempt may be kept."""
