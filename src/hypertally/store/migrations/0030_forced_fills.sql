-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Whether a fill was forced upon the wallet whose row it is: its own liquidation, or a deleveraging.
-- That it closed against another wallet's liquidation does not count.
create function facts.fill_is_forced(dir text, liquidated_user bytea, wallet bytea) returns boolean
language sql immutable parallel safe
return coalesce(
    dir = 'Auto-Deleveraging' or dir like 'Liquidated %' or liquidated_user = wallet, false);

revoke all on function facts.fill_is_forced from public;
grant execute on function facts.fill_is_forced to hypertally_metrics, hypertally_jobs;

-- migrate:down
-- forward only
