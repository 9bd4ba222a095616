-- name: note_error :execrows
-- Store why the last pull of a wallet failed; the next success clears it.
-- Reads: -   Writes: ops.hl_ingest_cursor   Key: wallet_id
insert into ops.hl_ingest_cursor (wallet_id, last_error)
values (%(wallet_id)s, %(error)s)
on conflict (wallet_id) do update set last_error = excluded.last_error;

-- name: note_twap_error :execrows
-- Store why the last pull of a wallet's TWAPs failed; the next success clears it.
-- Reads: -   Writes: ops.twap_cursors   Key: wallet_id
insert into ops.twap_cursors (wallet_id, last_error)
values (%(wallet_id)s, %(error)s)
on conflict (wallet_id) do update set last_error = excluded.last_error;
