-- name: count_periods :many
-- By asset, the number of periods that both versions have, and in how many they agree.
-- Reads: metrics.signals
select
    f.asset,
    count(*) as periods,
    count(*) filter (where f.locked is not null or s.locked is not null) as locked,
    count(*) filter (where (f.bias, f.risk) = (s.bias, s.risk)) as same_playbook,
    count(*) filter (where f.band is not distinct from s.band) as same_band
from metrics.signals as f
join metrics.signals as s on s.asset = f.asset and s.at = f.at and s.definition = %(later)s
    and s.window_minutes = f.window_minutes
where f.definition = %(earlier)s
    and f.window_minutes = 5
    and f.asset = any(%(assets)s::text[])
    and f.at >= %(from_at)s::timestamptz
    and f.at < %(to_at)s::timestamptz
group by f.asset;

-- name: count_pairs :many
-- The pairs of playbooks and of bands of the two versions, with the number of their periods; the
-- most frequent pair first.
-- Reads: metrics.signals
select f.asset, v.part, v.first, v.second, count(*) as periods
from metrics.signals as f
join metrics.signals as s on s.asset = f.asset and s.at = f.at and s.definition = %(later)s
    and s.window_minutes = f.window_minutes
cross join lateral (values
    ('playbooks', f.bias || ' / ' || f.risk, s.bias || ' / ' || s.risk),
    ('bands', f.band, s.band)
) as v (part, first, second)
where f.definition = %(earlier)s
    and f.window_minutes = 5
    and f.asset = any(%(assets)s::text[])
    and f.at >= %(from_at)s::timestamptz
    and f.at < %(to_at)s::timestamptz
group by f.asset, v.part, v.first, v.second
order by f.asset, v.part, periods desc, v.first, v.second;

-- name: compare_scores :many
-- The differences of the scores that both versions know, and how often only one version knows it.
-- Reads: metrics.signals
select
    f.asset, v.score,
    count(v.first - v.second) as periods,
    round(avg(abs(v.first - v.second)), 8) as mean_difference,
    max(abs(v.first - v.second)) as largest_difference,
    count(*) filter (where v.first is not null and v.second is null) as first_alone,
    count(*) filter (where v.first is null and v.second is not null) as second_alone
from metrics.signals as f
join metrics.signals as s on s.asset = f.asset and s.at = f.at and s.definition = %(later)s
    and s.window_minutes = f.window_minutes
cross join lateral (values
    ('cas', f.cas, s.cas), ('dispersion', f.dispersion, s.dispersion), ('ecs', f.ecs, s.ecs)
) as v (score, first, second)
where f.definition = %(earlier)s
    and f.window_minutes = 5
    and f.asset = any(%(assets)s::text[])
    and f.at >= %(from_at)s::timestamptz
    and f.at < %(to_at)s::timestamptz
group by f.asset, v.score;

-- name: list_differing :many
-- A page of the periods whose band or playbook differs, with both rows, newest first.
-- Reads: metrics.signals
with differing as (
    select f.asset, f.at
    from metrics.signals as f
    join metrics.signals as s
        on s.asset = f.asset and s.at = f.at and s.definition = %(later)s
    and s.window_minutes = f.window_minutes
    where f.definition = %(earlier)s
    and f.window_minutes = 5
        and f.asset = any(%(assets)s::text[])
        and f.at >= %(from_at)s::timestamptz
        and f.at < %(to_at)s::timestamptz
        and (f.at < %(before_at)s::timestamptz
            or (f.at = %(before_at)s::timestamptz and f.asset > %(after_asset)s::text))
        and (f.band, f.bias, f.risk) is distinct from (s.band, s.bias, s.risk)
    order by f.at desc, f.asset
    limit %(limit)s
)
select r.*
from differing as d
join metrics.signals as r
    on r.asset = d.asset and r.at = d.at and r.window_minutes = 5
    and r.definition in (%(earlier)s, %(later)s)
order by r.at desc, r.asset, r.definition;
