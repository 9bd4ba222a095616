-- name: list_migrations :many
-- The migrations that were applied.
-- Reads: ops.schema_migrations   Writes: -   Key: version
select version from ops.schema_migrations;

-- name: list_logins :many
-- The logins of this server that are named as ours are.
-- Reads: -   Writes: -   Key: name
select rolname::text as name from pg_roles where rolname ~ '^hypertally_\w+_login$';
