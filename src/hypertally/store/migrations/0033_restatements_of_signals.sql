-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- The proof of a signal lists the restatements of its row.
create index restatements_by_signal on metrics.restatements (signal_asset, signal_at)
    where signal_asset is not null;

-- migrate:down
-- forward only
