-- name: read_definition :one
-- A version of a metric's definition; the newest when none is named.
-- Reads: metrics.definitions
select definition as id, version, words, sql
from metrics.definitions
where metric = %(metric)s
order by definition = %(definition)s desc nulls last, version desc
limit 1;

-- name: read_computed_at :one
-- When rows of a metric were last computed, by the keys that jobs note.
-- Reads: ops.computations
select to_char(max(computed_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as computed_at
from ops.computations
where metric = %(metric)s and key = any(%(keys)s::text[]);
