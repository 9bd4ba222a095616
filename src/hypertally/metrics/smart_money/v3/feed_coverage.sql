-- name: read_success :one
-- The newest minute up to a time in which wallets answered.
-- Reads: ops.ingest_runs   Writes: -   Key: minute
select max(i.minute) as success_at
from ops.ingest_runs as i
where i.minute <= %(at)s and i.status <> 'failed';

-- name: count_observed :one
-- How many wallets were observed in a range of minutes, in any asset.
-- Reads: facts.wallet_snapshots   Writes: -   Key: -
select count(distinct s.wallet_id)::integer as wallets
from facts.wallet_snapshots as s
where s.minute > %(after)s and s.minute <= %(until)s and s.szi is not null
    and s.wallet_id = any (%(wallet_ids)s::integer[]);
