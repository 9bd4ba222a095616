-- name: list_sealed_days :many
-- The days from one time to another whose snapshots rest in the archive alone.
-- Reads: ops.seals
select distinct s.day
from ops.seals as s
where s.dataset = 'wallet_snapshots' and s.released_at is not null
    and s.day between (%(from_at)s::timestamptz at time zone 'UTC')::date
        and (%(to_at)s::timestamptz at time zone 'UTC')::date
order by s.day;
