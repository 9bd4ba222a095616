-- name: list_sealed_days :many
-- The days of a time range whose snapshots are only in the archive.
-- Reads: ops.seals
select distinct s.day
from ops.seals as s
where s.dataset = 'wallet_snapshots' and s.released_at is not null
    and s.day between (%(from_at)s::timestamptz at time zone 'UTC')::date
        and (%(to_at)s::timestamptz at time zone 'UTC')::date
order by s.day;
