-- name: ensure_budget :execrows
-- Add the row that serialises all processes that use one upstream host.
-- Reads: -   Writes: ops.weight_budgets   Key: egress
insert into ops.weight_budgets (egress) values (%(upstream_host)s) on conflict do nothing;

-- name: lock_budget :one
-- Lock the row; a separate statement, so that the next process sees what the one before wrote.
-- Reads: ops.weight_budgets   Writes: -   Key: egress
select egress from ops.weight_budgets where egress = %(upstream_host)s for update;

-- name: reserve :one
-- Spend weight if the last minute allows it, else return how long to wait. A request that never
-- settled may have been counted by the exchange up to a minute after it was reserved. The share of
-- snapshots counts as spent for pulls, and is free for snapshots (`lane` is the egress of that
-- share).
-- Reads: ops.weight_spends, ops.weight_shares   Writes: ops.weight_spends   Key: id
with recent as (
    select id, egress = %(share_name)s as snapshots, weight,
        at + make_interval(secs => %(window_seconds)s * case when settled then 1 else 2 end)
            as expires
    from ops.weight_spends
    where egress in (%(upstream_host)s, %(share_name)s)
        and at > clock_timestamp() - make_interval(secs => 2 * %(window_seconds)s)
), valid as (
    select id, weight, expires, snapshots from recent where expires > clock_timestamp()
), kept as (
    select greatest(
        (select coalesce(sum(weight), 0) from valid where snapshots),
        case when %(snapshots)s then 0 else
            coalesce((select s.weight from ops.weight_shares as s
                      where s.egress = %(upstream_host)s and s.kept_until > clock_timestamp()), 0) end
    ) as weight
), allowed as (
    select %(limit)s - %(weight)s::integer
        - case when %(snapshots)s then 0 else kept.weight end as weight
    from kept
), counted as (
    select weight, expires, sum(weight) over (order by expires, id) as freed,
        sum(weight) over () as spent
    from valid
    where %(snapshots)s or not snapshots
), added as (
    insert into ops.weight_spends (egress, weight, purpose)
    select case when %(snapshots)s then %(share_name)s else %(upstream_host)s end,
        %(weight)s::integer, %(purpose)s
    from allowed
    where coalesce((select max(spent) from counted), 0) <= allowed.weight
    returning id
)
select (select id from added) as id,
    coalesce((select extract(epoch from min(expires) - clock_timestamp())
              from counted, allowed where spent - freed <= allowed.weight), 0)::float8
        as wait_seconds;

-- name: read_free :one
-- The weight that the last minute leaves; the share of snapshots is not free for pulls.
-- Reads: ops.weight_spends, ops.weight_shares   Writes: -   Key: -
with valid as (
    select s.weight, s.egress = %(share_name)s as snapshots
    from ops.weight_spends as s
    where s.egress in (%(upstream_host)s, %(share_name)s)
        and s.at + make_interval(
            secs => %(window_seconds)s * case when s.settled then 1 else 2 end) > clock_timestamp()
), kept as (
    select coalesce(max(s.weight), 0) as weight
    from ops.weight_shares as s
    where s.egress = %(upstream_host)s and s.kept_until > clock_timestamp()
        and not %(snapshots)s
)
select (%(limit)s - coalesce(sum(v.weight) filter (where not v.snapshots), 0)
    - greatest(max(kept.weight), coalesce(sum(v.weight) filter (where v.snapshots), 0)))::integer
    as weight
from kept left join valid as v on true;

-- name: reserve_share :execrows
-- Reserve this part of the allowance against pulls for a while.
-- Reads: -   Writes: ops.weight_shares   Key: egress
insert into ops.weight_shares (egress, weight, kept_until)
values (%(upstream_host)s, %(weight)s, clock_timestamp() + make_interval(secs => %(seconds)s))
on conflict (egress) do update
set weight = excluded.weight, kept_until = excluded.kept_until;

-- name: settle :execrows
-- Store the real cost of a request, counted from its answer.
-- Reads: -   Writes: ops.weight_spends   Key: id
update ops.weight_spends set weight = %(weight)s, at = clock_timestamp(), settled = true
where id = %(id)s;

-- name: prune :execrows
-- Delete spends that can no longer count.
-- Reads: -   Writes: ops.weight_spends   Key: id
delete from ops.weight_spends where at < clock_timestamp() - interval '10 minutes';
