-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- The API tells of the newest liquidation of a made-up exchange.
grant execute on function facts.fill_is_forced to hypertally_api;

-- migrate:down
-- forward only
