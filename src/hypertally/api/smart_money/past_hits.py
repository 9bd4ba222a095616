"""Past hits: how often the side of a signal was right before, beside the signal itself."""

from hypertally.api.smart_money.figures import Row, name_horizon
from hypertally.api.smart_money.outcomes import Sample, rate_band
from hypertally.store import queries
from hypertally.store.postgres import Connection, find_row

_QUERIES = queries.load(__file__)


async def read_past_hits(connection: Connection, signal: Row) -> dict[str, object] | None:
    """Return the hit rate of a signal's band after its horizon; None: it has no band."""
    if signal["band"] is None:
        return None
    names = ("asset", "definition", "window_minutes", "at", "band")
    values = {name: signal[name] for name in names}
    sample = await find_row(connection, _QUERIES["list_past_hits"], values, shape=Sample)
    seconds = 60 * signal["window_minutes"]
    rate = rate_band(signal["asset"], signal["band"], sample, seconds=seconds)
    del rate["asset"]
    return {**rate, "horizon": name_horizon(signal)}
