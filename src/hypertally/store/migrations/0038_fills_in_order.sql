-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Whether the fills are known that made a position smaller: answers showed every fill of the time,
-- and in order of time these connect from the larger position to the smaller one. The state that the
-- exchange answers may be two seconds old: only so near to either end may fills be left over.
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
    ), steps as (
        -- Whatever the order inside a millisecond: how much oftener a size is left than reached.
        select s.time, s.size, sum(s.times) as net
        from (
            select f.time, f.start_size as size, 1 as times from fills as f
            union all
            select f.time, f.end_size, -1 from fills as f
        ) as s
        join ends as e on s.time between e.first_at and e.last_at
        group by s.time, s.size
    ), moments as (
        select s.time, array_agg(s.size) as sizes,
            min(s.size) filter (where s.net = 1) as from_size,
            min(s.size) filter (where s.net = -1) as to_size,
            count(*) filter (where s.net <> 0) as ends
        from steps as s
        group by s.time
    ), numbered as (
        -- A moment that ends where it began has no end of its own: it goes with the one before.
        select m.*, count(m.to_size) over (order by m.time) as moves
        from moments as m
    ), reached as (
        select n.*, coalesce(max(n.to_size) over (partition by n.moves), held_size) as reached_size
        from numbered as n
    ), chained as (
        select r.*, lag(r.reached_size, 1, held_size) over (order by r.time) as before_size
        from reached as r
    )
    select coalesce(e.first_at <= e.last_at, false)
        and not exists (
            select from chained as c
            where c.ends not in (0, 2)
                or (c.ends = 2 and (c.from_size is null or c.to_size is null))
                or c.before_size <> coalesce(c.from_size, c.before_size)
                or c.before_size <> all (c.sizes)
                or (c.time = e.last_at and c.reached_size <> left_size))
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
