-- name: list_churned_runs :many
-- Universes chosen within a day that changed much and gave no alert yet, oldest first.
-- Reads: metrics.wallet_universe_runs, ops.alerts   Writes: -   Key: id
select r.id, r.taken_at, r.churn, r.members, cardinality(r.entered) as entered, r.source
from metrics.wallet_universe_runs as r
where r.status = 'chosen' and r.churn > %(above)s
    and r.taken_at <= %(at)s and r.taken_at > %(at)s::timestamptz - interval '1 day'
    and not exists (select from ops.alerts as a where a.event_key = 'universe_run:' || r.id)
order by r.taken_at, r.id;
