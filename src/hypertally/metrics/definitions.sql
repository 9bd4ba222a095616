-- name: put_definition :one
-- Store a definition; answers nothing when another text is stored under its version.
-- Reads: metrics.definitions   Writes: metrics.definitions   Key: definition
insert into metrics.definitions as d (definition, metric, version, words, sql)
values (%(definition)s, %(metric)s, %(version)s, %(words)s, %(sql)s)
on conflict (definition) do update set words = excluded.words
where d.sql = excluded.sql
returning definition;
