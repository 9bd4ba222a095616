-- name: list_read_objects :many
-- The objects that were read to the end, with their content hash of then.
-- Reads: ops.etl_s3_ingest_log   Writes: -   Key: (s3_object_key, etag)
select distinct s3_object_key, etag from ops.etl_s3_ingest_log where error_text is null;

-- name: insert_log :exec
-- Store the result of reading an object.
-- Reads: -   Writes: ops.etl_s3_ingest_log   Key: id
insert into ops.etl_s3_ingest_log (
    s3_object_key, etag, last_modified, size_bytes, rows_ingested, rows_repeated, rows_rejected,
    warnings, error_text, seconds)
values (
    %(s3_object_key)s, %(etag)s, %(last_modified)s, %(size_bytes)s, %(rows_ingested)s,
    %(rows_repeated)s, %(rows_rejected)s, %(warnings)s, %(error_text)s, %(seconds)s);
