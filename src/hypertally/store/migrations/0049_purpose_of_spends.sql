-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- The kind of job that spent the weight; null: a command that is no job.
alter table ops.weight_spends add column purpose text;

-- migrate:down
-- forward only
