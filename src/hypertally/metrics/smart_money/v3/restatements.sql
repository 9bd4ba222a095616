-- name: read_before :one
-- The signals of a period as they are, to compare them with what they will be.
-- Reads: metrics.signals   Writes: -   Key: -
select coalesce(jsonb_agg(to_jsonb(s)), '[]')::text as signals
from metrics.signals as s
where s.at = %(at)s and s.definition = %(definition)s;

-- name: insert_restatements :execrows
-- Store which figures of a period's signals are other than before; what was unknown was no figure.
-- Reads: metrics.signals   Writes: metrics.restatements   Key: -
insert into metrics.restatements (
    metric, day, cause, changes, signal_asset, signal_at, window_minutes)
select 'signals', (s.at at time zone 'UTC')::date, 'late facts', c.changes, s.asset, s.at,
    s.window_minutes
from jsonb_array_elements(%(before)s::jsonb) as b (row)
join metrics.signals as s
    on s.at = %(at)s and s.definition = %(definition)s and s.asset = b.row ->> 'asset'
    and s.window_minutes = (b.row ->> 'window_minutes')::integer
cross join lateral (
    select jsonb_object_agg(o.key, jsonb_build_array(o.value, n.value)) as changes
    from jsonb_each_text(b.row) as o
    join jsonb_each_text(to_jsonb(s)) as n using (key)
    where o.value is not null and o.value is distinct from n.value
        and o.key in ('cas', 'ecs', 'ecs_long', 'ecs_short', 'ecs_forced', 'bias', 'risk', 'band')
) as c
where c.changes is not null
order by s.asset, s.window_minutes;
