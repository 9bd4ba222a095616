-- name: find_run :one
-- The run whose universe was known at a time.
-- Reads: metrics.wallet_universe_runs
select r.*
from metrics.wallet_universe_runs as r
where r.status = 'chosen' and r.taken_at <= %(at)s::timestamptz
order by r.taken_at desc, r.id desc
limit 1;

-- name: list_members :many
-- The wallets of a run, the highest first.
-- Reads: metrics.wallet_universe_members
select m.rank, m.wallet, m.pnl_30d, m.volume_30d
from metrics.wallet_universe_members as m
where m.run_id = %(run_id)s::bigint
order by m.rank, m.wallet
limit %(limit)s;

-- name: list_runs :many
-- A page of the runs, the newest first.
-- Reads: metrics.wallet_universe_runs
select r.*
from metrics.wallet_universe_runs as r
where (r.taken_at, r.id) < (%(before_at)s::timestamptz, %(before_id)s::bigint)
order by r.taken_at desc, r.id desc
limit %(limit)s;
