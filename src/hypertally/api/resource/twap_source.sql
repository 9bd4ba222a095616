-- name: read_totals :one
-- What a source of TWAPs has brought and cost so far: that of statuses, or an archive of fills.
-- Reads: ops.etl_s3_ingest_log
select
    t.objects, t.failed, t.skipped, t.rows_new, t.rows_repeated, t.rows_rejected, t.bytes_read,
    t.cost_usd, t.readings_without_cost, t.last_read_at, t.newest_object_at
from ops.archive_totals(%(content)s) as t;

-- name: list_unread_objects :many
-- The objects whose newest reading failed or was none, newest first, with the problem.
-- Reads: ops.etl_s3_ingest_log
select n.s3_object_key as object, n.ingested_at as at, n.skipped is not null as is_skipped,
    coalesce(n.skipped, n.error_text, 'every row was refused') as reason
from (
    select distinct on (l.s3_object_key) l.*
    from ops.etl_s3_ingest_log as l
    where l.content = %(content)s
    order by l.s3_object_key, l.id desc
) as n
where n.skipped is not null or n.error_text is not null
    or n.rows_rejected > 0 and n.rows_ingested + n.rows_repeated = 0
order by n.skipped is not null, n.id desc
limit %(limit)s;

-- name: sum_reject_reasons :many
-- How many rows the newest reading of each object refused, by reason, most first.
-- Reads: ops.etl_s3_ingest_log
select r.key as reason, sum(r.value::bigint)::bigint as rows
from (
    select distinct on (l.s3_object_key) l.*
    from ops.etl_s3_ingest_log as l
    where l.content = %(content)s
    order by l.s3_object_key, l.id desc
) as n
cross join lateral jsonb_each_text(n.reject_reasons) as r
group by r.key
order by 2 desc, 1
limit %(limit)s;
