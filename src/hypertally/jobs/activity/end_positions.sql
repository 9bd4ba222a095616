-- name: note_vain_check :one
-- Count a check after which a dex had not stated its positions yet. Returns how many there were.
-- Reads: -   Writes: ops.hl_ingest_cursor   Key: wallet_id
update ops.hl_ingest_cursor
set ends_checked = false, end_check_tries = end_check_tries + 1
where wallet_id = %(wallet_id)s
returning end_check_tries;
