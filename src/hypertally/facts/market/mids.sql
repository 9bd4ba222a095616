-- name: insert_mids :execrows
-- Append the mid prices of one moment.
-- Reads: -   Writes: facts.mids   Key: (dex, at)
insert into facts.mids (dex, at, mids, page_id)
values (%(dex)s, %(at)s, %(mids)s, %(page_id)s)
on conflict do nothing;
