-- name: lock_archive :exec
-- Only one process at a time writes to the archive or restores from it.
-- Reads: -   Writes: -   Key: dataset
select pg_advisory_xact_lock(hashtext('archive'), hashtext(%(dataset)s));

-- name: list_seals :many
-- The seals of a dataset, in the order of the manifests.
-- Reads: ops.seals   Writes: -   Key: (dataset, number)
select s.number, s.day, s.rows, s.digest, s.bytes, encode(s.manifest_sha256, 'hex') as sha256,
    s.location, s.sealed_at, s.verified_at, s.released_at
from ops.seals as s
where s.dataset = %(dataset)s
order by s.number;

-- name: insert_seal :execrows
-- Store that a manifest was written and its files were read back.
-- Reads: -   Writes: ops.seals   Key: (dataset, number)
insert into ops.seals (
    dataset, number, day, rows, digest, bytes, manifest_sha256, location, released_at)
values (
    %(dataset)s, %(number)s, %(day)s, %(rows)s, %(digest)s, %(bytes)s,
    decode(%(sha256)s, 'hex'), %(location)s, case when %(released)s then now() end);

-- name: mark_verified :execrows
-- Store that the archived copy of a day equals its rows.
-- Reads: -   Writes: ops.seals   Key: (dataset, day)
update ops.seals set verified_at = now()
where dataset = %(dataset)s and day = %(day)s and released_at is null;

-- name: release_day :one
-- Delete a sealed day from the database; returns the reason of a refusal, or null when done.
-- Reads: ops.seals   Writes: the schema, ops.seals   Key: (dataset, day)
select facts.release_day(%(dataset)s::text, %(day)s::date) as refusal;
