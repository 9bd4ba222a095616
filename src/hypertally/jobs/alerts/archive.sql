-- name: read_archive :one
-- When an object was read to its end last as of a time, and the objects whose newest reading failed.
-- Files of this machine are no objects of the source. Also whether the last firing told of failures.
-- Reads: ops.etl_s3_ingest_log, ops.alerts   Writes: -   Key: s3_object_key
with newest as (
    select distinct on (l.s3_object_key) l.s3_object_key,
        coalesce(l.error_text, case
            when l.rows_rejected > 0 and l.rows_ingested + l.rows_repeated = 0
            then 'every row was refused' end) as error_text
    from ops.etl_s3_ingest_log as l
    where l.content = 'statuses' and not l.is_local and l.ingested_at <= %(at)s
    order by l.s3_object_key, l.ingested_at desc, l.id desc
), failed as (
    select s3_object_key, error_text from newest where error_text is not null
)
select
    (select max(l.ingested_at) from ops.etl_s3_ingest_log as l
     where l.content = 'statuses' and not l.is_local and l.error_text is null
         and l.skipped is null and l.ingested_at <= %(at)s) as read_at,
    (select count(*)::integer from failed) as failed,
    (select min(s3_object_key) from failed) as failed_key,
    (select error_text from failed order by s3_object_key limit 1) as error,
    coalesce((
        select (a.value ->> 'failed_objects')::integer > 0
        from ops.alerts as a
        where a.type = 'archive_behind' and a.to_state = 'firing' and a.at <= %(at)s
        order by a.id desc
        limit 1), false) as failure_told;
