-- name: read_schema_version :one
-- The newest migration the database has.
-- Reads: ops.schema_migrations
select max(version) as version
from ops.schema_migrations;
