-- name: begin_delivery :one
-- Count an attempt to deliver before the message is sent, so that the attempt of a killed worker is
-- counted. A delivery that was already made is returned unchanged.
-- Reads: ops.alerts   Writes: ops.alert_deliveries   Key: id
update ops.alert_deliveries as d
set attempts = d.attempts + case when d.delivered_at is null then 1 else 0 end
from ops.alerts as a
where d.id = %(id)s and a.id = d.alert_id
returning d.channel, d.dedupe_key, d.delivered_at, a.type, a.subject, a.level, a.to_state, a.at,
    a.reason, a.value::text as figures,
    (select count(*)::integer from ops.alerts as o where o.told_with = a.id) as others,
    array(select distinct o.subject from ops.alerts as o where o.told_with = a.id
          order by o.subject limit %(named)s) as other_subjects;

-- name: mark_delivered :execrows
-- Record that the channel took the message.
-- Reads: -   Writes: ops.alert_deliveries   Key: id
update ops.alert_deliveries
set delivered_at = coalesce(delivered_at, %(at)s), last_error = null
where id = %(id)s;

-- name: note_failure :execrows
-- Record why the channel did not take the message.
-- Reads: -   Writes: ops.alert_deliveries   Key: id
update ops.alert_deliveries set last_error = %(error)s
where id = %(id)s and delivered_at is null;
