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
-- The state of each alert, or only of those that need attention now; `unchecked`: nobody checked
-- it lately.
-- Reads: ops.alert_state, ops.alert_checks
select
    s.type, s.subject, s.level, ops.shown_state(s.state, c.checked_at, now()) as state, s.since, s.reason, s.periods, s.last_fired_at, s.last_value,
    c.checked_at
from ops.alert_state as s
left join ops.alert_checks as c using (type)
where not %(standing)s or s.state in ('pending', 'firing', 'acknowledged', 'suppressed')
order by s.type, s.subject
limit %(limit)s;

-- name: read_last_check :one
-- As of when every type of alert was checked, and whether that is lately.
-- Reads: ops.alert_checks
select
    min(c.checked_at) as checked_at,
    ops.shown_state('resolved', min(c.checked_at), now()) = 'resolved' as is_recent
from ops.alert_checks as c;
