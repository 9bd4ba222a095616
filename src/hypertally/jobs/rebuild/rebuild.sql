-- name: list_wallets :many
-- Every wallet that has facts or figures, or ever was tracked.
-- Reads: tenancy.wallets   Writes: -   Key: id
select id from tenancy.wallets order by id;

-- name: lock_wallet :exec
-- The locks rollups of a wallet take too.
-- Reads: -   Writes: -   Key: wallet_id
select pg_advisory_xact_lock_shared(hashtext('prices'), 0),
    pg_advisory_xact_lock(hashtext('rollup_wallet_day'), %(wallet_id)s);

-- name: lock_global :exec
-- The lock rollups of orgs' days take too.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('rollup_global_day'), 0);

-- name: lock_twaps :exec
-- The locks rollups of TWAPs take too.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock_shared(hashtext('prices'), 0),
    pg_advisory_xact_lock(hashtext('rollup_twaps'), 0);

-- name: lock_signals :exec
-- The lock the computation of signals takes too.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('signals'), 0);

-- name: list_released :many
-- The days whose snapshots rest in the archive alone.
-- Reads: ops.seals   Writes: -   Key: day
select distinct s.day
from ops.seals as s
where s.dataset = 'wallet_snapshots' and s.released_at is not null
order by s.day;

-- name: make_scratch :exec
-- A schema beside the real one, inside a transaction that is rolled back.
-- Reads: -   Writes: the schema   Key: -
create schema verify_scratch;

-- name: scratch_fill_gaps :exec
-- An empty twin of the metric.
-- Reads: metrics.fill_gaps   Writes: the schema   Key: -
create table {schema}.fill_gaps (like metrics.fill_gaps including indexes);

-- name: scratch_wallet_day_metrics :exec
-- An empty twin of the metric.
-- Reads: metrics.wallet_day_metrics   Writes: the schema   Key: -
create table {schema}.wallet_day_metrics (like metrics.wallet_day_metrics including indexes);

-- name: scratch_global_day_metrics :exec
-- An empty twin of the metric.
-- Reads: metrics.global_day_metrics   Writes: the schema   Key: -
create table {schema}.global_day_metrics (like metrics.global_day_metrics including indexes);

-- name: scratch_twaps :exec
-- An empty twin of the metric.
-- Reads: metrics.twaps   Writes: the schema   Key: -
create table {schema}.twaps (like metrics.twaps including indexes);

-- name: scratch_twap_slices :exec
-- An empty twin of the metric.
-- Reads: metrics.twap_slices   Writes: the schema   Key: -
create table {schema}.twap_slices (like metrics.twap_slices including indexes);

-- name: scratch_twap_executions :exec
-- An empty twin of the metric.
-- Reads: metrics.twap_executions   Writes: the schema   Key: -
create table {schema}.twap_executions (like metrics.twap_executions including indexes);

-- name: scratch_signals :exec
-- An empty twin of the metric.
-- Reads: metrics.signals   Writes: the schema   Key: -
create table {schema}.signals (like metrics.signals including indexes including defaults);

-- name: scratch_signal_contributors :exec
-- An empty twin of what comes with the metric.
-- Reads: metrics.signal_contributors   Writes: the schema   Key: -
create table {schema}.signal_contributors (like metrics.signal_contributors including indexes);

-- name: scratch_signal_outcomes :exec
-- An empty twin of what comes with the metric.
-- Reads: metrics.signal_outcomes   Writes: the schema   Key: -
create table {schema}.signal_outcomes (like metrics.signal_outcomes including indexes);

-- name: grant_scratch :exec
-- Let the metrics' role fill the twins.
-- Reads: -   Writes: the schema   Key: -
do $$ begin
    grant usage on schema verify_scratch to hypertally_metrics;
    grant select, insert, update, delete on all tables in schema verify_scratch to hypertally_metrics;
end $$;

-- name: act_as_metrics :exec
-- Compute under the role that computes.
-- Reads: -   Writes: -   Key: -
set local role hypertally_worker;

-- name: compare_fill_gaps :one
-- Count the differing rows and show the first. A gap of a wallet that waits for its rollup is not compared.
-- Reads: metrics.fill_gaps, {schema}.fill_gaps, ops.dirty_wallet_days   Writes: -   Key: all but the size
with pairs as (
    select coalesce(s.wallet_id, r.wallet_id) as wallet_id, coalesce(s.coin, r.coin) as coin,
        coalesce(s.to_at, r.to_at) as to_at, to_jsonb(s) as stored, to_jsonb(r) as recomputed
    from metrics.fill_gaps as s
    full join {schema}.fill_gaps as r using (wallet_id, coin, kind, from_at, to_at)
), judged as (
    select *, exists (select from ops.dirty_wallet_days as d where d.wallet_id = pairs.wallet_id)
        as waits
    from pairs
)
select count(*)::integer as rows, count(*) filter (where waits)::integer as waiting,
    count(*) filter (where not waits and stored is distinct from recomputed)::integer as differing,
    (select jsonb_build_object(
        'wallet', (select '0x' || encode(address, 'hex') from tenancy.wallets where id = wallet_id),
        'coin', coin, 'stored', stored::text, 'recomputed', recomputed::text)
     from judged where not waits and stored is distinct from recomputed
     order by wallet_id, coin, to_at limit 1) as first
from judged;

-- name: compare_wallet_day_metrics :one
-- Count the differing rows and show the first. A row that waits for its rollup is not compared.
-- Reads: metrics.wallet_day_metrics, {schema}.wallet_day_metrics, ops.dirty_wallet_days   Writes: -   Key: (wallet_id, day)
with pairs as (
    select wallet_id, day, to_jsonb(s) as stored, to_jsonb(r) as recomputed
    from metrics.wallet_day_metrics as s
    full join {schema}.wallet_day_metrics as r using (wallet_id, day)
), judged as (
    select *, exists (select from ops.dirty_wallet_days as d where d.wallet_id = pairs.wallet_id)
        as waits
    from pairs
), differing as (
    select * from judged where not waits and stored is distinct from recomputed
)
select count(*)::integer as rows, count(*) filter (where waits)::integer as waiting,
    (select count(*) from differing)::integer as differing,
    (select jsonb_build_object(
        'wallet', (select '0x' || encode(address, 'hex') from tenancy.wallets where id = wallet_id),
        'day', day,
        'fields', (select jsonb_object_agg(f.key, jsonb_build_array(
                       stored ->> f.key, recomputed ->> f.key))
                   from jsonb_object_keys(coalesce(stored, recomputed)) as f (key)
                   where stored -> f.key is distinct from recomputed -> f.key))
     from differing order by day, wallet_id limit 1) as first
from judged;

-- name: compare_global_day_metrics :one
-- Count the differing rows and show the first. A day that waits for a rollup is not compared.
-- Reads: metrics.global_day_metrics, {schema}.global_day_metrics, ops   Writes: -   Key: (org_id, day)
with pairs as (
    select org_id, day, to_jsonb(s) as stored, to_jsonb(r) as recomputed
    from metrics.global_day_metrics as s
    full join {schema}.global_day_metrics as r using (org_id, day)
), judged as (
    select *,
        exists (select from ops.dirty_global_days as d
                where d.org_id = pairs.org_id and d.day = pairs.day)
        or exists (select from ops.dirty_wallet_days as d where d.day = pairs.day) as waits
    from pairs
), differing as (
    select * from judged where not waits and stored is distinct from recomputed
)
select count(*)::integer as rows, count(*) filter (where waits)::integer as waiting,
    (select count(*) from differing)::integer as differing,
    (select jsonb_build_object(
        'org', coalesce((select name from tenancy.orgs where id = org_id), 'all tracked wallets'),
        'day', day,
        'fields', (select jsonb_object_agg(f.key, jsonb_build_array(
                       stored ->> f.key, recomputed ->> f.key))
                   from jsonb_object_keys(coalesce(stored, recomputed)) as f (key)
                   where stored -> f.key is distinct from recomputed -> f.key))
     from differing order by day, org_id limit 1) as first
from judged;

-- name: compare_twaps :one
-- Count the differing rows and show the first. A row that waits for its rollup is not compared.
-- Reads: metrics.twaps, {schema}.twaps, ops.dirty_twaps   Writes: -   Key: (twap_id, wallet)
with pairs as (
    select twap_id, wallet, to_jsonb(s) as stored, to_jsonb(r) as recomputed
    from metrics.twaps as s
    full join {schema}.twaps as r using (twap_id, wallet)
), judged as (
    select *, exists (select from ops.dirty_twaps as d
                      where d.twap_id = pairs.twap_id and d.wallet = pairs.wallet) as waits
    from pairs
), differing as (
    select * from judged where not waits and stored is distinct from recomputed
)
select count(*)::integer as rows, count(*) filter (where waits)::integer as waiting,
    (select count(*) from differing)::integer as differing,
    (select jsonb_build_object(
        'wallet', wallet, 'twap_id', twap_id,
        'fields', (select jsonb_object_agg(f.key, jsonb_build_array(
                       stored ->> f.key, recomputed ->> f.key))
                   from jsonb_object_keys(coalesce(stored, recomputed)) as f (key)
                   where stored -> f.key is distinct from recomputed -> f.key))
     from differing order by twap_id, wallet limit 1) as first
from judged;

-- name: compare_twap_slices :one
-- Count the differing rows and show the first. A row that waits for its rollup is not compared.
-- Reads: metrics.twap_slices, {schema}.twap_slices, ops.dirty_twaps   Writes: -   Key: (wallet_id, twap_id, at, oid)
with pairs as (
    select wallet_id, twap_id, at, oid, to_jsonb(s) as stored, to_jsonb(r) as recomputed
    from metrics.twap_slices as s
    full join {schema}.twap_slices as r using (wallet_id, twap_id, at, oid)
), judged as (
    select pairs.*, w.wallet, exists (
            select from ops.dirty_twaps as d
            where d.twap_id = pairs.twap_id and d.wallet = w.wallet) as waits
    from pairs
    left join lateral (
        select '0x' || encode(address, 'hex') as wallet from tenancy.wallets where id = wallet_id
    ) as w on true
), differing as (
    select * from judged where not waits and stored is distinct from recomputed
)
select count(*)::integer as rows, count(*) filter (where waits)::integer as waiting,
    (select count(*) from differing)::integer as differing,
    (select jsonb_build_object(
        'wallet', wallet, 'twap_id', twap_id, 'at', at, 'oid', oid,
        'fields', (select jsonb_object_agg(f.key, jsonb_build_array(
                       stored ->> f.key, recomputed ->> f.key))
                   from jsonb_object_keys(coalesce(stored, recomputed)) as f (key)
                   where stored -> f.key is distinct from recomputed -> f.key))
     from differing order by twap_id, wallet, at, oid limit 1) as first
from judged;

-- name: compare_twap_executions :one
-- Count the differing rows and show the first. A row that waits for its rollup is not compared.
-- Reads: metrics.twap_executions, {schema}.twap_executions, ops.dirty_twaps   Writes: -   Key: (wallet_id, twap_id)
with pairs as (
    select wallet_id, twap_id, to_jsonb(s) as stored, to_jsonb(r) as recomputed
    from metrics.twap_executions as s
    full join {schema}.twap_executions as r using (wallet_id, twap_id)
), judged as (
    select pairs.*, w.wallet, exists (
            select from ops.dirty_twaps as d
            where d.twap_id = pairs.twap_id and d.wallet = w.wallet) as waits
    from pairs
    left join lateral (
        select '0x' || encode(address, 'hex') as wallet from tenancy.wallets where id = wallet_id
    ) as w on true
), differing as (
    select * from judged where not waits and stored is distinct from recomputed
)
select count(*)::integer as rows, count(*) filter (where waits)::integer as waiting,
    (select count(*) from differing)::integer as differing,
    (select jsonb_build_object(
        'wallet', wallet, 'twap_id', twap_id,
        'fields', (select jsonb_object_agg(f.key, jsonb_build_array(
                       stored ->> f.key, recomputed ->> f.key))
                   from jsonb_object_keys(coalesce(stored, recomputed)) as f (key)
                   where stored -> f.key is distinct from recomputed -> f.key))
     from differing order by twap_id, wallet limit 1) as first
from judged;

-- name: compare_signals :one
-- Count the differing rows and show the first; a signal with its contributors and outcomes is one.
-- Reads: metrics.signals, _contributors, _outcomes, the same of {schema}   Writes: -   Key: (asset, definition, at)
with stored as (
    select s.asset, s.definition, s.at, to_jsonb(s) || jsonb_build_object('contributors', (
        select jsonb_agg(to_jsonb(c) order by c.wallet_id) from metrics.signal_contributors as c
        where (c.asset, c.definition, c.at) = (s.asset, s.definition, s.at)),
        'outcomes', (
        select jsonb_agg(to_jsonb(o) order by o.horizon_minutes) from metrics.signal_outcomes as o
        where (o.asset, o.definition, o.at) = (s.asset, s.definition, s.at))) as row
    from metrics.signals as s
), recomputed as (
    select s.asset, s.definition, s.at, to_jsonb(s) || jsonb_build_object('contributors', (
        select jsonb_agg(to_jsonb(c) order by c.wallet_id) from {schema}.signal_contributors as c
        where (c.asset, c.definition, c.at) = (s.asset, s.definition, s.at)),
        'outcomes', (
        select jsonb_agg(to_jsonb(o) order by o.horizon_minutes) from {schema}.signal_outcomes as o
        where (o.asset, o.definition, o.at) = (s.asset, s.definition, s.at))) as row
    from {schema}.signals as s
), pairs as (
    select asset, definition, at, s.row as stored, r.row as recomputed
    from stored as s
    full join recomputed as r using (asset, definition, at)
), differing as (
    select * from pairs where stored is distinct from recomputed
)
select (select count(*) from pairs)::integer as rows, 0 as waiting,
    (select count(*) from differing)::integer as differing,
    (select jsonb_build_object(
        'asset', asset, 'definition', definition, 'at', at,
        'fields', (select jsonb_object_agg(f.key, jsonb_build_array(
                       stored ->> f.key, recomputed ->> f.key))
                   from jsonb_object_keys(coalesce(stored, recomputed)) as f (key)
                   where stored -> f.key is distinct from recomputed -> f.key))
     from differing order by at, asset, definition limit 1) as first;
