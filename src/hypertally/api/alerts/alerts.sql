-- name: list_alerts :many
-- A page of the transitions of alerts, newest first.
-- Reads: ops.alerts
select
    a.id, a.type, a.subject, a.level, a.from_state, a.to_state, a.at, a.reason,
    a.value::text as value, a.created_at
from ops.alerts as a
where (a.at, a.id) < (%(before_at)s::timestamptz, %(before_id)s::bigint)
    and (%(type)s::text is null or a.type = %(type)s)
    and (%(subject)s::text is null or a.subject = %(subject)s)
order by a.at desc, a.id desc
limit %(limit)s;

-- name: list_states :many
-- The state of each alert, or only of those that need attention now.
-- Reads: ops.alert_state
select
    s.type, s.subject, s.level, s.state, s.since, s.reason, s.periods, s.last_fired_at, s.last_value
from ops.alert_state as s
where not %(standing)s or s.state in ('pending', 'firing', 'acknowledged', 'suppressed')
order by s.type, s.subject
limit %(limit)s;
