-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- The market that a coin of the exchange belongs to, told by its name: spot is @107 or PURR/USDC,
-- outcome is #90, hip3 is xyz:TSLA, and every other name is perp, the core perp markets.
-- Inlined into the statements that call it, as it is a single expression without settings.
create function facts.market_of(coin text) returns text
language sql immutable parallel safe
return case
    when coin like '@%' or coin like '%/%' then 'spot'
    when coin like '#%' then 'outcome'
    when coin like '%:%' then 'hip3'
    else 'perp'
end;

-- The dex that a coin's name begins with, xyz of xyz:TSLA; null for a coin of the core dex.
create function facts.dex_of(coin text) returns text
language sql immutable parallel safe
return case when coin like '%:%' then split_part(coin, ':', 1) end;

revoke all on function facts.market_of, facts.dex_of from public;
grant execute on function facts.market_of, facts.dex_of
    to hypertally_facts, hypertally_metrics, hypertally_jobs, hypertally_api;

-- migrate:down
-- forward only
