-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- The statement that reads signals' positions no longer computes usual sizes: metrics/smart_money/signal_history.py
-- does, the same digits for less. The definition is what it was, so its version stays and its text
-- is stored anew at the next start.
delete from metrics.definitions where definition in ('smart_money/1', 'smart_money/2');

-- migrate:down
-- forward only
