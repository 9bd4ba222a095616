-- name: list_all_alert_states :many
-- The state of every alert, the firing ones first.
-- Reads: ops.alert_state, ops.alert_checks   Writes: -   Key: (type, subject)
select s.type, s.subject, s.level, s.state, s.since, s.reason, s.last_fired_at, s.last_value,
    c.checked_at
from ops.alert_state as s
left join ops.alert_checks as c using (type)
where %(quiet)s or s.state <> 'inactive'
order by array_position(
    array['firing', 'acknowledged', 'pending', 'suppressed', 'retracted', 'resolved', 'inactive'], s.state),
    s.type, s.subject;
