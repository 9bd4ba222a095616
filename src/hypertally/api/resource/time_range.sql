-- name: read_minute :one
-- The start of the current minute, by the database's clock.
-- Reads: -
select date_trunc('minute', now()) as minute;
