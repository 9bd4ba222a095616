-- name: list_gaps :many
-- Where the records of the org's wallets are known to be incomplete, newest first.
-- Reads: metrics.fill_gaps, tenancy.wallets
select
    '0x' || encode(a.address, 'hex') as wallet,
    g.coin,
    g.kind,
    to_char(g.from_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as from_at,
    to_char(g.to_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until_at,
    trim_scale(g.missing_size_coin)::text as missing_size_coin,
    g.to_at::text as place_until,
    g.from_at::text as place_from
from metrics.fill_gaps as g
join tenancy.wallets as a on a.id = g.wallet_id
where %(to_at)s::timestamptz is null
    or (g.to_at, a.address, g.coin, g.kind, g.from_at) < (
        %(to_at)s::timestamptz, %(address)s::bytea, %(coin)s::text, %(kind)s::text,
        %(from_at)s::timestamptz
    )
order by g.to_at desc, a.address desc, g.coin desc, g.kind desc, g.from_at desc
limit %(limit)s;

-- name: count_oddities :one
-- Rows that came twice with different content, and rows that could not be read until now: of the org's
-- wallets, and of no wallet.
-- Reads: facts.conflicts, facts.rejects, facts.decoded_rejects
select
    (select count(*) from facts.conflicts) as conflicts,
    (
        select count(*) from facts.rejects as r
        where not exists (select from facts.decoded_rejects as d where d.reject_id = r.id)
    ) as rejects;
