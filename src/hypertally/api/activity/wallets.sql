-- name: find_wallet :one
-- The wallet of an address, if the wallet belongs to the caller's org.
-- Reads: tenancy.wallets
select id
from tenancy.wallets
where address = %(address)s;

-- name: has_unpulled_wallets :one
-- Whether a tracked wallet still waits for its first pull, and the pull has not failed; and
-- whether the org has no wallet at all.
-- Reads: tenancy.org_wallets, ops.hl_ingest_cursor
select
    exists (
        select
        from tenancy.org_wallets as w
        left join ops.hl_ingest_cursor as i on i.wallet_id = w.wallet_id
        where w.to_day is null and i.pulled_at is null and i.last_error is null
    ) as waiting,
    not exists (select from tenancy.org_wallets where to_day is null) as empty;

-- name: list_wallets :many
-- A page of the org's wallets by address: those with a tag, of a group, or with a text in the
-- address or in what the org calls them; a text with 0x is the beginning of an address.
-- Reads: tenancy.wallets, tenancy.org_wallets, tenancy.wallet_names, tenancy.wallet_labels,
--        tenancy.wallet_tags, tenancy.wallet_groups, tenancy.wallet_notes,
--        metrics.wallet_day_metrics, ops.hl_ingest_cursor
with found as materialized (
    select w.id, w.address, count(*) over () as total
    from tenancy.wallets as w
    where (
            %(text)s::text = ''
            or starts_with('0x' || encode(w.address, 'hex'), %(text)s::text)
            or strpos(encode(w.address, 'hex'), %(text)s::text) > 0
            or exists (select from tenancy.wallet_labels as l
                       where l.wallet_id = w.id and strpos(lower(l.label), %(text)s::text) > 0)
            or exists (select from tenancy.wallet_tags as t
                       where t.wallet_id = w.id and strpos(t.tag, %(text)s::text) > 0)
            or exists (select from tenancy.wallet_groups as g
                       where g.wallet_id = w.id and strpos(g.name, %(text)s::text) > 0)
            or exists (select from tenancy.wallet_notes as n
                       where n.wallet_id = w.id and strpos(lower(n.note), %(text)s::text) > 0)
        )
        and (%(tag)s::text is null
            or exists (select from tenancy.wallet_tags as t
                       where t.wallet_id = w.id and t.tag = %(tag)s::text))
        and (%(group)s::text is null
            or exists (select from tenancy.wallet_groups as g
                       where g.wallet_id = w.id and g.name = %(group)s::text))
), chosen as (
    select f.id, '0x' || encode(f.address, 'hex') as address, f.total
    from found as f
    where %(after)s::bytea is null or f.address > %(after)s::bytea
    order by f.address
    limit %(limit)s
)
select
    c.address as wallet,
    c.total,
    n.label,
    n.tags,
    n.groups,
    n.note,
    m.from_day,
    m.to_day,
    d.first_fill_at,
    d.last_fill_at,
    d.days_active,
    to_char(i.proven_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as proven_until
from chosen as c
cross join lateral (
    select
        to_char(min(o.from_day), 'YYYY-MM-DD') as from_day,
        to_char(max(coalesce(o.to_day, 'infinity')), 'YYYY-MM-DD') as to_day
    from tenancy.org_wallets as o
    where o.wallet_id = c.id
) as m
cross join lateral (
    select
        to_char(min(x.first_fill_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
            as first_fill_at,
        to_char(max(x.last_fill_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
            as last_fill_at,
        count(*) filter (where x.fills > x.events) as days_active
    from metrics.wallet_day_metrics as x
    where x.wallet_id = c.id
) as d
left join ops.hl_ingest_cursor as i on i.wallet_id = c.id
left join tenancy.wallet_names as n on n.wallet_id = c.id
order by c.address;

-- name: count_fills :one
-- The number of fills of a wallet over its whole history; null before it was read.
-- Reads: metrics.wallet_day_metrics, ops.hl_ingest_cursor
select coalesce(sum(fills), case when exists (
        select from ops.hl_ingest_cursor as i
        where i.wallet_id = %(wallet_id)s and i.pulled_at is not null
    ) then 0 end) as fills
from metrics.wallet_day_metrics
where wallet_id = %(wallet_id)s;

-- name: read_record :one
-- How complete the record of a wallet is.
-- Reads: ops.hl_ingest_cursor, metrics.fill_gaps, metrics.wallet_day_metrics, facts.conflicts,
--        facts.rejects, tenancy.wallets
select
    to_char(i.proven_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as proven_until,
    to_char(i.pulled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as pulled_at,
    to_char(g.history_begins_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        as history_begins_at,
    d.completeness,
    g.gaps,
    (select count(*) from facts.conflicts where wallet_id = %(wallet_id)s) as conflicts,
    (select count(*) from facts.rejects where wallet_id = %(wallet_id)s) as rejects,
    i.last_error
from (
    select
        count(*) as gaps,
        max(to_at) filter (where kind = 'history_begins') as history_begins_at
    from metrics.fill_gaps
    where wallet_id = %(wallet_id)s
) as g
cross join (
    -- Of all days since the first fill; of a wallet without any since it was added.
    select trim_scale(trunc(
        (m.completeness + e.complete) / (m.days + e.days), 6
    ))::text as completeness
    from (
        select coalesce(sum(completeness), 0) as completeness, count(*) as days,
            coalesce(min(day), (
                select (w.added_at at time zone 'UTC')::date from tenancy.wallets as w
                where w.id = %(wallet_id)s)) as first_day
        from metrics.wallet_day_metrics
        where wallet_id = %(wallet_id)s
    ) as m
    left join metrics.list_days_without_fills(
        array[%(wallet_id)s::integer], array[m.first_day],
        array[(now() at time zone 'UTC')::date],
        now() - make_interval(mins => %(proof_due_minutes)s::integer)
    ) as e on true
) as d
left join ops.hl_ingest_cursor as i on i.wallet_id = %(wallet_id)s;

-- name: list_gaps :many
-- The newest gaps of a wallet; `from` is null where nothing is known before `to`.
-- Reads: metrics.fill_gaps
select
    coin,
    kind,
    to_char(from_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as from_at,
    to_char(to_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until_at,
    trim_scale(missing_size_coin)::text as missing_size_coin
from metrics.fill_gaps
where wallet_id = %(wallet_id)s
order by to_at desc, coin, kind, from_at
limit %(limit)s;
