-- name: ensure_egress :execrows
-- The row all processes of one egress address queue at.
-- Reads: -   Writes: ops.weight_budgets   Key: egress
insert into ops.weight_budgets (egress) values (%(egress)s) on conflict do nothing;

-- name: lock_egress :one
-- One at a time; a statement of its own, so that the next one sees what the one before wrote.
-- Reads: ops.weight_budgets   Writes: -   Key: egress
select egress from ops.weight_budgets where egress = %(egress)s for update;

-- name: reserve :one
-- Spend weight if the last minute allows it, else say how long until it does. A request that never
-- settled may have been counted by the exchange up to a minute after it was reserved.
-- Reads: ops.weight_spends   Writes: ops.weight_spends   Key: id
with recent as (
    select id, weight,
        at + make_interval(secs => %(window_seconds)s * case when settled then 1 else 2 end)
            as expires
    from ops.weight_spends
    where egress = %(egress)s
        and at > clock_timestamp() - make_interval(secs => 2 * %(window_seconds)s)
), counted as (
    select weight, expires, sum(weight) over (order by expires, id) as freed,
        sum(weight) over () as spent
    from recent
    where expires > clock_timestamp()
), added as (
    insert into ops.weight_spends (egress, weight)
    select %(egress)s, %(weight)s::integer
    where coalesce((select max(spent) from counted), 0) + %(weight)s::integer <= %(limit)s
    returning id
)
select (select id from added) as id,
    coalesce((select extract(epoch from min(expires) - clock_timestamp())
              from counted where spent - freed + %(weight)s::integer <= %(limit)s), 0)::float8
        as wait_seconds;

-- name: settle :execrows
-- What a request really cost, counted from its answer.
-- Reads: -   Writes: ops.weight_spends   Key: id
update ops.weight_spends set weight = %(weight)s, at = clock_timestamp(), settled = true
where id = %(id)s;

-- name: prune :execrows
-- Forget spends that can no longer count.
-- Reads: -   Writes: ops.weight_spends   Key: id
delete from ops.weight_spends where at < clock_timestamp() - interval '10 minutes';
