-- name: list_wallets :many
-- The wallets that have facts or figures. A wallet that was only ranked or added has neither.
-- Reads: tenancy.wallets, facts.hl_fills_raw, facts.limits_met, metrics.wallet_day_metrics,
--        metrics.fill_gaps   Writes: -   Key: id
select w.id
from tenancy.wallets as w
where exists (
        select from facts.hl_fills_raw as f
        where f.wallet_id = w.id
            -- Always true, but lets the planner use both halves of the key's index.
            and (f.tid is not null or f.tid is null))
    or exists (select from facts.limits_met as l where l.wallet_id = w.id)
    or exists (select from metrics.wallet_day_metrics as d where d.wallet_id = w.id)
    or exists (select from metrics.fill_gaps as g where g.wallet_id = w.id)
order by w.id;

-- name: lock_wallet :exec
-- Take the locks that rollups of a wallet take too.
-- Reads: -   Writes: -   Key: wallet_id
select pg_advisory_xact_lock_shared(hashtext('prices'), 0),
    pg_advisory_xact_lock(hashtext('rollup_wallet_day'), %(unit)s);

-- name: list_waiting :many
-- The wallets with days that wait for a rollup.
-- Reads: ops.dirty_wallet_days   Writes: -   Key: wallet_id
select distinct wallet_id from ops.dirty_wallet_days;
