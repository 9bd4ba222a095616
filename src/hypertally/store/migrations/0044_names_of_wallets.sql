-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Words an org sorts its wallets by; a wallet has any number of them. No other org sees them.
create table tenancy.wallet_tags (
    org_id integer not null references tenancy.orgs, -- tenancy.orgs.id: whose tag it is
    wallet_id integer not null references tenancy.wallets, -- tenancy.wallets.id
    tag text not null check (tag <> '' and tag = lower(btrim(tag)) and length(tag) <= 32), -- in lower case, without ; and ,
    tagged_at timestamptz not null, -- our clock, when the wallet got the tag
    primary key (org_id, wallet_id, tag)
);
create index wallet_tags_by_tag on tenancy.wallet_tags (org_id, tag);

-- Named sets of wallets of an org; a group is there as long as it has a wallet. No other org sees them.
create table tenancy.wallet_groups (
    org_id integer not null references tenancy.orgs, -- tenancy.orgs.id: whose group it is
    wallet_id integer not null references tenancy.wallets, -- tenancy.wallets.id: a wallet of the group
    name text not null check (name <> '' and name = lower(btrim(name)) and length(name) <= 32), -- of the group: in lower case, without ; and ,
    grouped_at timestamptz not null, -- our clock, when the wallet came into the group
    primary key (org_id, wallet_id, name)
);
create index wallet_groups_by_name on tenancy.wallet_groups (org_id, name);

-- What an org wrote down about a wallet. No other org sees it.
create table tenancy.wallet_notes (
    org_id integer not null references tenancy.orgs, -- tenancy.orgs.id: whose note it is
    wallet_id integer not null references tenancy.wallets, -- tenancy.wallets.id: what it is about
    note text not null check (note <> '' and note = btrim(note) and length(note) <= 1000), -- as the org wrote it; it may have several lines
    noted_at timestamptz not null, -- our clock, when the note was written last
    primary key (org_id, wallet_id)
);

-- How often the wallets of an org changed, or what it calls them: an answer of the API that was kept
-- under another number is not given any more.
create table tenancy.org_revisions (
    org_id integer primary key references tenancy.orgs, -- tenancy.orgs.id
    revision bigint not null -- the number of statements that changed something
);
create function tenancy.raise_revision() returns trigger
language plpgsql as $$
begin
    insert into tenancy.org_revisions as r (org_id, revision)
    select distinct c.org_id, 1 from changed as c order by 1
    on conflict (org_id) do update set revision = r.revision + 1;
    return null;
end
$$;

do $$
declare
    name text;
begin
    foreach name in array array['wallet_tags', 'wallet_groups', 'wallet_notes'] loop
        execute format('grant select, insert, update, delete on tenancy.%I to hypertally_tenancy', name);
    end loop;
    grant select, insert, update on tenancy.org_revisions to hypertally_tenancy;
    foreach name in array array['wallet_tags', 'wallet_groups', 'wallet_notes', 'org_revisions'] loop
        execute format('grant select on tenancy.%I to hypertally_jobs, hypertally_api', name);
        execute format('alter table tenancy.%I enable row level security', name);
        execute format('alter table tenancy.%I force row level security', name);
        execute format('create policy everything on tenancy.%I
                        to hypertally_tenancy, hypertally_facts, hypertally_metrics, hypertally_jobs
                        using (true) with check (true)', name);
        execute format('create policy own_org on tenancy.%I for select to hypertally_api
                        using (org_id = (select tenancy.current_org()))', name);
    end loop;
    foreach name in array array[
        'org_wallets', 'wallet_labels', 'wallet_tags', 'wallet_groups', 'wallet_notes'
    ] loop
        execute format('create trigger raise_revision_of_new after insert on tenancy.%I
                        referencing new table as changed
                        for each statement execute function tenancy.raise_revision()', name);
        execute format('create trigger raise_revision_of_other after update on tenancy.%I
                        referencing new table as changed
                        for each statement execute function tenancy.raise_revision()', name);
        execute format('create trigger raise_revision_of_gone after delete on tenancy.%I
                        referencing old table as changed
                        for each statement execute function tenancy.raise_revision()', name);
    end loop;
end
$$;

-- What an org calls each of its wallets, and sorts them by.
create view tenancy.wallet_names with (security_invoker) as
select o.org_id, o.wallet_id, l.label,
    array(select t.tag from tenancy.wallet_tags as t
          where t.org_id = o.org_id and t.wallet_id = o.wallet_id order by t.tag) as tags,
    array(select g.name from tenancy.wallet_groups as g
          where g.org_id = o.org_id and g.wallet_id = o.wallet_id order by g.name) as groups,
    n.note
from (select org_id, wallet_id from tenancy.org_wallets group by org_id, wallet_id) as o
left join tenancy.wallet_labels as l on l.org_id = o.org_id and l.wallet_id = o.wallet_id
left join tenancy.wallet_notes as n on n.org_id = o.org_id and n.wallet_id = o.wallet_id;
grant select on tenancy.wallet_names to hypertally_tenancy, hypertally_jobs, hypertally_api;
comment on view tenancy.wallet_names is 'What an org calls each of its wallets, and sorts them by.';
comment on column tenancy.wallet_names.tags is 'the tags of the wallet, by name';
comment on column tenancy.wallet_names.groups is 'the groups that the wallet is in, by name';

-- Why an org's day is computed again, where that is more than new facts.
alter table ops.dirty_global_days
    add column cause text check (cause = 'forgotten'); -- forgotten: a wallet was taken out of the org's past; null: anything else
-- An org that forgets a wallet no longer sees what it was told about the wallet.
alter policy own_rows on ops.alert_state using (case
    when org_id is not null then org_id = (select tenancy.current_org()) and case
        when type = 'wallet' then exists (
            select from tenancy.wallets as w where w.address = decode(substr(subject, 3, 40), 'hex'))
        else true end
    when wallet_id is not null then exists (
        select from tenancy.org_wallets as o where o.wallet_id = alert_state.wallet_id)
    else (select tenancy.current_org()) is not null end);
alter policy own_rows on ops.alerts using (case
    when org_id is not null then org_id = (select tenancy.current_org()) and case
        when type = 'wallet' then exists (
            select from tenancy.wallets as w where w.address = decode(substr(subject, 3, 40), 'hex'))
        else true end
    when wallet_id is not null then exists (
        select from tenancy.org_wallets as o where o.wallet_id = alerts.wallet_id)
    else (select tenancy.current_org()) is not null end);

comment on column metrics.restatements.cause is
    'late facts, backfill, definition, prices, coverage, membership, forgotten (a wallet was taken out of the org''s past)';

-- migrate:down
-- forward only
