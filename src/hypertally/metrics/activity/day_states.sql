-- name: make_day_states :exec
-- The temporary table of how far days are known, inside one transaction.
-- Reads: -   Writes: pg_temp   Key: -
create temporary table if not exists day_states (
    wallet_id integer, day date, unknown_ms numeric, bad_rows bigint, confirmed boolean,
    reasons jsonb
) on commit delete rows;

-- name: empty_day_states :exec
-- Empty the temporary table for the next days.
-- Reads: -   Writes: pg_temp   Key: -
truncate pg_temp.day_states;

-- name: key_rows :many
-- The days that are named.
-- Reads: -   Writes: -   Key: (wallet_id, day)
select u.wallet_id, u.day from unnest(%(wallet_ids)s::integer[], %(days)s::date[]) as u (wallet_id, day);

-- name: member_rows :many
-- The days of wallets that an org tracks then and that have no figures then.
-- Reads: tenancy.org_wallets, {schema}.wallet_day_metrics   Writes: -   Key: (wallet_id, day)
select distinct o.wallet_id, u.day
from unnest(%(org_ids)s::integer[], %(days)s::date[]) as u (org_id, day)
join tenancy.org_wallets as o
    on (u.org_id = 0 or o.org_id = u.org_id)
    and o.from_day <= u.day and (o.to_day is null or u.day < o.to_day)
where not exists (
    select from {schema}.wallet_day_metrics as d
    where d.wallet_id = o.wallet_id and d.day = u.day);

-- name: insert_day_states :execrows
-- How far days of wallets are known: the milliseconds inside gaps or read by no answer, the rows
-- that could not be read or have two contents, whether all of it was checked (read twice, and the
-- positions stated after the last fill), and by kind what lowers completeness. A break between two
-- fills of one millisecond counts as one millisecond.
-- Reads: {schema}.fill_gaps, facts.pages, facts.hl_fills_raw, facts.reject_windows, facts.rejects,
--        facts.decoded_rejects, facts.conflicts, facts.account_positions
-- Writes: pg_temp.day_states   Key: (wallet_id, day)
with wanted as materialized (
    select w.wallet_id, w.day,
        w.day::timestamp at time zone 'UTC' as from_at,
        (w.day + 1)::timestamp at time zone 'UTC' as to_at
    from ({source}) as w
), readings as materialized (
    select s.wallet_id, r.day, r.covered, r.confirmed
    from (
        select wallet_id, min(day) as first_day, max(day) as last_day from wanted group by wallet_id
    ) as s
    cross join lateral facts.day_readings(s.wallet_id, s.first_day, s.last_day) as r
), gaps as materialized (
    select w.wallet_id, w.day, g.kind, range_agg(tstzrange(
        greatest(g.from_at, w.from_at),
        least(greatest(g.to_at, g.from_at + interval '1 millisecond'), w.to_at))) as spans
    from wanted as w
    join {schema}.fill_gaps as g
        on g.wallet_id = w.wallet_id and g.from_at < w.to_at and g.to_at > w.from_at
    group by w.wallet_id, w.day, g.kind
), times as materialized (
    select w.wallet_id, w.day,
        tstzmultirange(tstzrange(w.from_at, w.to_at)) - coalesce(r.covered, '{{}}') as not_read,
        coalesce(r.covered, '{{}}') - coalesce(r.confirmed, '{{}}') as read_once
    from wanted as w
    left join readings as r using (wallet_id, day)
), ends as materialized (
    -- The last fill of a dex whose positions the exchange did not state since, or stated after the
    -- last reading of fills.
    select w.wallet_id, w.day, min(e.last_at) as from_at, max(w.to_at) as to_at
    from wanted as w
    cross join lateral (
        select case facts.market_of(f.coin) when 'hip3' then facts.dex_of(f.coin) else '' end as dex,
            max(f.time) as last_at
        from facts.hl_fills_raw as f
        where f.wallet_id = w.wallet_id and f.time >= w.from_at and f.time < w.to_at
            and facts.market_of(f.coin) in ('perp', 'hip3')
        group by 1
    ) as e
    where not exists (
            select from facts.settled_positions(w.wallet_id) as p
            where p.dex = e.dex and p.at > e.last_at
            offset 0)  -- row by row through the keys: a join would read the whole table
        and not exists (
            select from facts.hl_fills_raw as f
            where f.wallet_id = w.wallet_id and f.time >= w.to_at
                and facts.market_of(f.coin) in ('perp', 'hip3')
                and case facts.market_of(f.coin) when 'hip3' then facts.dex_of(f.coin) else '' end
                    = e.dex
            offset 0)
    group by w.wallet_id, w.day
), rows as (
    select w.wallet_id, w.day, 'reject' as kind, count(distinct r.payload_sha256) as rows,
        greatest(min(x.from_at), min(w.from_at)) as from_at,
        least(max(x.to_at), min(w.to_at)) as to_at
    from wanted as w
    join facts.reject_windows as x
        on x.wallet_id = w.wallet_id and x.from_at < w.to_at and x.to_at >= w.from_at
    join facts.rejects as r on r.id = x.reject_id
    where not exists (select from facts.decoded_rejects as d where d.reject_id = x.reject_id)
    group by w.wallet_id, w.day
    union all
    select w.wallet_id, w.day, 'conflict', count(*), min(c.time), max(c.time)
    from wanted as w
    join facts.conflicts as c
        on c.wallet_id = w.wallet_id and c.time >= w.from_at and c.time < w.to_at
    group by w.wallet_id, w.day
), spans as materialized (
    select wallet_id, day, kind, spans from gaps
    union all
    select wallet_id, day, 'not_read', not_read from times where not isempty(not_read)
    union all
    select wallet_id, day, 'read_once', read_once from times where not isempty(read_once)
    union all
    select wallet_id, day, 'end_not_checked', tstzmultirange(tstzrange(from_at, to_at)) from ends
), lowered as (
    select s.wallet_id, s.day, s.kind, lower(s.spans) as from_at, upper(s.spans) as to_at,
        (select sum(extract(epoch from upper(span) - lower(span)) * 1000)
         from unnest(s.spans) as span) as ms,
        null::bigint as rows
    from spans as s
    union all
    select wallet_id, day, kind, from_at, to_at, null, rows from rows
), reasons as (
    select wallet_id, day, coalesce(sum(rows), 0)::bigint as bad_rows,
        bool_and(kind not in ('read_once', 'end_not_checked')) as confirmed,
        jsonb_agg(jsonb_build_object(
            'kind', kind,
            'from_at', to_char(from_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'to_at', to_char(to_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
            'ms', ceil(ms)::bigint, 'rows', rows) order by kind) as reasons
    from lowered
    group by wallet_id, day
), unknown as (
    select wallet_id, day,
        (select sum(extract(epoch from upper(span) - lower(span)) * 1000)
         from unnest(range_agg(spans)) as span) as unknown_ms
    from spans
    where kind not in ('read_once', 'end_not_checked')
    group by wallet_id, day
)
insert into pg_temp.day_states (wallet_id, day, unknown_ms, bad_rows, confirmed, reasons)
select w.wallet_id, w.day, coalesce(u.unknown_ms, 0), coalesce(r.bad_rows, 0),
    coalesce(r.confirmed, true), coalesce(r.reasons, '[]')
from wanted as w
left join reasons as r using (wallet_id, day)
left join unknown as u using (wallet_id, day);
