"""A history of fills made inside the database: Zipf wallets and coins, evenly over the days."""

from datetime import UTC, date, datetime, timedelta

import psycopg
from rich.progress import track

from bench.machine import console

LAST_DAY = datetime.now(UTC).date() - timedelta(days=1)
WALLETS = 10_000

_WALLETS = """
insert into tenancy.wallets (address)
select decode(lpad(to_hex(n), 40, '0'), 'hex') from generate_series(1, %(wallets)s) as n;
insert into tenancy.org_wallets (org_id, wallet_id)
select (select id from tenancy.orgs where name = 'default'), id from tenancy.wallets
"""

# One day; its rows lie as hourly pulls would leave them: by hour, then by wallet, then by time.
_DAY = """
insert into facts.hl_fills_raw (
    time, oid, tid, fingerprint, page_id, wallet_id, ordinal, crossed, side, coin, px, sz,
    start_position, dir, closed_pnl, hash, fee, fee_token, builder_fee)
select d.time, d.n / 2, d.n, hashint8extended(d.n, 7), 1, d.wallet_id, 0, mod(d.n, 2) = 0,
    case when mod(d.n, 4) < 2 then 'A' else 'B' end::"char", d.coin,
    round((10 + d.draw * 1000)::numeric, 3), round((0.01 + d.draw * 5)::numeric, 4),
    round((d.draw * 20)::numeric, 4),
    (array['Open Long', 'Close Long', 'Open Short', 'Close Short'])[1 + mod(d.n, 4)],
    round(((d.draw - 0.5) * 50 * mod(d.n, 2))::numeric, 6), sha256(int8send(d.n)),
    round((d.draw * 0.4)::numeric, 6), 'USDC', case when mod(d.n, 10) = 0 then 0.0012 end
from (
    select n, random() as draw,
        %(day)s::timestamp at time zone 'UTC'
            + make_interval(secs => floor(random() * 86400000) / 1000.0) as time,
        least(%(wallets)s, floor(exp(random() * ln(%(wallets)s + 1.0))))::integer as wallet_id,
        case when rank <= 110 then 'C' || rank else 'xyz:C' || rank end as coin
    from (
        select n, floor(power(1 - random() * (1 - power(150.0, -0.2)), -5))::integer as rank
        from generate_series(%(first)s::bigint, %(last)s::bigint) as n
    ) as ranked
) as d
order by date_trunc('hour', d.time), d.wallet_id, d.time
on conflict do nothing
"""


def days_back(days: int) -> list[date]:
    """The last whole days, oldest first."""
    return [LAST_DAY - timedelta(days=back) for back in reversed(range(days))]


def store(url: str, *, fills: int, days: int = 90) -> None:
    """Store the wallets and about this many fills, and let the planner know."""
    a_day = fills // days
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute("select setseed(0.5)")
        connection.execute(_bound(_WALLETS, wallets=WALLETS))
        connection.execute(
            "insert into facts.perp_dexs (dex, collateral_token, fingerprint, page_id) "
            "values ('xyz', 'USDC', 1, 1)"
        )
        for month in sorted(
            {day.replace(day=1) for day in [*days_back(days), LAST_DAY + timedelta(days=1)]}
        ):
            for parent in ("hl_fills_raw", "pages"):
                connection.execute("select facts.ensure_month(%s, %s)", (parent, month))
        each = track(
            list(enumerate(days_back(days))),
            f"storing {fills:,} fills",
            console=console,
            transient=True,
        )
        for number, day in each:
            bound = {
                "day": day,
                "wallets": WALLETS,
                "first": number * a_day + 1,
                "last": (number + 1) * a_day,
            }
            connection.execute(_DAY, bound)
        connection.execute("vacuum (analyze) facts.hl_fills_raw")
        connection.execute("analyze tenancy.wallets, tenancy.org_wallets")
        connection.execute("checkpoint")


def _bound(text: str, **values: int) -> bytes:
    """Several statements in one round trip take no parameters of their own."""
    return (text % {name: str(value) for name, value in values.items()}).encode()
