-- name: read_server_time :one
-- The database's clock, which every answer uses.
-- Reads: -
select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as server_time;
