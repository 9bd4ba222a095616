-- name: lock_cursor :one
-- Let no transaction store fills of a wallet beside this one: that a page came, its cursor notes.
-- Reads: ops.hl_ingest_cursor   Writes: -   Key: wallet_id
select wallet_id from ops.hl_ingest_cursor where wallet_id = %(wallet_id)s for update;

-- name: note_checked :execrows
-- Note that the positions of each dex were stated after the last fill there.
-- Reads: -   Writes: ops.hl_ingest_cursor   Key: wallet_id
update ops.hl_ingest_cursor
set ends_checked = true, end_check_tries = 0
where wallet_id = %(wallet_id)s;

-- name: read_settled :one
-- The oldest statement of positions that a reading of fills settles: it is the first after it. Of
-- the readings before, those of a day are asked: what seems settled anew only costs time.
-- Reads: facts.account_positions, facts.pages   Writes: -   Key: -
select min(p.at) as from_at
from facts.account_positions as p
where p.wallet_id = %(wallet_id)s
    and p.at <= least(%(asked_at)s::timestamptz - interval '1 minute', %(covers_to)s::timestamptz)
    and p.at > coalesce((
        select max(least(g.asked_at - interval '1 minute', facts.time_of_ms(g.covers_to_ms)))
        from facts.pages as g
        where g.wallet_id = %(wallet_id)s and g.closed and g.source = 'info.userFillsByTime'
            and g.id <> %(page_id)s and g.asked_at > %(asked_at)s::timestamptz - interval '1 day'
    ), '-infinity');
