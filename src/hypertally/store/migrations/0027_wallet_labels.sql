-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- What an org calls a wallet. No other org sees it.
create table tenancy.wallet_labels (
    org_id integer not null references tenancy.orgs, -- tenancy.orgs.id: whose label it is
    wallet_id integer not null references tenancy.wallets, -- tenancy.wallets.id: what it names
    label text not null check (label <> '' and label = btrim(label) and length(label) <= 64), -- as the org wrote it, in one line
    labelled_at timestamptz not null, -- our clock, when the wallet had no label before and got one
    primary key (org_id, wallet_id)
);
grant select, insert, update, delete on tenancy.wallet_labels to hypertally_tenancy;
grant select on tenancy.wallet_labels to hypertally_jobs, hypertally_api;
alter table tenancy.wallet_labels enable row level security;
alter table tenancy.wallet_labels force row level security;
create policy everything on tenancy.wallet_labels
    to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
    using (true) with check (true);
create policy own_org on tenancy.wallet_labels for select to hypertally_api
    using (org_id = (select tenancy.current_org()));

-- migrate:down
-- forward only
