-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- A file of this machine that somebody named is no object of a source: whether it could be read says
-- nothing of the source.
alter table ops.etl_s3_ingest_log
    add column is_local boolean not null default false; -- true: a file of this machine, not an object of the source

-- migrate:down
-- forward only
