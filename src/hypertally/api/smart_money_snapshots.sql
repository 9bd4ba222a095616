-- name: sum_minutes :many
-- What the wallets held together at each minute of a stretch, oldest first.
-- Reads: facts.wallet_snapshots
select
    s.minute,
    count(*) filter (where s.szi > 0) as long,
    count(*) filter (where s.szi < 0) as short,
    count(*) filter (where s.szi = 0) as flat,
    count(*) filter (where s.szi is null) as missing,
    sum(s.szi) as net_coin
from facts.wallet_snapshots as s
where s.asset = %(asset)s
    and s.minute >= %(from_at)s::timestamptz
    and s.minute < %(to_at)s::timestamptz
group by s.minute
order by s.minute;

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
