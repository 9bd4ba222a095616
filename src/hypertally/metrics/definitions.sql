-- name: read_definition :one
-- A stored definition, locked until the transaction ends; `form` is null if an earlier release,
-- without forms, stored it.
-- Reads: metrics.definitions   Writes: -   Key: definition
select definition, sql, form
from metrics.definitions where definition = %(definition)s for update;

-- name: list_definitions :many
-- All stored definitions, as `read_definition` without its lock.
-- Reads: metrics.definitions   Writes: -   Key: definition
select definition, sql, form from metrics.definitions;

-- name: put_definition :exec
-- Store a definition with its current form.
-- Reads: -   Writes: metrics.definitions   Key: definition
insert into metrics.definitions (definition, metric, version, words, sql, form)
values (%(definition)s, %(metric)s, %(version)s, %(words)s, %(sql)s, %(form)s)
on conflict (definition) do update
set words = excluded.words, sql = excluded.sql, form = excluded.form;
