-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- A USD figure that is null because a part of it has no price is an interval. Days that an earlier
-- release computed have none until they are computed again; their figures stay null without one.
alter table metrics.wallet_day_metrics add column intervals jsonb not null default '{}'; -- of figures without price
alter table metrics.global_day_metrics add column intervals jsonb not null default '{}'; -- of figures without price
comment on column metrics.wallet_day_metrics.intervals is
    'USD figures that are null for lack of a price: figure -> {known, lower, upper, unpriced: {token: amount}}; '
    'known is the priced part; lower and upper are bounds of the figure, null where nothing bounds it; '
    'an amount is null where the source did not report it';
comment on column metrics.global_day_metrics.intervals is
    'USD figures that are null for lack of a price: figure -> {known, lower, upper, unpriced: {token: amount}}; '
    'as metrics.wallet_day_metrics.intervals, summed over the wallets';

-- The sum of two maps token -> amount; an amount that is null in one of them is null in the sum.
create function metrics.add_amounts(one jsonb, other jsonb) returns jsonb
language sql immutable parallel safe
begin atomic
    select coalesce(jsonb_object_agg(s.token, s.amount), '{}')
    from (
        select a.key as token,
            case when count(a.value) = count(*)
                then trim_scale(sum(a.value::numeric))::text end as amount
        from (
            select * from jsonb_each_text(one)
            union all
            select * from jsonb_each_text(other)
        ) as a
        group by a.key
    ) as s;
end;

-- The sum of two intervals; a bound that one of them lacks is lacking in the sum.
create function metrics.add_intervals(one jsonb, other jsonb) returns jsonb
language sql immutable strict parallel safe
return jsonb_build_object(
    'known', trim_scale((one ->> 'known')::numeric + (other ->> 'known')::numeric)::text,
    'lower', trim_scale((one ->> 'lower')::numeric + (other ->> 'lower')::numeric)::text,
    'upper', trim_scale((one ->> 'upper')::numeric + (other ->> 'upper')::numeric)::text,
    'unpriced', metrics.add_amounts(one -> 'unpriced', other -> 'unpriced')
);

-- The sum of the intervals that are not null; null if there is none.
create aggregate metrics.sum_intervals(jsonb) (
    sfunc = metrics.add_intervals, stype = jsonb, parallel = safe
);

-- An interval with a priced amount added; null stays null.
create function metrics.with_priced(sum_of_intervals jsonb, priced_usd numeric) returns jsonb
language sql immutable parallel safe
return metrics.add_intervals(sum_of_intervals, jsonb_build_object(
    'known', coalesce(priced_usd, 0)::text, 'lower', coalesce(priced_usd, 0)::text,
    'upper', coalesce(priced_usd, 0)::text, 'unpriced', '{}'::jsonb));

revoke all on function metrics.add_amounts, metrics.add_intervals, metrics.sum_intervals,
    metrics.with_priced from public;
grant execute on function metrics.add_amounts, metrics.add_intervals, metrics.sum_intervals,
    metrics.with_priced to hypertally_metrics, hypertally_api;

-- The job of a new hour looks for the tokens in use whose price of the hour is not stored.
grant select on facts.token_prices to hypertally_jobs;

-- migrate:down
-- forward only
