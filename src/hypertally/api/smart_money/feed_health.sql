-- name: read_health :one
-- The newest health check of the snapshots, and since when all checks say stale.
-- Reads: ops.v_latest_health, ops.ingest_health, ops.ingest_runs
select
    now() as as_of, h.at, h.state, h.last_success, h.coverage,
    (select max(i.minute) from ops.ingest_runs as i where i.minute <= now()) as recorded_at,
    case h.state when 'stale' then (
        select min(s.at) from ops.ingest_health as s
        where s.at > coalesce((
            select o.at from ops.ingest_health as o
            where o.state <> 'stale' order by o.at desc limit 1
        ), '-infinity')
    ) end as stale_since
from (select 1) as one
left join ops.v_latest_health as h on true;

-- name: list_spans :many
-- The states of the 24 hours before a time, newest first; equal successive checks form one row.
-- Reads: ops.ingest_health
with judged as (
    select
        h.*,
        row_number() over (order by h.at, h.id)
            - row_number() over (partition by h.state order by h.at, h.id) as span
    from ops.ingest_health as h
    where h.at > %(as_of)s::timestamptz - interval '24 hours' and h.at <= %(as_of)s::timestamptz
)
select
    state, min(at) as from_at, max(at) as until_at, count(*) as checks,
    min(coverage) as coverage_least,
    (array_agg(reason order by at desc, id desc))[1] as reason
from judged
group by state, span
order by max(at) desc
limit %(limit)s;

-- name: count_minutes :one
-- How the minutes of the 24 hours before a time were recorded.
-- Reads: ops.ingest_runs
select
    count(*) filter (where status = 'success') as success,
    count(*) filter (where status = 'partial') as partial,
    count(*) filter (where status = 'failed') as failed,
    1440 - count(*) as unrecorded,
    max(duration_ms) as duration_ms_max
from ops.ingest_runs
where minute > %(as_of)s::timestamptz - interval '24 hours' and minute <= %(as_of)s::timestamptz;
