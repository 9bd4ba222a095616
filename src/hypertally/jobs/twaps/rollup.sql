-- name: lock_twaps :exec
-- One rollup of TWAPs at a time: two would write the same rows. And none beside new prices: it
-- would compute without them, and not yet be seen by the search for what lacked them.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock_shared(hashtext('prices'), 0),
    pg_advisory_xact_lock(hashtext('rollup_twaps'), 0);

-- name: take_twaps :many
-- Take the oldest committed marks; of each TWAP, how many there were.
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
