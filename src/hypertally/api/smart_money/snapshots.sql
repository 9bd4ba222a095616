-- name: sum_minutes :many
-- The positions of all wallets together at each minute, hidden wallets included, oldest first.
-- Reads: metrics.sum_minutes
select s.minute, s.long, s.short, s.flat, s.missing, s.net_coin
from metrics.sum_minutes(
    %(asset)s, %(from_at)s::timestamptz, %(to_at)s::timestamptz) as s
order by s.minute;

-- name: count_hidden :one
-- The number of hidden wallets of a minute: all its wallets less those of visible rows.
-- Reads: metrics.sum_minutes, facts.wallet_snapshots
select coalesce(sum(s.long + s.short + s.flat + s.missing), 0)::bigint - (
    select count(*) from facts.wallet_snapshots as v
    where v.minute = %(minute)s::timestamptz and v.asset = %(asset)s
) as wallets
from metrics.sum_minutes(
    %(asset)s, %(minute)s::timestamptz,
    %(minute)s::timestamptz + interval '1 minute') as s;

-- name: find_minute :one
-- How a minute was recorded.
-- Reads: ops.ingest_runs
select
    r.status, r.started_at, r.duration_ms, r.wallets, r.wallets_ok, r.wallets_failed,
    r.rows_written, r.coverage, r.universe_run_id, r.error_text
from ops.ingest_runs as r
where r.minute = %(minute)s::timestamptz;

-- name: list_wallets :many
-- A page of the rows of a minute, by address.
-- Reads: facts.wallet_snapshots, metrics.wallet_universe_members
select
    m.wallet, s.szi, s.missing, s.entry_px, s.position_value, s.unrealized_pnl, s.leverage,
    s.account_value, s.observed_at, s.fingerprint::text as fingerprint
from facts.wallet_snapshots as s
join metrics.wallet_universe_members as m
    on m.run_id = %(run_id)s::bigint and m.wallet_id = s.wallet_id
where s.minute = %(minute)s::timestamptz
    and s.asset = %(asset)s
    and m.wallet > %(after_wallet)s::text
order by m.wallet
limit %(limit)s;
