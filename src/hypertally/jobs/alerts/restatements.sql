-- name: take_restatements :many
-- Take the marks of restatements as of a time, oldest first; `follows_definition`: of an org's day
-- whose wallets' days were computed by a new definition within the hour before.
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
), redefined as (
    select d.day, d.restated_at
    from metrics.restatements as d
    where d.cause = 'definition' and d.wallet_id is not null
        and d.restated_at >= (select min(restated_at) from chosen) - interval '1 hour'
)
select r.id, r.metric, r.day, r.cause, r.restated_at, r.wallet_id, r.org_id, r.twap_id,
    r.changes::text as changes, '0x' || encode(w.address, 'hex') as wallet, o.name as org,
    r.org_id is not null and exists (
        select from redefined as d
        where d.day = r.day and d.restated_at <= r.restated_at
            and d.restated_at > r.restated_at - interval '1 hour') as follows_definition
from chosen
join metrics.restatements as r on r.id = chosen.restatement_id
left join tenancy.wallets as w on w.id = r.wallet_id
left join tenancy.orgs as o on o.id = r.org_id
-- A TWAP of a wallet that nobody tracks is no org's number: the mark is taken, and nothing told.
where r.wallet_id is not null or r.org_id is not null
order by chosen.restated_at, r.id;
