-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Whether the fills are known that made a position smaller: answers showed every fill of the time,
-- and these connect from the larger position to the smaller one. The state that the exchange answers
-- may be two seconds old: only so near to either end may fills be left over.
create or replace function facts.reduction_is_known(
    wallet integer, asset text, held_size numeric, left_size numeric,
    after_at timestamptz, until_at timestamptz)
returns boolean
language sql stable parallel safe
set search_path = ''
as $$
    with fills as materialized (
        select f.time, f.start_position as start_size,
            f.start_position + case f.side when 'B' then f.sz else -f.sz end as end_size
        from facts.watched_fills as f
        where f.wallet_id = wallet and f.coin = asset and f.time > after_at and f.time <= until_at
    ), ends as (
        select min(f.time) filter (where f.start_size = held_size) as first_at,
            max(f.time) filter (where f.end_size = left_size) as last_at
        from fills as f
    )
    select coalesce(e.first_at <= e.last_at, false)
        -- Every size is left as often as it is reached, whatever the order inside a millisecond.
        and not exists (
            select s.size
            from (
                select f.start_size as size, 1 as times from fills as f
                where f.time between e.first_at and e.last_at
                union all
                select f.end_size, -1 from fills as f
                where f.time between e.first_at and e.last_at
                union all values (left_size, 1), (held_size, -1)
            ) as s
            group by s.size
            having sum(s.times) <> 0)
        and not exists (
            select from fills as f
            where (f.time < e.first_at and f.time > after_at + interval '2 seconds')
                or (f.time > e.last_at and f.time <= until_at - interval '2 seconds'))
        and coalesce((
            select range_agg(tstzrange(r.from_at, r.to_at, '[]'))
            from facts.watched_readings as r
            where r.wallet_id = wallet and r.to_at >= after_at and r.from_at <= until_at
        ) @> tstzrange(after_at, until_at, '[]'), false)
    from ends as e
$$;

-- migrate:down
-- forward only
