-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- What a definition computes is told by a hash of its statement, without comments, and of the code
-- it calls. What earlier releases stored has none until the next start compares the statement.
alter table metrics.definitions add column form text; -- statement hash, point, code hash

-- A comparison of orgs' days leaves out those that wait for a rollup.
grant select on ops.dirty_global_days to hypertally_metrics;

-- migrate:down
-- forward only
