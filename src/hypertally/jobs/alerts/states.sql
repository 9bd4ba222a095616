-- name: list_all_alert_states :many
-- The state of every alert as of a time, the firing ones first; `unchecked`: nobody checked lately.
-- Reads: ops.alert_state, ops.alert_checks, facts.spot_pairs   Writes: -   Key: (type, subject)
select s.type, s.subject, s.level, ops.shown_state(s.state, c.checked_at, %(as_of)s) as state, s.since, s.reason, s.last_fired_at, s.last_value,
    c.checked_at,
    (select p.base_token || '/' || p.quote_token
     from facts.spot_pairs as p
     where p.coin = substring(s.subject from '^0x[0-9a-f]{40}/(@[0-9]+)/')
     order by p.id desc
     limit 1) as coin_name
from ops.alert_state as s
left join ops.alert_checks as c using (type)
where %(quiet)s or s.state <> 'inactive'
order by array_position(
    array['firing', 'acknowledged', 'pending', 'suppressed', 'retracted', 'resolved', 'inactive'], s.state),
    s.type, s.subject;

-- name: read_last_check :one
-- As of when every type was checked, and whether that is lately.
-- Reads: ops.alert_checks   Writes: -   Key: -
select min(c.checked_at) as checked_at,
    ops.shown_state('resolved', min(c.checked_at), %(as_of)s) = 'resolved' as is_recent
from ops.alert_checks as c;
