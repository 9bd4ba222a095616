-- name: list_signals :many
-- The periods since a time, oldest first, of the horizon of one period.
-- Reads: metrics.signals   Writes: -   Key: (at, asset)
select s.at, s.asset, s.locked, s.bias, s.risk, s.rule, s.cas::text, s.ecs::text, s.exits
from metrics.signals as s
where s.definition = %(definition)s and s.window_minutes = 5 and s.at > %(since)s and s.at <= %(at)s
order by s.at, s.asset;

-- name: list_changed_signals :many
-- Firings since a time whose signal, as it is stored now, does not say what was told; of an alert
-- the newest first. What stood before is what stood before the first of the firings taken back one
-- after another, now or in earlier checks; `wrong_since` is the period of that first one.
-- Reads: ops.alerts, metrics.signals   Writes: -   Key: alert_id
with changed as (
    select a.id, a.type, a.subject, a.at, a.value ->> 'to' as playbook_told, s.locked,
        s.bias || ' / ' || s.risk as playbook
    from ops.alerts as a
    join metrics.signals as s on s.at = a.at and s.asset = a.subject
        and s.window_minutes = 5
        and s.definition = coalesce(a.value ->> 'definition', 'smart_money/2')
    where a.type in ('regime_change', 'exit_cluster') and a.to_state = 'firing'
        and a.at > %(since)s and a.at <= %(at)s
        and not exists (select from ops.alerts as r where r.retracts = a.id)
        and case
            when a.type = 'regime_change'
                then s.bias || ' / ' || s.risk is distinct from a.value ->> 'to'
            else (s.exits -> 'all' ->> 'high')::boolean is distinct from true
        end
), standing as (
    select f.id, f.type, f.subject
    from ops.alerts as f
    where f.type in ('regime_change', 'exit_cluster') and f.to_state = 'firing'
        and not exists (select from ops.alerts as r where r.retracts = f.id)
        and f.id not in (select c.id from changed as c)
)
select c.id as alert_id, c.type, c.subject, c.at, c.playbook_told, c.locked, c.playbook,
    wrong.at as wrong_since, wrong.playbook_before,
    not exists (
        select from standing as f
        where f.type = c.type and f.subject = c.subject and f.id > c.id
    ) as is_newest
from changed as c
cross join lateral (
    select w.id, w.at, w.value ->> 'from' as playbook_before
    from ops.alerts as w
    where w.type = c.type and w.subject = c.subject and w.to_state = 'firing' and w.id <= c.id
        and w.id > coalesce((
            select max(f.id) from standing as f
            where f.type = c.type and f.subject = c.subject and f.id < c.id), 0)
    order by w.id
    limit 1
) as wrong
order by wrong.id, c.id desc;
