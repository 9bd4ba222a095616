-- name: read_last_restatement :one
-- The number of the newest restatement; 0: there is none.
-- Reads: metrics.restatements   Writes: -   Key: -
select coalesce(max(id), 0) as id from metrics.restatements;

-- name: sum_changes :many
-- The columns that restatements after one name, with the number of rows and the largest change from
-- a number to a number.
-- Reads: metrics.restatements   Writes: -   Key: (metric, column, cause)
select r.metric, c.key as column, r.cause, count(*)::integer as rows,
    trim_scale(max(abs(case
        when c.value ->> 0 ~ '^-?[0-9]+(\.[0-9]+)?$' and c.value ->> 1 ~ '^-?[0-9]+(\.[0-9]+)?$'
        then (c.value ->> 1)::numeric - (c.value ->> 0)::numeric
    end))) as largest
from metrics.restatements as r
cross join lateral jsonb_each(r.changes) as c
where r.id > %(after)s
group by r.metric, c.key, r.cause
order by r.metric, count(*) desc, c.key, r.cause;
