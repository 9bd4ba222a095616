-- name: list_range_gaps :many
-- The known gaps that touch days: of one wallet, or of all wallets of the org.
-- Reads: metrics.fill_gaps, tenancy.wallets
select
    '0x' || encode(a.address, 'hex') as wallet,
    g.coin,
    g.kind,
    to_char(g.from_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as from_at,
    to_char(g.to_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until_at,
    trim_scale(g.missing_size_coin)::text as missing_size_coin
from metrics.fill_gaps as g
join tenancy.wallets as a on a.id = g.wallet_id
where (%(wallet_id)s::integer is null or g.wallet_id = %(wallet_id)s::integer)
    and g.from_at < coalesce(%(last)s::date + 1, 'infinity')::timestamp at time zone 'UTC'
    and g.to_at > coalesce(%(first)s::date, '-infinity')::timestamp at time zone 'UTC'
order by g.to_at desc, a.address, g.coin, g.kind, g.from_at
limit %(limit)s;

-- name: list_range_restatements :many
-- The restatements of published rows of these days, newest first.
-- Reads: metrics.restatements
select
    to_char(day, 'YYYY-MM-DD') as day,
    to_char(restated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as restated_at,
    cause,
    (changes - array['wallet_id', 'org_id', 'day'])::text as changes
from metrics.restatements
where metric = %(metric)s
    and wallet_id is not distinct from %(wallet_id)s::integer
    and org_id is not distinct from %(org_id)s::integer
    and day between coalesce(%(first)s::date, '-infinity') and coalesce(%(last)s::date, 'infinity')
order by id desc
limit %(limit)s;
