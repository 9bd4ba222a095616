-- name: list_sightings :many
-- The last snapshots of each position that may be wrong at a minute: it has no size, it changed
-- since the minute before, or its wallet's answer is the same as the minute before.
-- Reads: facts.wallet_snapshots   Writes: -   Key: (wallet_id, asset, minute)
with newest as (
    select n.wallet_id, n.asset,
        n.szi is not null and n.szi is distinct from before.szi as changed,
        n.payload_fingerprint = before.payload_fingerprint as same,
        n.szi is null and n.payload_fingerprint is not null as sizeless
    from facts.wallet_snapshots as n
    left join facts.wallet_snapshots as before
        on before.minute = %(minute)s::timestamptz - interval '1 minute'
        and before.asset = n.asset and before.wallet_id = n.wallet_id
    where n.minute = %(minute)s
), chosen as (
    select c.wallet_id, c.asset, c.changed
    from newest as c
    where c.changed or c.sizeless
        or (c.same and exists (
            select from facts.hl_fills_raw as f
            where f.wallet_id = c.wallet_id and f.coin = c.asset
                and f.time > %(minute)s::timestamptz - %(looked_back)s::interval
                and f.time <= %(minute)s::timestamptz))
)
select c.wallet_id, c.asset, c.changed, s.minute, s.szi, s.payload_fingerprint
from chosen as c
cross join lateral (
    select w.minute, w.szi, w.payload_fingerprint
    from facts.wallet_snapshots as w
    where w.wallet_id = c.wallet_id and w.asset = c.asset
        and w.minute > %(minute)s::timestamptz - %(looked_back)s::interval
        and w.minute <= %(minute)s::timestamptz
    offset 0  -- wallet by wallet, through its index
) as s
order by c.wallet_id, c.asset, s.minute;

-- name: list_proven :many
-- The wallets whose fills are known up to a minute, as a page proves.
-- Reads: facts.pages   Writes: -   Key: wallet_id
select p.wallet_id
from facts.pages as p
where p.wallet_id = any (%(wallet_ids)s::integer[]) and p.closed
    and p.asked_at > %(minute)s::timestamptz - interval '2 hours'
group by p.wallet_id
having max(p.covers_to_ms) >= extract(epoch from %(minute)s::timestamptz) * 1000
    and min(p.covers_from_ms)
        <= extract(epoch from %(minute)s::timestamptz - %(looked_back)s::interval) * 1000;

-- name: list_fills :many
-- The changes of positions by fills before a minute.
-- Reads: facts.hl_fills_raw   Writes: -   Key: (wallet_id, asset, at)
select f.wallet_id, f.coin as asset, f.time as at,
    case f.side when 'B' then f.sz else -f.sz end as change
from facts.hl_fills_raw as f
where f.wallet_id = any (%(of)s::integer[]) and f.coin = any (%(assets)s::text[])
    and f.time > %(minute)s::timestamptz - %(looked_back)s::interval
    and f.time <= %(minute)s::timestamptz
order by 1, 2, 3;

-- name: list_typical_changes :many
-- The median change of positions from one snapshot to the next in the hours before.
-- Exact: percentile_cont would return a float.
-- Reads: facts.wallet_snapshots   Writes: -   Key: (wallet_id, asset)
select u.wallet_id, u.asset, half.typical
from unnest(%(wallet_ids)s::integer[], %(assets)s::text[]) as u (wallet_id, asset)
cross join lateral (
    select 0.5 * (percentile_disc(0.5) within group (order by c.change)
                  + percentile_disc(0.5) within group (order by c.change desc)) as typical
    from (
        select abs(s.szi - lag(s.szi) over (order by s.minute)) as change
        from facts.wallet_snapshots as s
        where s.wallet_id = u.wallet_id and s.asset = u.asset
            and s.minute >= %(minute)s::timestamptz - %(typical_of)s::interval
            and s.minute < %(minute)s::timestamptz
    ) as c
    where c.change is not null
) as half
where half.typical is not null;

-- name: list_last_sizes :many
-- The positions at a minute, each with its newest observed size of the hour before.
-- Reads: facts.wallet_snapshots   Writes: -   Key: (asset, wallet_id)
select n.wallet_id, n.asset, n.szi, before.szi as last
from facts.wallet_snapshots as n
left join lateral (
    select s.szi from facts.wallet_snapshots as s
    where s.asset = n.asset and s.wallet_id = n.wallet_id and s.szi is not null
        and s.minute < n.minute
        and s.minute >= n.minute - interval '1 minute' - %(holder_within)s::interval
    order by s.minute desc
    limit 1
) as before on true
where n.minute = %(minute)s
order by n.wallet_id, n.asset;

-- name: insert_anomalies :execrows
-- Store anomalies of snapshots, each once.
-- Reads: -   Writes: metrics.snapshot_anomalies   Key: (minute, asset, wallet_id, kind)
insert into metrics.snapshot_anomalies (
    minute, wallet_id, asset, kind, known_at, dirties, detail, definition)
select u.minute, u.wallet_id, u.asset, u.kind, u.known_at, u.dirties, u.detail, %(definition)s
from unnest(
    %(minute)s::timestamptz[], %(wallet_id)s::integer[], %(asset)s::text[], %(kind)s::text[],
    %(known_at)s::timestamptz[], %(dirties)s::boolean[], %(detail)s::jsonb[]
) as u (minute, wallet_id, asset, kind, known_at, dirties, detail)
on conflict do nothing;
