-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- A file of this machine whose reading failed before 0026 was logged as an object of the source.
-- Nothing reads it again, so that the alert archive_behind fired for ever. Such a row is known by
-- its key, a file name alone, and by its hash, inode-time-size, which a folder gives and S3 does
-- not. An object of a source that is a folder may look the same: it is read again within a day, and
-- logged as what it is.
alter table ops.etl_s3_ingest_log no force row level security; -- the owner writes, this once
update ops.etl_s3_ingest_log as l set is_local = true
where not l.is_local
    and l.s3_object_key not like '%/%'
    and l.etag ~ '^[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$'
    and (l.error_text is not null
         or l.rows_rejected > 0 and l.rows_ingested + l.rows_repeated = 0);
alter table ops.etl_s3_ingest_log force row level security;

-- migrate:down
-- forward only
