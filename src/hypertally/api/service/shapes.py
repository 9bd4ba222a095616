"""The shapes of the answers about the machinery; see shapes.py of resource."""

from typing import Annotated, Literal

from pydantic import Field

from hypertally.api.resource.shapes import Shape, Time, Wallet


class Database(Shape):
    """The server and its schema."""

    server_version: str
    schema_: Annotated[str, Field(alias="schema")]
    server_time: Time


class Pulls(Shape):
    """How the pulls of the org's wallets stand."""

    tracked: int
    never_pulled: int
    behind: int
    failing: int


class FailingWallet(Shape):
    """A wallet whose last pull failed."""

    wallet: Wallet
    last_error: str
    pulled_at: Time | None


class System(Shape):
    """How the machinery stands."""

    version: str
    database: Database
    wallets: Pulls
    failing: list[FailingWallet]


class Story(Shape):
    """An event that shows a feature: a liquidation, a late fill, a gap, a herd or a TWAP.

    `fills`: how many came late. `alert`: the state of the wallet's alert of missing fills.
    """

    kind: Literal["liquidation", "late_fill", "gap_repaired", "gap_open", "herding", "twap"]
    at: Time
    wallet: str | None
    coin: str | None
    twap_id: str | None
    fills: int | None
    alert: str | None


class Stories(Shape):
    """What to look at in the books of a made-up exchange."""

    stories: list[Story]
