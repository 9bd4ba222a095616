-- name: lock_wallet :exec
-- One rollup of a wallet at a time: two would write the same rows. No rollup runs beside new
-- prices:
-- its result would lack them, and the search for days without prices would not see it yet.
-- Reads: -   Writes: -   Key: wallet_id
select pg_advisory_xact_lock_shared(hashtext('prices'), 0),
    pg_advisory_xact_lock(hashtext('rollup_wallet_day'), %(wallet_id)s);

-- name: lock_global :exec
-- One rollup of orgs' days at a time: two would write the same rows.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('rollup_global_day'), 0);

-- name: take_wallet_days :many
-- Take the committed marks of a wallet; a mark made meanwhile stays and has its own rollup.
-- Reads: -   Writes: ops.dirty_wallet_days   Key: id
with taken as (
    delete from ops.dirty_wallet_days
    where wallet_id = %(wallet_id)s
    returning day, from_at
)
select day, min(from_at) as from_at
from taken
group by day
order by day;

-- name: mark_global_days :execrows
-- Mark the days of a wallet for each org that counts the wallet then, and for all tracked wallets.
-- Reads: tenancy.org_wallets   Writes: ops.dirty_global_days   Key: id
insert into ops.dirty_global_days (org_id, day)
select org.id, u.day
from unnest(%(days)s::date[]) as u (day)
cross join lateral (
    select o.org_id as id
    from tenancy.org_wallets as o
    where o.wallet_id = %(wallet_id)s and o.from_day <= u.day
        and (o.to_day is null or u.day < o.to_day)
    union
    select 0
) as org;

-- name: take_global_days :many
-- Take committed marks of orgs' days, newest first. A past day waits while its wallets have marks:
-- the rollup of the wallets marks the day again.
-- Reads: ops.dirty_wallet_days   Writes: ops.dirty_global_days   Key: id
with chosen as (
    select distinct org_id, day from ops.dirty_global_days as g
    where g.day >= (now() at time zone 'UTC')::date
        or not exists (select from ops.dirty_wallet_days as w where w.day = g.day)
    order by day desc, org_id limit %(limit)s
), taken as (
    delete from ops.dirty_global_days as d using chosen
    where d.org_id = chosen.org_id and d.day = chosen.day
    returning d.org_id, d.day, d.cause
)
select org_id, day, max(cause) as cause from taken group by org_id, day order by day desc, org_id;

-- name: read_last_mark :one
-- The newest committed mark of an org's day.
-- Reads: ops.dirty_global_days   Writes: -   Key: -
select coalesce(max(id), 0) as id from ops.dirty_global_days;

-- name: take_org_days :many
-- Take committed marks, up to one of them, of the days of orgs that count these wallets then, and of
-- all tracked wallets; newest first. No day waits for marks of other wallets: their rollups mark it
-- again.
-- Reads: tenancy.org_wallets   Writes: ops.dirty_global_days   Key: id
with chosen as (
    select distinct g.org_id, g.day from ops.dirty_global_days as g
    where g.id <= %(last_mark)s
        and exists (
            select from tenancy.org_wallets as o
            where o.wallet_id = any (%(wallet_ids)s::integer[])
                and (g.org_id = 0 or o.org_id = g.org_id)
                and o.from_day <= g.day and (o.to_day is null or g.day < o.to_day))
    order by g.day desc, g.org_id limit %(limit)s
), taken as (
    delete from ops.dirty_global_days as d using chosen
    where d.org_id = chosen.org_id and d.day = chosen.day
    returning d.org_id, d.day, d.cause
)
select org_id, day, max(cause) as cause from taken group by org_id, day order by day desc, org_id;

-- name: list_tokens_without_price :many
-- Tokens without a price on these days, and how long to wait: a token requested lately waits.
-- Reads: metrics.wallet_day_metrics, facts.spot_pairs, ops.jobs   Writes: -   Key: token
select distinct u.token, case when exists (
        select from ops.jobs as j
        where j.dedupe_key = 'pull_prices:' || u.token
            and (j.status = 'running' or (j.status = 'done'
                 and j.finished_at > now() - interval '10 minutes'))) then 600 else 0 end
        as delay_seconds
from metrics.wallet_day_metrics as m
cross join lateral jsonb_to_recordset(m.unpriced) as u (token text, reason text)
where m.wallet_id = %(wallet_id)s and m.day = any (%(days)s::date[])
    and u.reason = 'no stored price for the hour'
    and exists (select from facts.spot_pairs as p
                where p.base_token = u.token and p.quote_token = 'USDC');
