-- name: list_signals :many
-- The periods since a time, oldest first, of the horizon of one period.
-- Reads: metrics.signals   Writes: -   Key: (at, asset)
select s.at, s.asset, s.locked, s.bias, s.risk, s.rule, s.cas::text, s.ecs::text, s.exits
from metrics.signals as s
where s.definition = %(definition)s and s.window_minutes = 5 and s.at > %(since)s and s.at <= %(at)s
order by s.at, s.asset;

-- name: list_changed_signals :many
-- Firings since a time whose signal, as it is stored now, does not say what was told.
-- Reads: ops.alerts, metrics.signals   Writes: -   Key: alert_id
select a.id as alert_id, a.type, a.subject, a.at, a.value ->> 'to' as playbook_told,
    a.value ->> 'from' as playbook_before, s.locked, s.bias || ' / ' || s.risk as playbook,
    not exists (
        select from ops.alerts as f
        where f.type = a.type and f.subject = a.subject and f.to_state = 'firing' and f.id > a.id
    ) as is_newest
from ops.alerts as a
join metrics.signals as s on s.at = a.at and s.asset = a.subject
    and s.window_minutes = 5 and s.definition = coalesce(a.value ->> 'definition', 'smart_money/2')
where a.type in ('regime_change', 'exit_cluster') and a.to_state = 'firing'
    and a.at > %(since)s and a.at <= %(at)s
    and not exists (select from ops.alerts as r where r.retracts = a.id)
    and case
        when a.type = 'regime_change' then s.bias || ' / ' || s.risk is distinct from a.value ->> 'to'
        else (s.exits -> 'all' ->> 'high')::boolean is distinct from true
    end
order by a.id;
