-- name: list_rejects :many
-- Rejects of every kind, newest first: of one wallet or of all, those that were read since if wanted.
-- Reads: facts.rejects, facts.reject_windows, facts.decoded_rejects, facts.pages, tenancy.wallets
-- Writes: -   Key: id
select r.id, '0x' || encode(a.address, 'hex') as wallet, w.from_at, w.to_at, r.source,
    p.request ->> 'object' as object, r.reason, r.page_id, r.ordinal, r.inserted_at as stored_at,
    d.reject_id is not null as decoded, r.payload
from facts.rejects as r
left join facts.reject_windows as w on w.reject_id = r.id
left join facts.pages as p on p.id = r.page_id
left join tenancy.wallets as a on a.id = r.wallet_id
left join facts.decoded_rejects as d on d.reject_id = r.id
where (%(wallet)s::text is null or a.address = decode(substr(%(wallet)s::text, 3), 'hex'))
    and (%(every)s or d.reject_id is null)
order by r.id desc
limit %(limit)s;

-- name: list_unread :many
-- Rejects of fills that were not read yet, oldest first, after an id.
-- Reads: facts.reject_windows, facts.rejects, facts.decoded_rejects, facts.pages, tenancy.wallets   Writes: -   Key: id
select r.id, w.wallet_id, '0x' || encode(a.address, 'hex') as address, r.source, r.payload,
    r.page_id, r.ordinal, p.asked_at, w.from_at, w.to_at
from facts.reject_windows as w
join facts.rejects as r on r.id = w.reject_id
join tenancy.wallets as a on a.id = w.wallet_id
left join facts.pages as p on p.id = r.page_id
where r.id > %(after)s
    and (%(wallet)s::text is null or a.address = decode(substr(%(wallet)s::text, 3), 'hex'))
    and not exists (select from facts.decoded_rejects as d where d.reject_id = r.id)
order by r.id
limit %(limit)s;
