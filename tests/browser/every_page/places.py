"""The places of the page: every route, and the main states of each."""

from collections.abc import Sequence
from typing import Final

from tests.browser.stack import RunningStack

PAGES: Final = (
    "",
    "leaderboard?by=pnl&window=30d",
    "wallets",
    "wallets/{wallet}",
    "coverage",
    "smart-money",
    "smart-money/BTC/{at}",
    "twaps",
    "twaps?view=totals",
    "twaps?view=pressure",
    "twaps/{twap}",
    "nowhere",
)
STATES: Final = (
    "?range=2026-11&split=side&volume.as=table",
    "wallets?query=ffffffff",
    "wallets/0xabababababababababababababababababababab",
    "smart-money?universe=open&feed=open&outcomes=1h&trend.as=table&idle=shown",
    "smart-money/BTC/2020-01-01T00:00:00Z",
    "twaps/999999999",
    "?proof=global:{day}:fills",
    "?proof=range:30d:perp_volume_usd",
    "wallets/{wallet}?proof=wallet:{wallet}:{day}:fees_usd",
    "smart-money/BTC/{at}?proof=signal:BTC:{at}:cas.value",
    "twaps/{twap}&proof=twap:{number}:executed_size:{owner}",
)


def fill_in(stack: RunningStack, places: Sequence[str]) -> list[str]:
    """Return places with a wallet, a day, a signal and a TWAP that are there."""
    wallet = stack.get("/api/v1/wallets/top?by=fills&window=90d")["wallets"][0]["wallet"]
    twap = stack.get("/api/v1/twaps?start=2020-01-01")["twaps"][0]
    names = {
        "wallet": wallet,
        "day": stack.get(f"/api/v1/wallets/{wallet}/days?limit=2")["days"][1]["day"],
        "at": stack.get("/api/v1/smart-money/signals/BTC")["signals"][-1]["at"],
        "twap": f"{twap['twap_id']}?wallet={twap['wallet']}",
        "number": twap["twap_id"],
        "owner": twap["wallet"],
    }
    return [place.format(**names) for place in places]
