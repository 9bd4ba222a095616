-- name: list_universes :many
-- The members of the universes known at these times.
-- Reads: metrics.wallet_universe_runs, metrics.wallet_universe_members   Writes: -   Key: (at, wallet_id)
select e.at, m.run_id, m.wallet_id, m.wallet
from unnest(%(times)s::timestamptz[]) as e (at)
cross join lateral (
    select r.id from metrics.wallet_universe_runs as r
    where r.status = 'chosen' and r.taken_at <= e.at
    order by r.taken_at desc, r.id desc
    limit 1
) as known
join metrics.wallet_universe_members as m on m.run_id = known.id
order by e.at, m.wallet;

-- name: list_sightings :many
-- The newest snapshots of wallets at a time: of its minute, of the minute before, and the newest
-- observed one of the hour before these.
-- Reads: facts.wallet_snapshots   Writes: -   Key: (asset, wallet_id)
select a.asset, w.wallet_id, n.szi as at_end, p.szi as minute_before, earlier.szi as earlier,
    n.fingerprint as end_fingerprint, p.fingerprint as before_fingerprint
from unnest(%(wallet_ids)s::integer[]) as w (wallet_id)
cross join unnest(%(assets)s::text[]) as a (asset)
left join facts.wallet_snapshots as n on n.minute = %(at)s::timestamptz
    and n.asset = a.asset and n.wallet_id = w.wallet_id
left join facts.wallet_snapshots as p
    on p.minute = %(at)s::timestamptz - interval '1 minute'
    and p.asset = a.asset and p.wallet_id = w.wallet_id
left join lateral (
    select s.szi from facts.wallet_snapshots as s
    where s.asset = a.asset and s.wallet_id = w.wallet_id and s.szi is not null
        and s.minute < %(at)s::timestamptz - interval '1 minute'
        and s.minute >= %(at)s::timestamptz - interval '1 minute' - %(holder_within)s::interval
    order by s.minute desc
    limit 1
) as earlier on true;

-- name: list_dirty :many
-- The snapshots of these minutes that were known by a time to be wrong.
-- Reads: metrics.snapshot_anomalies   Writes: -   Key: (minute, asset, wallet_id)
select distinct x.minute, x.asset, x.wallet_id
from metrics.snapshot_anomalies as x
where x.minute = any (%(minutes)s::timestamptz[]) and x.dirties and x.known_at <= %(at)s;
