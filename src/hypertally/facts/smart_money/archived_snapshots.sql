-- name: list_days :many
-- The days before a bound that have rows.
-- Reads: facts.wallet_snapshots   Writes: -   Key: day
select d.first::date as day
from generate_series(
    date_trunc('day', (select min(s.minute) from facts.wallet_snapshots as s)),
    %(before)s::date::timestamp at time zone 'UTC' - interval '1 day',
    interval '1 day') as d (first)
where exists (
    select from facts.wallet_snapshots as s
    where s.minute >= d.first and s.minute < d.first + interval '1 day')
order by d.first;

-- name: count_day :one
-- How many rows a day has, and the sum of their fingerprints.
-- Reads: facts.wallet_snapshots   Writes: -   Key: day
select count(*) as rows, coalesce(sum(s.fingerprint), 0) as fingerprints
from facts.wallet_snapshots as s
where s.minute >= %(day)s::date::timestamp at time zone 'UTC'
    and s.minute < (%(day)s::date + 1)::timestamp at time zone 'UTC';

-- name: list_rows :many
-- The rows of a day in one asset; numerics as text, digit for digit.
-- Reads: facts.wallet_snapshots, tenancy.wallets   Writes: -   Key: (wallet_id, minute)
select s.minute, s.wallet_id, '0x' || encode(w.address, 'hex') as wallet, s.asset,
    s.szi::text as szi, s.missing, s.entry_px::text as entry_px,
    s.position_value::text as position_value, s.unrealized_pnl::text as unrealized_pnl,
    s.leverage::text as leverage, s.account_value::text as account_value, s.observed_at,
    s.payload_fingerprint, s.fingerprint, s.inserted_at
from facts.wallet_snapshots as s
left join tenancy.wallets as w on w.id = s.wallet_id
where s.minute >= %(day)s::date::timestamp at time zone 'UTC'
    and s.minute < (%(day)s::date + 1)::timestamp at time zone 'UTC'
    and s.asset = %(slice)s
order by s.wallet_id, s.minute;

-- name: make_stage :exec
-- The temporary table for the rows of a file.
-- Reads: -   Writes: a temporary table   Key: -
create temporary table restored_snapshots (
    minute timestamptz, wallet_id integer, wallet text, asset text, szi text, missing text,
    entry_px text, position_value text, unrealized_pnl text, leverage text, account_value text,
    observed_at timestamptz, payload_fingerprint bigint, fingerprint bigint,
    inserted_at timestamptz);

-- name: empty_stage :exec
-- Empty the temporary table for the next file.
-- Reads: -   Writes: a temporary table   Key: -
truncate pg_temp.restored_snapshots;

-- name: list_strangers :many
-- A wallet of the file whose id is another wallet's, or no wallet's, in this database.
-- Reads: a temporary table, tenancy.wallets   Writes: -   Key: wallet_id
select r.wallet_id, min(r.wallet) as archived,
    coalesce('0x' || encode(w.address, 'hex'), 'nobody') as here
from pg_temp.restored_snapshots as r
left join tenancy.wallets as w on w.id = r.wallet_id
where r.wallet is not null and r.wallet is distinct from '0x' || encode(w.address, 'hex')
group by r.wallet_id, w.address
order by r.wallet_id
limit 1;

-- name: insert_restored :execrows
-- Restore rows as they were, with their time of storing, because signals depend on it.
-- Reads: a temporary table   Writes: facts.wallet_snapshots   Key: (minute, asset, wallet_id)
insert into facts.wallet_snapshots (
    minute, wallet_id, asset, szi, missing, entry_px, position_value, unrealized_pnl, leverage,
    account_value, observed_at, payload_fingerprint, fingerprint, inserted_at)
select r.minute, r.wallet_id, r.asset, r.szi::numeric, r.missing, r.entry_px::numeric,
    r.position_value::numeric, r.unrealized_pnl::numeric, r.leverage::numeric,
    r.account_value::numeric, r.observed_at, r.payload_fingerprint, r.fingerprint, r.inserted_at
from pg_temp.restored_snapshots as r
order by r.asset, r.wallet_id, r.minute
on conflict do nothing;
