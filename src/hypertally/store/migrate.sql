-- name: list_migrations :many
-- The migrations that were applied.
-- Reads: ops.schema_migrations   Writes: -   Key: version
select version from ops.schema_migrations;
