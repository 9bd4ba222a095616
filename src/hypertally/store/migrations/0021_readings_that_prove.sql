-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Whether nothing lies before the first stored fill of a wallet: a reading from 0 to now, in one
-- piece, showed fewer rows than the exchange keeps, and was asked for after that fill, or showed it
-- first. A reading from before the first fill says nothing of what came between the two. Without a
-- stored fill the newest reading decides.
create function facts.is_history_whole(wallet integer) returns boolean
language sql stable parallel safe as $$
with begins as (
    select min(f.time) as at from facts.hl_fills_raw as f where f.wallet_id = wallet
)
select exists (
    select from facts.history_readings as r, begins as b
    where r.wallet_id = wallet and r.rows_shown < 10000
        and (r.asked_at >= b.at or facts.time_of_ms(r.first_ms) <= b.at
             or (b.at is null and not exists (
                 select from facts.history_readings as n
                 where n.wallet_id = wallet and n.rows_shown >= 10000 and n.asked_at > r.asked_at))))
$$;
revoke all on function facts.is_history_whole from public;
grant execute on function facts.is_history_whole
    to hypertally_facts, hypertally_metrics, hypertally_jobs;
comment on function facts.is_history_whole is
    'whether a reading from 0 to now proved that nothing lies before the first stored fill';

-- The second reading of a record stops at a hole that thin answers left.
grant select on facts.limits_met, facts.limits_lifted, facts.account_positions to hypertally_jobs;

-- Of the position that each chain ends with, stated by the exchange after the last fill.
alter table ops.hl_ingest_cursor
    add column ends_checked boolean not null default false,
    add column end_check_tries integer not null default 0;
comment on column ops.hl_ingest_cursor.ends_checked is
    'true: since the last new fill, the exchange stated the positions of each dex that the wallet used';
comment on column ops.hl_ingest_cursor.end_check_tries is
    'how often these positions were asked for in vain since the last new fill';

-- migrate:down
-- forward only
