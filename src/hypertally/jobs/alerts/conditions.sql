-- name: read_feed :one
-- The state of the feed at a time: the newest minute that succeeded, the first minute, and whether
-- a minute was tried within a day.
-- Reads: ops.ingest_runs   Writes: -   Key: minute
select well.minute as success_at, well.coverage,
    (select min(i.minute) from ops.ingest_runs as i where i.minute <= %(at)s) as first_at,
    exists (
        select from ops.ingest_runs as i
        where i.minute <= %(at)s and i.minute > %(at)s::timestamptz - interval '1 day'
    ) as tried
from (select 1) as one
left join lateral (
    select i.minute, i.coverage from ops.ingest_runs as i
    where i.status <> 'failed' and i.minute <= %(at)s
    order by i.minute desc
    limit 1
) as well on true;

-- name: list_signals :many
-- The periods since a time, oldest first.
-- Reads: metrics.signals   Writes: -   Key: (at, asset)
select s.at, s.asset, s.locked, s.bias, s.risk, s.rule, s.cas::text, s.ecs::text, s.exits
from metrics.signals as s
where s.definition = %(definition)s and s.at > %(since)s and s.at <= %(at)s
order by s.at, s.asset;

-- name: end_gaps :execrows
-- Gaps of earlier checks that are gone, or that no job will ask the exchange for again.
-- Reads: metrics.fill_gaps, ops.jobs   Writes: ops.alert_gaps   Key: (wallet_id, coin, kind, from_at, to_at)
update ops.alert_gaps as a
set ended_at = %(at)s, ending = judged.ending
from (
    select o.wallet_id, o.coin, o.kind, o.from_at, o.to_at,
        case
            when g.wallet_id is null then 'filled'
            when not exists (
                select from unnest(%(delays)s::integer[]) as d (seconds)
                join ops.jobs as j on j.dedupe_key = concat_ws(':',
                    'repair_gap', o.wallet_id, o.coin,
                    (extract(epoch from o.to_at) * 1000)::bigint, d.seconds)
                where j.status in ('queued', 'running') and o.kind = 'position_break'
            ) then 'permanent'
        end as ending
    from ops.alert_gaps as o
    left join metrics.fill_gaps as g using (wallet_id, coin, kind, from_at, to_at)
    where o.ended_at is null and o.seen_at < %(at)s
) as judged
where (a.wallet_id, a.coin, a.kind, a.from_at, a.to_at)
        = (judged.wallet_id, judged.coin, judged.kind, judged.from_at, judged.to_at)
    and judged.ending is not null;

-- name: see_gaps :execrows
-- Gaps that no check saw before, or that were filled and have come back. The beginning of a record
-- is the known edge of what the exchange keeps, and gives no alert.
-- Reads: metrics.fill_gaps   Writes: ops.alert_gaps   Key: (wallet_id, coin, kind, from_at, to_at)
insert into ops.alert_gaps as a (wallet_id, coin, kind, from_at, to_at, seen_at)
select g.wallet_id, g.coin, g.kind, g.from_at, g.to_at, %(at)s
from metrics.fill_gaps as g
where g.kind <> 'history_begins' and g.from_at > '1970-01-01 00:00:00+00'
    and not exists (
        select from ops.alert_gaps as o
        where (o.wallet_id, o.coin, o.kind, o.from_at, o.to_at)
                = (g.wallet_id, g.coin, g.kind, g.from_at, g.to_at)
            and o.ending is distinct from 'filled')
on conflict (wallet_id, coin, kind, from_at, to_at) do update
set seen_at = excluded.seen_at, ended_at = null, ending = null
where a.ended_at < excluded.seen_at;

-- name: list_gaps :many
-- The open gaps and, for a wallet whose alert is firing without an open gap, the gaps that ended
-- since the alert fired. Gaps that earlier checks ended count too: an earlier minute may be judged
-- later.
-- Reads: ops.alert_gaps, ops.alert_state, tenancy.wallets   Writes: -   Key: (wallet_id, from_at)
select '0x' || encode(w.address, 'hex') as wallet, g.*
from (
    select a.wallet_id, a.coin, a.kind, a.from_at, a.to_at, a.ending, true as open
    from ops.alert_gaps as a
    where a.ended_at is null
    union all
    select s.wallet_id, a.coin, a.kind, a.from_at, a.to_at, a.ending, false
    from ops.alert_state as s
    left join ops.alert_gaps as a on a.wallet_id = s.wallet_id and a.ended_at >= s.since
    where s.type = 'data_gap' and s.state in ('pending', 'firing', 'suppressed', 'acknowledged')
        and not exists (
            select from ops.alert_gaps as o
            where o.wallet_id = s.wallet_id and o.ended_at is null)
) as g
join tenancy.wallets as w on w.id = g.wallet_id
order by g.wallet_id, g.from_at, g.coin, g.kind;

-- name: take_restatements :many
-- Take the marks of restatements as of a time, oldest first.
-- Reads: metrics.restatements, tenancy.wallets, tenancy.orgs   Writes: ops.unjudged_restatements   Key: restatement_id
with chosen as (
    select u.restatement_id, r.restated_at
    from ops.unjudged_restatements as u
    join metrics.restatements as r on r.id = u.restatement_id
    where r.restated_at <= %(at)s
    order by r.restated_at, r.id
    limit %(limit)s
), taken as (
    delete from ops.unjudged_restatements as u using chosen
    where u.restatement_id = chosen.restatement_id
)
select r.id, r.metric, r.day, r.cause, r.restated_at, r.wallet_id, r.org_id, r.twap_id,
    r.changes::text as changes, '0x' || encode(w.address, 'hex') as wallet, o.name as org
from chosen
join metrics.restatements as r on r.id = chosen.restatement_id
left join tenancy.wallets as w on w.id = r.wallet_id
left join tenancy.orgs as o on o.id = r.org_id
order by chosen.restated_at, r.id;

-- name: list_churned_runs :many
-- Universes chosen within a day that changed much and gave no alert yet, oldest first.
-- Reads: metrics.wallet_universe_runs, ops.alerts   Writes: -   Key: id
select r.id, r.taken_at, r.churn, r.members, cardinality(r.entered) as entered, r.source
from metrics.wallet_universe_runs as r
where r.status = 'chosen' and r.churn > %(above)s
    and r.taken_at <= %(at)s and r.taken_at > %(at)s::timestamptz - interval '1 day'
    and not exists (select from ops.alerts as a where a.event_key = 'universe_run:' || r.id)
order by r.taken_at, r.id;

-- name: read_demand :one
-- The number of tracked wallets that last traded within the hour, within the day, and longer ago;
-- and the weight per minute that is reserved for snapshots.
-- Reads: tenancy.org_wallets, ops.hl_ingest_cursor, ops.weight_shares   Writes: -   Key: -
select
    count(*) filter (where t.idle < interval '1 hour')::integer as hot,
    count(*) filter (where t.idle >= interval '1 hour' and t.idle < interval '1 day')::integer
        as warm,
    count(*) filter (where t.idle >= interval '1 day')::integer as cold,
    (select coalesce(max(s.weight), 0) from ops.weight_shares as s
     where s.kept_until > %(at)s)::integer as kept
from (
    select %(at)s::timestamptz - to_timestamp(coalesce(c.cursor_ms, 0) / 1000.0) as idle
    from (select distinct wallet_id from tenancy.org_wallets where to_day is null) as w
    left join ops.hl_ingest_cursor as c using (wallet_id)
) as t;
