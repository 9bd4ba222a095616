-- name: list_jobs :many
-- Jobs by kind and state, how late the due jobs are, and what the kind spent in ten minutes: the
-- ledger of the weight goes back no further.
-- Reads: ops.jobs, ops.weight_spends   Writes: -   Key: kind
select j.kind,
    count(*) filter (where j.status = 'queued' and j.run_at <= now())::integer as due,
    count(*) filter (where j.status = 'queued' and j.run_at > now())::integer as waiting,
    count(*) filter (where j.status = 'running')::integer as running,
    count(*) filter (where j.status = 'dead')::integer as dead,
    coalesce(extract(epoch from now() - min(j.run_at)
        filter (where j.status = 'queued' and j.run_at <= now())), 0)::integer as late_seconds,
    coalesce((
        select sum(s.weight)
        from ops.weight_spends as s
        where s.purpose = j.kind and s.at > clock_timestamp() - interval '10 minutes'
    ), 0)::integer as weight_ten_minutes
from ops.jobs as j
group by j.kind
order by j.kind;

-- name: read_record :one
-- The progress of the records of the tracked wallets.
-- Reads: tenancy.org_wallets, ops.hl_ingest_cursor   Writes: -   Key: -
select count(*)::integer as tracked,
    count(*) filter (where c.proven_until is null)::integer as never_pulled,
    count(*) filter (where c.proven_until < now() - interval '2 hours')::integer
        as behind_two_hours,
    coalesce(extract(epoch from now() - min(c.proven_until)), 0)::integer as lag_seconds_max,
    coalesce(extract(epoch from now() - percentile_disc(0.5)
        within group (order by c.proven_until)), 0)::integer as lag_seconds_median
from (select distinct wallet_id from tenancy.org_wallets where to_day is null) as w
left join ops.hl_ingest_cursor as c using (wallet_id);

-- name: read_facts :one
-- Counts of stored facts, and of conflicts and rejects.
-- Reads: metrics, facts.conflicts, facts.rejects, ops   Writes: -   Key: -
select
    (select coalesce(sum(fills), 0)::bigint from metrics.wallet_day_metrics) as fills,
    (select count(*)::integer from metrics.wallet_day_metrics) as wallet_days,
    (select count(*)::integer from metrics.fill_gaps) as gaps,
    (select count(*)::integer from facts.conflicts) as conflicts,
    (select count(*)::integer from facts.rejects) as rejects,
    (select count(*)::integer from metrics.restatements) as restatements,
    (select count(*)::integer from ops.dirty_wallet_days) as dirty_wallet_days,
    (select count(*)::integer from ops.dirty_global_days) as dirty_global_days,
    (select count(*)::integer from ops.dirty_twaps) as dirty_twaps;

-- name: list_weights :many
-- The weight spent in the last minute, by upstream host (its column is called egress).
-- Reads: ops.weight_spends   Writes: -   Key: egress
select egress, sum(weight)::integer as last_minute
from ops.weight_spends
where at > clock_timestamp() - interval '60 seconds'
group by egress
order by egress;

-- name: list_errors :many
-- Jobs that failed and have not succeeded since.
-- Reads: ops.jobs   Writes: -   Key: id
select id, kind, status, attempts, last_error
from ops.jobs
where last_error is not null and status in ('queued', 'running', 'dead')
order by id desc
limit 10;

-- name: count_firing :many
-- Alerts that are firing or acknowledged, by type.
-- Reads: ops.alert_state   Writes: -   Key: type
select s.type, count(*) filter (where s.state = 'firing')::integer as firing,
    count(*) filter (where s.state = 'acknowledged')::integer as acknowledged
from ops.alert_state as s
where s.state in ('firing', 'acknowledged')
group by s.type
order by s.type;
