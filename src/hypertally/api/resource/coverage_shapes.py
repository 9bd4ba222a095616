"""The shape of the coverage, with the log of the TWAP source; see shapes.py."""

from hypertally.api.resource.shapes import Amount, Shape, Time, WalletGap


class UnreadObject(Shape):
    """An object of the TWAP source that was not read to its end, or is none to read."""

    object: str
    at: Time
    is_skipped: bool
    reason: str


class RejectReason(Shape):
    """How many rows of the TWAP source were refused for a reason."""

    reason: str
    rows: int


class TwapSourceLog(Shape):
    """What the TWAP source has brought, refused and cost so far."""

    objects: int
    failed: int
    skipped: int
    rows_new: int
    rows_repeated: int
    rows_rejected: int
    bytes_read: Amount
    cost_usd: Amount
    readings_without_cost: int
    last_read_at: Time | None
    newest_object_at: Time | None
    unread: list[UnreadObject]
    reject_reasons: list[RejectReason]


class Coverage(Shape):
    """A page of gaps, newest first, how many rows were odd, and the logs of TWAPs' sources."""

    gaps: list[WalletGap]
    next: str | None
    conflicts: int
    rejects: int
    twap_source: TwapSourceLog
    fill_archive: TwapSourceLog
