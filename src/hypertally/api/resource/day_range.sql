-- name: read_today :one
-- The current UTC day.
-- Reads: -
select (now() at time zone 'UTC')::date as day;
