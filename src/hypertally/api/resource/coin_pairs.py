"""Coins that a caller names by their pair: HYPE/USDC is the coin @107 of fills and TWAPs."""

from hypertally.api.http.problems import bad_parameter
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.postgres import Connection, read_rows

_QUERIES = queries.load(__file__)
_PAIR_MARK = "/"  # stands in the names of pairs, and in no other coin's


class _Pair(Record, frozen=True, kw_only=True):
    coin: str
    coin_name: str


async def find_coin(connection: Connection, text: str | None, *, parameter: str) -> str | None:
    """Return the coin that a text names: a pair in any case, anything else as it is written.

    Errors: `Problem` 400 for a pair that no coin has, and for one that several have.
    """
    if text is None or _PAIR_MARK not in text:
        return text
    pairs = await read_rows(connection, _QUERIES["list_pairs_named"], {"pair": text}, shape=_Pair)
    exact = [pair.coin for pair in pairs if text in (pair.coin, pair.coin_name)]
    coins = exact or [pair.coin for pair in pairs]
    if len(coins) == 1:
        return coins[0]
    if not coins:
        remedy = "no coin has this pair: GET /api/v1/coins?query= finds coins by a part of theirs"
    else:
        remedy = f"several coins have this pair, write one of them: {', '.join(coins)}"
    raise bad_parameter(parameter, value=text, remedy=remedy)
