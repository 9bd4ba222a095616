-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Since when an org tracks a wallet: what the wallet did before is no news to the org.
alter table tenancy.org_wallets
    add column tracked_at timestamptz; -- our clock, when the wallet was added; null: before this column was made
alter table tenancy.org_wallets alter column tracked_at set default now();

-- migrate:down
-- forward only
