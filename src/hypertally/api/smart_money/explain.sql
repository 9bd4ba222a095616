-- name: count_snapshots :one
-- The number of snapshots of a signal's universe at both ends of its period, hidden ones included,
-- and their digest: computed here, from the facts.
-- Reads: metrics.count_snapshots
select c.count, c.digest, e.minutes
from (
    select array[%(at)s::timestamptz - %(period)s::interval, %(at)s::timestamptz] as minutes
) as e
cross join lateral metrics.count_snapshots(
    %(run_id)s::bigint, %(asset)s, e.minutes) as c;

-- name: list_anomalies :many
-- The anomalies, known at a signal's time, of the snapshots at both ends of its period.
-- Reads: metrics.snapshot_anomalies, metrics.wallet_universe_members
select x.minute, m.wallet, x.kind, x.known_at, x.dirties, x.detail
from metrics.snapshot_anomalies as x
join metrics.wallet_universe_members as m
    on m.run_id = %(run_id)s::bigint and m.wallet_id = x.wallet_id
where (x.minute in (%(at)s::timestamptz - %(period)s::interval, %(at)s::timestamptz)
        or (%(older)s and x.minute in (
            %(at)s::timestamptz - %(period)s::interval - interval '1 minute',
            %(at)s::timestamptz - interval '1 minute')))
    and x.asset = %(asset)s
    and x.known_at <= %(at)s::timestamptz
order by x.minute, m.wallet, x.kind
limit %(limit)s;

-- name: list_restatements :many
-- The restatements of a signal as it was issued, newest first, their figures named by the path that
-- each has in the answer. Version 3 alone is restated.
-- Reads: metrics.restatements
select
    to_char(r.restated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as restated_at,
    r.cause,
    (
        select jsonb_object_agg(n.path, case
            when n.is_score then jsonb_build_array(
                trim_scale((r.changes -> n.name ->> 0)::numeric)::text,
                trim_scale((r.changes -> n.name ->> 1)::numeric)::text)
            else r.changes -> n.name end)
        from (values
            ('cas', 'cas.value', true), ('band', 'cas.band', false), ('ecs', 'ecs.value', true),
            ('ecs_long', 'ecs.long', true), ('ecs_short', 'ecs.short', true),
            ('ecs_forced', 'ecs.forced', true), ('bias', 'playbook.bias', false),
            ('risk', 'playbook.risk', false)) as n (name, path, is_score)
        where r.changes ? n.name
    )::text as changes
from metrics.restatements as r
where r.metric = 'signals' and r.signal_asset = %(asset)s and r.signal_at = %(at)s::timestamptz
    and r.window_minutes = %(window_minutes)s
order by r.id desc
limit %(limit)s;
