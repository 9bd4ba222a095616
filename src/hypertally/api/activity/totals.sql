-- name: read_totals :one
-- Totals of an org's days, newest first, for each number of days; an object by that number. Of a
-- figure that is null on some days the total is null, and its interval has what is known. A day
-- that is not known at all adds nothing to what is known, and leaves only counts and volumes,
-- which are never negative, with a lower bound.
-- Reads: -
with shown as (
    select d.value as day, row_number() over (order by d.value ->> 'day' desc) as place
    from jsonb_array_elements(%(days)s::jsonb) as d
),
ranges as (
    select s.size, d.day
    from unnest(%(sizes)s::integer[]) as s (size)
    join shown as d on d.place <= s.size
),
sums as (
    select
        r.size,
        f.figure,
        f.is_count,
        sum((r.day ->> f.figure)::numeric) as priced,
        metrics.sum_intervals(coalesce(r.day -> 'intervals' -> f.figure, jsonb_build_object(
            'known', '0', 'lower', case when f.is_never_negative then '0' end, 'upper', null,
            'unpriced', '{}'::jsonb
        ))) filter (where r.day ->> f.figure is null) as unknown
    from ranges as r
    cross join (
        values
            ('dau', true, true), ('fills', true, true), ('events', true, true),
            ('spot_volume_usd', false, true), ('perp_volume_usd', false, true),
            ('hip3_volume_usd', false, true), ('outcome_volume_usd', false, true),
            ('other_volume_usd', false, true), ('taker_volume_usd', false, true),
            ('maker_volume_usd', false, true), ('legs_volume_usd', false, true),
            ('unique_volume_usd', false, true), ('internal_volume_usd', false, true),
            ('gross_realised_pnl_usd', false, false), ('fees_usd', false, false),
            ('builder_fees_usd', false, false)
    ) as f (figure, is_count, is_never_negative)
    group by r.size, f.figure, f.is_count
),
figures as (
    select
        size,
        jsonb_object_agg(figure, case
            when unknown is not null then null
            when is_count then to_jsonb(priced)
            else to_jsonb(trim_scale(priced)::text)
        end) filter (where figure <> 'dau') as totals,
        coalesce(jsonb_object_agg(figure, metrics.with_priced(unknown, priced))
            filter (where unknown is not null and figure <> 'dau'), '{}') as intervals,
        max(priced) filter (where figure = 'dau') as active,
        bool_or(unknown is not null) filter (where figure = 'dau') as is_active_unknown
    from sums
    group by size
),
spans as (
    select
        size,
        min(day ->> 'day') as first_day,
        max(day ->> 'day') as last_day,
        count(*) as days,
        count(*) filter (where day ->> 'fills' is null) as days_unknown,
        trim_scale(trunc(avg((day ->> 'completeness')::numeric), 6))::text as completeness
    from ranges
    group by size
),
averages as (
    select size, trim_scale(round(coalesce(active, 0) / days, 2))::text as dau_average
    from figures
    join spans using (size)
)
select coalesce(jsonb_object_agg(
    size,
    f.totals || jsonb_build_object(
        'from', s.first_day,
        'to', s.last_day,
        'days', s.days,
        'days_unknown', s.days_unknown,
        'dau_average', case when not f.is_active_unknown then a.dau_average end,
        'completeness', s.completeness,
        'intervals', f.intervals || case
            when f.is_active_unknown then jsonb_build_object('dau_average', jsonb_build_object(
                'known', a.dau_average, 'lower', a.dau_average, 'upper', null,
                'unpriced', '{}'::jsonb))
            else '{}'
        end
    )
), '{}')::text as body
from figures as f
join spans as s using (size)
join averages as a using (size);
