-- name: delete_twaps :execrows
-- Delete the rows that will be computed again, and keep them for comparison.
-- Reads: -   Writes: {schema}.twaps   Key: (twap_id, wallet)
with gone as (
    delete from {schema}.twaps as t
    using unnest(%(twap_ids)s::bigint[], %(wallets)s::text[]) as w (twap_id, wallet)
    where t.twap_id = w.twap_id and t.wallet = w.wallet
    returning t.*
)
insert into pg_temp.twaps_before select * from gone;

-- name: insert_twaps :execrows
-- The latest state of each TWAP, from its statuses; of a TWAP without a status, from its slices.
-- Of what an object said at several readings, the newest reading stands. `for_others`: once more from
-- what is public, where more than that is known. Materialized: new rows are not in the statistics yet.
-- Reads: facts.twap_status, facts.twap_status_repeats, facts.pages, {schema}.twap_slices,
--        tenancy.wallets   Writes: {schema}.twaps   Key: (twap_id, wallet)
with wanted as materialized (
    select u.twap_id, u.wallet, t.id as tracked_id, own.wallet_id as own_id
    from unnest(%(twap_ids)s::bigint[], %(wallets)s::text[]) as u (twap_id, wallet)
    left join tenancy.wallets as t on t.address = decode(substr(u.wallet, 3), 'hex')
    left join {schema}.twaps as own on %(for_others)s::boolean
        and own.twap_id = u.twap_id and own.wallet = u.wallet and own.audience = 't'
    where own.twap_id is not null or not %(for_others)s::boolean
), told as materialized (
    select s.*
    from wanted as w
    cross join lateral (
        select f.twap_id, f.wallet, f.ts, f.asset, f.side, f.size_requested, f.size_executed,
            f.notional_executed, facts.twap_word(f.status) as status, f.duration_minutes,
            f.event_at, f.wallet_id, f.s3_object_key, f.fingerprint, f.page_id, f.ordinal,
            f.inserted_at, facts.twap_runs(f.status) is false as is_final
        from facts.twap_status as f
        where f.twap_id = w.twap_id and f.wallet = w.wallet
            and (f.wallet_id is null or not %(for_others)s::boolean)
        offset 0  -- TWAP by TWAP through the key, whatever the statistics of the table say
    ) as s
), said as materialized (
    select t.*, count(*) over (
            partition by t.twap_id, t.wallet, t.s3_object_key, t.is_final) as versions
    from told as t
    -- Earlier releases stored damaged rows that are refused now.
    where t.duration_minutes <= 10080
        and (t.ts <= t.inserted_at + interval '1 day'
            or exists (select from facts.pages as p
                       where p.id = t.page_id and t.ts <= p.asked_at + interval '1 day'))
), readings as materialized (
    select s.twap_id, s.wallet, s.s3_object_key, s.is_final, s.fingerprint, r.page_id,
        coalesce(p.asked_at, '-infinity') as asked_at, coalesce(p.etag, r.page_id::text) as etag
    from said as s
    cross join lateral (
        select s.page_id
        union all
        select a.page_id from facts.twap_status_repeats as a
        where a.twap_id = s.twap_id and a.wallet = s.wallet and a.fingerprint = s.fingerprint
    ) as r
    left join lateral (
        select g.asked_at, g.request ->> 'etag' as etag from facts.pages as g
        where g.id = r.page_id
        offset 0
    ) as p on true
    where s.versions > 1 and s.s3_object_key is not null
), newest as materialized (
    select distinct on (twap_id, wallet, s3_object_key, is_final) *
    from readings
    order by twap_id, wallet, s3_object_key, is_final, asked_at desc, page_id desc
), standing as materialized (
    select s.*
    from said as s
    where s.versions = 1 or s.s3_object_key is null
        or exists (
            select from readings as r
            join newest as n using (twap_id, wallet, s3_object_key, is_final, asked_at, etag)
            where r.twap_id = s.twap_id and r.wallet = s.wallet and r.is_final = s.is_final
                and r.s3_object_key = s.s3_object_key and r.fingerprint = s.fingerprint)
), latest as materialized (
    select distinct on (twap_id, wallet) *
    from standing
    order by twap_id, wallet, is_final desc, coalesce(event_at, ts) desc, (status = 'activated'),
        size_executed desc nulls last, page_id desc, ordinal desc
), finals as (
    select twap_id, wallet, status, size_executed, notional_executed,
        jsonb_build_object('status', status, 'size', trim_scale(size_executed)::text,
            'notional', trim_scale(notional_executed)::text,
            'source', coalesce(s3_object_key, 'twapHistory')) as final
    from standing
    where is_final
), conflicting as (
    select twap_id, wallet, jsonb_agg(distinct final) as conflicts
    from finals
    group by 1, 2
    having count(distinct status) > 1 or count(distinct size_executed) > 1
        or count(distinct notional_executed) > 1
), counted as (
    select t.twap_id, t.wallet,
        max(t.wallet_id) as wallet_id,
        bool_or(t.wallet_id is null) as in_archive,
        count(*)::integer as statuses,
        count(*) + min(a.repeats) || ':' || sum(t.fingerprint) + min(a.fingerprints) as digest
    from told as t
    cross join lateral (
        select count(*) as repeats, coalesce(sum(r.fingerprint), 0) as fingerprints
        from facts.twap_status_repeats as r
        where r.twap_id = t.twap_id and r.wallet = t.wallet
    ) as a
    group by 1, 2
), sliced as materialized (
    select w.twap_id, w.wallet, min(s.at) as first_at, max(s.at) as last_at,
        min(s.coin) as coin, min(s.side::text) as side, bool_or(s.audience = 't') as is_pulled
    from wanted as w
    join {schema}.twap_slices as s on s.wallet_id = w.tracked_id and s.twap_id = w.twap_id
        and s.audience <> case when %(for_others)s::boolean then 't' else 'o' end
    group by 1, 2
)
insert into {schema}.twaps (
    twap_id, wallet, wallet_id, in_archive, asset, side, status, status_at, started_at,
    duration_minutes, ends_at, ended_at, size_requested, size_executed, notional_executed,
    statuses, definition, digest, last_slice_at, conflicts, latest_fingerprint,
    audience)
select
    w.twap_id, w.wallet,
    coalesce(w.own_id, c.wallet_id, case when s.twap_id is not null then w.tracked_id end),
    l.twap_id is not null and c.in_archive or coalesce(not s.is_pulled, false),
    coalesce(l.asset, s.coin), coalesce(l.side, s.side::"char"), l.status, l.event_at,
    coalesce(l.ts, s.first_at), l.duration_minutes,
    l.ts + make_interval(mins => l.duration_minutes),
    case when l.is_final then l.event_at end,
    trim_scale(l.size_requested), trim_scale(l.size_executed), trim_scale(l.notional_executed),
    case when l.twap_id is null then 0 else c.statuses end, %(definition)s,
    case when l.twap_id is null then '0:0' else c.digest end,
    s.last_at, f.conflicts, l.fingerprint,
    case
        when c.wallet_id is not null or s.is_pulled then 't'
        when %(for_others)s then 'o'
        else 'a'
    end::"char"
from wanted as w
left join latest as l using (twap_id, wallet)
left join counted as c using (twap_id, wallet)
left join sliced as s using (twap_id, wallet)
left join conflicting as f using (twap_id, wallet)
where l.twap_id is not null or s.twap_id is not null;

-- name: insert_restatements :execrows
-- Store a restatement of each TWAP whose final totals were published and have moved: one for all, or
-- one for those who track the wallet and one, without the wallet's id, for the others.
-- Reads: {schema}.twaps, tenancy.wallets   Writes: metrics.restatements   Key: -
insert into metrics.restatements (metric, wallet_id, day, twap_id, twap_wallet, cause, changes)
select 'twaps', case when not told.is_others then w.id end,
    (coalesce(b.ended_at, b.ends_at, b.started_at) at time zone 'UTC')::date, b.twap_id,
    b.wallet,
    case when b.definition <> a.definition then 'definition' else 'late facts' end,
    changed.fields
from pg_temp.twaps_before as b
cross join (values (false), (true)) as told (is_others)
left join {schema}.twaps as a on a.twap_id = b.twap_id and a.wallet = b.wallet
    and a.audience <> case when told.is_others then 't' else 'o' end
left join tenancy.wallets as w on w.address = decode(substr(b.wallet, 3), 'hex')
cross join lateral (
    select jsonb_object_agg(o.key,
            jsonb_build_array(o.value #>> '{{}}', to_jsonb(a) -> o.key #>> '{{}}')) as fields
    from jsonb_each(to_jsonb(b)) as o
    -- An unknown figure was not published: null that becomes a number is no restatement.
    where o.key in ('size_executed', 'notional_executed')
        and o.value <> 'null' and o.value is distinct from coalesce(to_jsonb(a) -> o.key, 'null')
) as changed
where facts.twap_runs(b.status) is false and changed.fields is not null
    and b.audience <> case when told.is_others then 't' else 'o' end
    -- A wallet that nobody's number names has one restatement, and all may read it.
    and (not told.is_others or w.id is not null);

-- name: temp_table :exec
-- The temporary table for the earlier rows, inside one transaction.
-- Reads: -   Writes: pg_temp   Key: -
create temporary table if not exists twaps_before (like metrics.twaps)
on commit delete rows;
