-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

alter table ops.exit_windows add column left_size numeric; -- coin, signed: the smaller position; null: found before this column was made

-- Whether the fills are known that made a position smaller: answers showed every fill of the time,
-- and these lead from the larger position to the smaller one. Fills that are late leave it open.
create function facts.reduction_is_known(
    wallet integer, asset text, held_size numeric, left_size numeric,
    after_at timestamptz, until_at timestamptz)
returns boolean
language sql stable parallel safe
set search_path = ''
as $$
    with fills as (
        select f.time, f.start_position,
            case f.side when 'B' then f.sz else -f.sz end as change
        from facts.watched_fills as f
        where f.wallet_id = wallet and f.coin = asset and f.time > after_at and f.time <= until_at
    ), ends as (
        select min(f.time) filter (where f.start_position = held_size) as first_at,
            max(f.time) filter (where f.start_position + f.change = left_size) as last_at
        from fills as f
    )
    select coalesce((
            select sum(f.change) = left_size - held_size
            from fills as f
            join ends as e on f.time between e.first_at and e.last_at), false)
        and coalesce((
            select range_agg(tstzrange(r.from_at, r.to_at, '[]'))
            from facts.watched_readings as r
            where r.wallet_id = wallet and r.to_at >= after_at and r.from_at <= until_at
        ) @> tstzrange(after_at, until_at, '[]'), false)
$$;
revoke all on function facts.reduction_is_known(
    integer, text, numeric, numeric, timestamptz, timestamptz) from public;
grant execute on function facts.reduction_is_known(
    integer, text, numeric, numeric, timestamptz, timestamptz)
    to hypertally_metrics, hypertally_jobs;
drop function facts.reduction_is_known(integer, text, numeric, timestamptz, timestamptz);

-- migrate:down
-- forward only
