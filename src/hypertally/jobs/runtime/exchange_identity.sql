-- name: find_exchange :one
-- The exchange whose books these are; no row: not said yet.
-- Reads: ops.exchange_identity   Writes: -   Key: -
select exchange, chain_id, said_by, said_at from ops.exchange_identity;

-- name: put_exchange :execrows
-- Say once whose books these are.
-- Reads: -   Writes: ops.exchange_identity   Key: is_only
insert into ops.exchange_identity (exchange, chain_id, said_by)
values (%(exchange)s, %(chain_id)s, %(said_by)s)
on conflict do nothing;

-- name: read_has_books :one
-- Whether anything is stored that belongs to an exchange: a wallet to pull, or a fact.
-- Reads: tenancy.wallets, facts   Writes: -   Key: -
select ops.holds_books() as has_books;

-- name: read_contents :one
-- What a person needs to see to know whose books these are.
-- Reads: tenancy.wallets, facts, ops   Writes: -   Key: -
select
    (select count(*) from tenancy.wallets) as wallets,
    (select count(*) from facts.hl_fills_raw) as fills,
    (select min(time) from facts.hl_fills_raw) as first_fill_at,
    (select max(time) from facts.hl_fills_raw) as last_fill_at,
    (select count(*) from facts.twap_status) as twap_statuses,
    (select count(*) from ops.ingest_runs) as snapshot_minutes,
    -- Shares of the allowance have names in brackets after the host.
    (select coalesce(array_agg(distinct split_part(egress, ' ', 1)), '{}')
     from ops.weight_budgets) as hosts;
