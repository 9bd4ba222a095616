-- name: list_read_objects :many
-- The objects with such content that were read to the end or are none to read, with their content
-- hash of then.
-- Reads: ops.etl_s3_ingest_log   Writes: -   Key: (s3_object_key, etag)
select distinct s3_object_key, etag from ops.etl_s3_ingest_log
where content = %(content)s and error_text is null;

-- name: was_read :one
-- Whether an object of this key was read before, whatever it held then.
-- Reads: ops.etl_s3_ingest_log   Writes: -   Key: s3_object_key
select exists (
    select from ops.etl_s3_ingest_log
    where content = %(content)s and s3_object_key = %(key)s and skipped is null) as was_read;

-- name: insert_log :exec
-- Store the result of reading an object.
-- Reads: -   Writes: ops.etl_s3_ingest_log   Key: id
insert into ops.etl_s3_ingest_log (
    content, is_local, s3_object_key, etag, last_modified, size_bytes, rows_ingested, rows_repeated,
    rows_rejected, warnings, error_text, seconds, skipped, reject_reasons, bytes_read, cost_usd)
values (
    %(content)s, %(is_local)s, %(s3_object_key)s, %(etag)s, %(last_modified)s, %(size_bytes)s, %(rows_ingested)s,
    %(rows_repeated)s, %(rows_rejected)s, %(warnings)s, %(error_text)s, %(seconds)s, %(skipped)s,
    %(reject_reasons)s, %(bytes_read)s, %(cost_usd)s);
