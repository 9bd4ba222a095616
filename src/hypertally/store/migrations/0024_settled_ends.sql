-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- An answer to a request from 0 to now proves the beginning only if it showed the first stored fill,
-- or an earlier one: one that was empty while that fill existed was wrong, and proves nothing.
create or replace function facts.is_history_whole(wallet integer) returns boolean
language sql stable parallel safe as $$
with begins as (
    select min(f.time) as at from facts.hl_fills_raw as f where f.wallet_id = wallet
)
select exists (
    select from facts.history_readings as r, begins as b
    where r.wallet_id = wallet and r.rows_shown < 10000
        and (facts.time_of_ms(r.first_ms) <= b.at
             or (b.at is null and not exists (
                 select from facts.history_readings as n
                 where n.wallet_id = wallet and n.rows_shown >= 10000 and n.asked_at > r.asked_at))))
$$;

-- Positions are compared with fills once these were asked for a minute or more after the positions
-- were stated: what was traded just before is shown a little later, and is no missing fill.
create function facts.settled_positions(wallet integer) returns setof facts.account_positions
language sql stable parallel safe as $$
select p.*
from facts.account_positions as p
where p.wallet_id = wallet and exists (
    select from facts.pages as g
    where g.wallet_id = wallet and g.closed and g.source = 'info.userFillsByTime'
        and g.asked_at >= p.at + interval '1 minute'
        and facts.time_of_ms(g.covers_to_ms) >= p.at)
$$;
revoke all on function facts.settled_positions from public;
grant execute on function facts.settled_positions
    to hypertally_facts, hypertally_metrics, hypertally_jobs;
comment on function facts.settled_positions is
    'positions of a wallet that a reading of its fills, asked a minute or more later, can be held against';

-- migrate:down
-- forward only
