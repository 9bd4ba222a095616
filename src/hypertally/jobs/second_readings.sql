-- name: read_needs :one
-- What the next minute needs of the allowance: the share of snapshots, the requests of jobs of
-- these kinds that come due, and the second readings that were begun before and have not ended.
-- Reads: ops.jobs, ops.weight_shares   Writes: -   Key: -
select
    (select coalesce(max(s.weight), 0)
     from ops.weight_shares as s where s.kept_until > now())::integer as share,
    (select coalesce(sum(u.requests), 0)
     from unnest(%(kinds)s::text[], %(requests)s::integer[]) as u (kind, requests)
     join ops.jobs as j using (kind)
     where j.status = 'queued' and j.run_at <= now() + interval '1 minute')::integer as requests,
    (select count(*)
     from ops.jobs as j
     where j.kind = %(own_kind)s and j.status = 'running'
         and j.lease_token < %(lease_token)s)::integer as second_readings;
