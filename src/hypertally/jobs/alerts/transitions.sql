-- name: lock_alerts :exec
-- One check at a time: each continues from the state that the check before it left.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('alerts'), 0);

-- name: list_alert_states :many
-- The states of the alerts of these types and subjects.
-- Reads: ops.alert_state   Writes: -   Key: (type, subject)
select s.type, s.subject, s.level, s.wallet_id, s.org_id, s.state, s.since, s.reason, s.periods,
    s.last_fired_at, s.last_value, s.told, s.judged_at
from unnest(%(types)s::text[], %(subjects)s::text[]) as wanted (type, subject)
join ops.alert_state as s on s.type = wanted.type and s.subject = wanted.subject
order by s.type, s.subject;

-- name: read_context :one
-- Whether the feed's alert fired at a time and fires now, and how many alerts of an asset fired in
-- the day up to that time; a firing may be told late, after others that fired later. Moves toward
-- safety and what was taken back are not counted. Those count that every org is told, and for an
-- org's alert those of this org too.
-- Reads: ops.alerts   Writes: -   Key: id
select
    coalesce((
        select a.to_state in ('firing', 'acknowledged')
        from ops.alerts as a
        where a.type = 'system_stale' and a.subject = 'system' and a.at <= %(at)s
        order by a.id desc
        limit 1), false) as stale,
    coalesce((
        select a.to_state in ('firing', 'acknowledged')
        from ops.alerts as a
        where a.type = 'system_stale' and a.subject = 'system'
        order by a.id desc
        limit 1), false) as stale_now,
    (select count(*)::integer
     from ops.alerts as a
     where a.type = any (%(types)s::text[]) and a.to_state = 'firing'
         and coalesce(a.asset, a.subject) = %(asset)s and not a.toward_safety
         and not exists (select from ops.alerts as r where r.retracts = a.id)
         and (a.org_id is null or a.org_id = %(org_id)s::integer)
         and a.at > %(at)s::timestamptz - %(within)s::interval and a.at <= %(at)s) as fired;

-- name: insert_transition :one
-- Store a transition, once; an event that is already stored gives no row.
-- Reads: -   Writes: ops.alerts   Key: (event_key, to_state)
insert into ops.alerts (
    type, subject, wallet_id, org_id, level, from_state, to_state, at, reason, value, event_key,
    asset, toward_safety, retracts)
values (
    %(type)s, %(subject)s, %(wallet_id)s, %(org_id)s, %(level)s, %(from_state)s, %(to_state)s,
    %(at)s, %(reason)s, %(value)s, %(event_key)s,
    %(asset)s, %(toward_safety)s, %(retracts)s)
on conflict (event_key, to_state) do nothing
returning id;

-- name: put_alert_state :execrows
-- Store the state of an alert.
-- Reads: -   Writes: ops.alert_state   Key: (type, subject)
insert into ops.alert_state as s (
    type, subject, wallet_id, org_id, level, state, since, reason, periods, last_fired_at,
    last_value, told, judged_at)
values (
    %(type)s, %(subject)s, %(wallet_id)s, %(org_id)s, %(level)s, %(state)s, %(since)s, %(reason)s,
    %(periods)s, %(last_fired_at)s, %(last_value)s, %(told)s, %(judged_at)s)
on conflict (type, subject) do update
set (level, state, since, reason, periods, last_fired_at, last_value, told, judged_at)
    = row(excluded.level, excluded.state, excluded.since, excluded.reason, excluded.periods,
          excluded.last_fired_at, excluded.last_value, excluded.told, excluded.judged_at);

-- name: put_last_firing :execrows
-- Let the cooldown of an alert count from the last firing that was not taken back.
-- Reads: ops.alerts   Writes: ops.alert_state   Key: (type, subject)
update ops.alert_state as s
set last_fired_at = (
    select max(a.at)
    from ops.alerts as a
    where a.type = s.type and a.subject = s.subject and a.to_state = 'firing'
        and not exists (select from ops.alerts as r where r.retracts = a.id))
where s.type = %(type)s and s.subject = %(subject)s;

-- name: tell_with :execrows
-- Let the message of one transition count another one too.
-- Reads: -   Writes: ops.alerts   Key: id
update ops.alerts set told_with = %(lead)s where id = %(alert_id)s;

-- name: insert_delivery :one
-- Store the delivery of a transition through a channel, once.
-- Reads: -   Writes: ops.alert_deliveries   Key: dedupe_key
insert into ops.alert_deliveries (alert_id, channel, dedupe_key)
values (%(alert_id)s, %(channel)s, %(alert_id)s::bigint || ':' || %(channel)s)
on conflict (dedupe_key) do nothing
returning id;

-- name: note_check :execrows
-- Store as of when these types were checked, and by which program.
-- Reads: -   Writes: ops.alert_checks   Key: type
insert into ops.alert_checks as c (type, checked_at, checked_by)
select name, %(at)s, %(by)s
from unnest(%(types)s::text[]) as n (name)
on conflict (type) do update
set checked_at = excluded.checked_at, checked_by = excluded.checked_by
where c.checked_at < excluded.checked_at;
