-- name: end_long_sessions :one
-- End the API's sessions whose statement or transaction takes too long; how many.
-- Reads: the sessions of the server   Writes: -   Key: -
select ops.end_long_sessions(
    statement => %(statement)s, idle => %(idle)s, whole => %(whole)s) as ended;
