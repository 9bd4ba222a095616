-- name: read_reasons :many
-- The reasons that were stored with a day, as a JSON array. A wallet's day without fills has no
-- row: the rows of it that could not be read lower the org's day, and are named here too.
-- Reads: metrics.wallet_day_metrics, metrics.global_day_metrics, facts.reject_windows,
--        facts.rejects, facts.decoded_rejects
select m.reasons::text as reasons
from metrics.wallet_day_metrics as m
where m.wallet_id = %(wallet_id)s::integer and m.day = %(day)s::date
union all
select g.reasons::text
from metrics.global_day_metrics as g
where g.org_id = %(org_id)s::integer and g.day = %(day)s::date
union all
select jsonb_build_array(jsonb_build_object(
    'kind', 'reject',
    'from_at', to_char(greatest(min(x.from_at), min(d.from_at)) at time zone 'UTC',
                       'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'to_at', to_char(least(max(x.to_at), min(d.to_at)) at time zone 'UTC',
                     'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'rows', count(distinct r.payload_sha256)))::text
from (
    select %(day)s::timestamp at time zone 'UTC' as from_at,
        (%(day)s::date + 1)::timestamp at time zone 'UTC' as to_at
) as d
join facts.reject_windows as x
    on x.wallet_id = %(wallet_id)s::integer and x.from_at < d.to_at and x.to_at >= d.from_at
join facts.rejects as r on r.id = x.reject_id
where not exists (select from facts.decoded_rejects as y where y.reject_id = x.reject_id)
    and not exists (
        select from metrics.wallet_day_metrics as m
        where m.wallet_id = %(wallet_id)s::integer and m.day = %(day)s::date)
having count(*) > 0;

-- name: list_day_rejects :many
-- The fills of a day that could not be read: of one wallet, or of all wallets of the org.
-- Reads: facts.reject_windows, facts.rejects, facts.decoded_rejects, tenancy.wallets
select
    '0x' || encode(a.address, 'hex') as wallet,
    to_char(w.from_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as from_at,
    to_char(w.to_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as to_at,
    r.source, r.reason, r.page_id, left(r.payload, 2000) as payload
from facts.reject_windows as w
join facts.rejects as r on r.id = w.reject_id
join tenancy.wallets as a on a.id = w.wallet_id
where (%(wallet_id)s::integer is null or w.wallet_id = %(wallet_id)s::integer)
    and w.from_at < (%(day)s::date + 1)::timestamp at time zone 'UTC'
    and w.to_at >= %(day)s::timestamp at time zone 'UTC'
    and not exists (select from facts.decoded_rejects as d where d.reject_id = w.reject_id)
order by w.from_at, w.reject_id
limit %(limit)s;

-- name: list_day_conflicts :many
-- The fills of a day with two contents: of one wallet, or of all wallets of the org.
-- Reads: facts.conflicts, tenancy.wallets
select
    '0x' || encode(a.address, 'hex') as wallet,
    to_char(c.time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as time,
    c.coin, c.side::text as side, c.oid, c.tid, c.first_page_id, c.page_id, c.row::text as row
from facts.conflicts as c
join tenancy.wallets as a on a.id = c.wallet_id
where (%(wallet_id)s::integer is null or c.wallet_id = %(wallet_id)s::integer)
    and c.time >= %(day)s::timestamp at time zone 'UTC'
    and c.time < (%(day)s::date + 1)::timestamp at time zone 'UTC'
order by c.time, c.id
limit %(limit)s;
