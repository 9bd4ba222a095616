-- name: reopen_day :one
-- Create the partition for the rows of a released day.
-- Reads: -   Writes: the schema, ops.seals   Key: (dataset, day)
select facts.reopen_day(%(dataset)s::text, %(day)s::date) as made;
