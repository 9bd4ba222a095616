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
select exists (select from tenancy.wallets)
    or exists (select from facts.pages)
    or exists (select from facts.hl_fills_raw)
    or exists (select from facts.conflicts)
    or exists (select from facts.rejects)
    or exists (select from facts.limits_met)
    or exists (select from facts.limits_lifted)
    or exists (select from facts.history_readings)
    or exists (select from facts.account_positions)
    or exists (select from facts.reject_windows)
    or exists (select from facts.decoded_rejects)
    or exists (select from facts.unread_fields)
    or exists (select from facts.spot_pairs)
    or exists (select from facts.perp_dexs)
    or exists (select from facts.token_prices)
    or exists (select from facts.candles)
    or exists (select from facts.mids)
    or exists (select from facts.twap_status)
    or exists (select from facts.twap_status_repeats)
    or exists (select from facts.twap_slices)
    or exists (select from facts.archived_fills)
    or exists (select from facts.leaderboard_rows)
    or exists (select from facts.wallet_snapshots)
    or exists (select from facts.watched_fills)
    or exists (select from facts.watched_readings) as has_books;

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
