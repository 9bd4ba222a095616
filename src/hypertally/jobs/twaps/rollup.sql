-- name: lock_twaps :exec
-- One rollup of TWAPs at a time: two would write the same rows. No rollup runs beside new prices:
-- its result would lack them, and the search for missing prices would not see it yet.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock_shared(hashtext('prices'), 0),
    pg_advisory_xact_lock(hashtext('rollup_twaps'), 0);

-- name: take_twaps :many
-- Take the oldest committed marks; returns the TWAPs with their number of marks.
-- Reads: -   Writes: ops.dirty_twaps   Key: id
with taken as (
    delete from ops.dirty_twaps
    where id = any (array(select id from ops.dirty_twaps order by id limit %(limit)s))
    returning twap_id, wallet
)
select twap_id, wallet, count(*)::integer as marks
from taken
group by 1, 2
order by 1, 2;
