-- name: find_run :one
-- The run that chose the universe known at a time.
-- Reads: metrics.wallet_universe_runs, metrics.moves_of_run
with run as (
    select
        r.id, r.taken_at, r.source, r.page_id, r.status, r.rows_seen, r.rows_valid, r.members,
        r.excluded, r.churn, r.error_text, r.definition, r.digest
    from metrics.wallet_universe_runs as r
    where r.status = 'chosen' and r.taken_at <= %(at)s::timestamptz
    order by r.taken_at desc, r.id desc
    limit 1
)
select run.*, v.entered, v.exited, v.entered_not_shown, v.exited_not_shown
from run
cross join lateral metrics.moves_of_run(run.id) as v;

-- name: list_members :many
-- The wallets of a run, highest rank first.
-- Reads: metrics.wallet_universe_members
select m.rank, m.wallet, m.pnl_30d, m.volume_30d
from metrics.wallet_universe_members as m
where m.run_id = %(run_id)s::bigint
order by m.rank, m.wallet
limit %(limit)s;

-- name: list_runs :many
-- A page of the runs, newest first.
-- Reads: metrics.wallet_universe_runs, metrics.moves_of_run
with page as (
    select
        r.id, r.taken_at, r.source, r.page_id, r.status, r.rows_seen, r.rows_valid, r.members,
        r.excluded, r.churn, r.error_text, r.definition, r.digest
    from metrics.wallet_universe_runs as r
    where (r.taken_at, r.id) < (%(before_at)s::timestamptz, %(before_id)s::bigint)
    order by r.taken_at desc, r.id desc
    limit %(limit)s
)
select p.*, v.entered, v.exited, v.entered_not_shown, v.exited_not_shown
from page as p
cross join lateral metrics.moves_of_run(p.id) as v
order by p.taken_at desc, p.id desc;
