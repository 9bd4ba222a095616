-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Identity providers number tokens as they like: an id names a token of its user only.
alter table tenancy.tokens drop constraint tokens_pkey, add primary key (user_id, id);
drop index tenancy.tokens_by_user;
create index tokens_by_id on tenancy.tokens (id);

alter table tenancy.sign_ins
    add column org_id integer; -- tenancy.orgs.id: of the user at that time, or the one the user's claim names; null: an earlier release noted none
alter table tenancy.sign_ins
    add column reason text; -- why the user was refused; null: not refused, or the token had ended
create index sign_ins_by_user on tenancy.sign_ins (user_id, at);
create index sign_ins_by_org on tenancy.sign_ins (org_id, at);

-- Users whose membership an operator ended: no claim of an identity provider brings them back.
create table tenancy.removed_users (
    user_id text primary key,            -- the `sub` of the user's tokens
    org_id integer not null references tenancy.orgs, -- tenancy.orgs.id: the org that removed the user
    removed_at timestamptz not null default now() -- our clock, when the membership ended
);
grant select, insert, delete on tenancy.removed_users to hypertally_tenancy;
alter table tenancy.removed_users enable row level security;
alter table tenancy.removed_users force row level security;
create policy everything on tenancy.removed_users to hypertally_tenancy
    using (true) with check (true);
create policy owner on tenancy.removed_users
    using (current_user = (
        select pg_get_userbyid(relowner) from pg_class
        where oid = 'tenancy.removed_users'::regclass));

-- The org in whose log a user is noted: that of the user, or the one that removed the user.
create function tenancy.org_of(caller text) returns integer
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(
        (select p.org_id from tenancy.user_profiles as p where p.user_id = caller),
        (select r.org_id from tenancy.removed_users as r where r.user_id = caller))
$$;

-- Note who came in, went out or was turned away: in an hour once of the same token, so that nobody
-- fills the log, and only where an org has a log to read it in.
create function tenancy.note_sign_in(
    caller text, org integer, event text, token_id text, session_id text, reason text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into tenancy.sign_ins (user_id, org_id, event, token_id, session_id, reason)
    select caller, org, note_sign_in.event, note_sign_in.token_id, note_sign_in.session_id,
        note_sign_in.reason
    where org is not null and not exists (
        select from tenancy.sign_ins as s
        where s.user_id = caller and s.at > now() - interval '1 hour' and s.org_id = org
            and s.event = note_sign_in.event and s.token_id = note_sign_in.token_id
            and s.reason is not distinct from note_sign_in.reason)
$$;

-- Whether a token of the caller ended before it expired.
create or replace function tenancy.is_ended(token_id text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from tenancy.tokens as t
        where t.user_id = tenancy.current_user_id() and t.id = token_id and t.ended_at is not null)
$$;

-- Use a token to come in: a link once, any other as long as it did not end. False: it did. Null: the
-- user belongs to no org, and the token stays as it is.
create or replace function tenancy.open_session(
    token_id text, purpose text, expires_at timestamptz,
    session_id text, session_expires_at timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    caller constant text := tenancy.current_user_id();
    org constant integer := (
        select p.org_id from tenancy.user_profiles as p where p.user_id = caller);
    is_open boolean;
begin
    if caller is null then
        raise exception 'a session is opened for a user';
    end if;
    if org is null then
        return null;
    end if;
    if purpose = 'sign-in' then
        insert into tenancy.tokens (id, user_id, purpose, expires_at)
        values (token_id, caller, purpose, expires_at)
        on conflict do nothing;
        -- Of two at once the second waits here for the first.
        update tenancy.tokens as t set ended_at = now(), ended_how = 'used'
        where t.user_id = caller and t.id = token_id and t.ended_at is null;
        is_open := found;
    else
        is_open := not tenancy.is_ended(token_id);
    end if;
    if is_open and session_id is not null then
        insert into tenancy.tokens (id, user_id, purpose, expires_at)
        values (session_id, caller, 'session', session_expires_at);
    end if;
    perform tenancy.note_sign_in(
        caller, org, case when is_open then 'opened' else 'refused' end, token_id,
        case when is_open then session_id end, null);
    return is_open;
end
$$;

-- End a token before it expires.
create or replace function tenancy.close_session(
    token_id text, purpose text, expires_at timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    caller constant text := tenancy.current_user_id();
begin
    if caller is null then
        raise exception 'a session is closed by its user';
    end if;
    insert into tenancy.tokens as t (id, user_id, purpose, expires_at, ended_at, ended_how)
    values (token_id, caller, purpose, expires_at, now(), 'signed out')
    on conflict (user_id, id) do update set ended_at = now(), ended_how = 'signed out'
    where t.ended_at is null;
    if found then
        perform tenancy.note_sign_in(
            caller, tenancy.org_of(caller), 'closed', token_id, null, null);
    end if;
end
$$;

-- Give the caller an org and a role as a verified claim of an identity provider says; the reason if
-- not, which is noted for the org that the claim names. `fault`: what is wrong with the claim itself.
create function tenancy.admit_member(org text, role text, fault text, token_id text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    caller constant text := tenancy.current_user_id();
    claimed constant integer := (select o.id from tenancy.orgs as o where o.name = org);
    refusal text := fault;
begin
    if caller is null then
        raise exception 'a user is admitted by a token of their own';
    end if;
    if exists (select from tenancy.removed_users as r where r.user_id = caller) then
        refusal := 'the user was removed';
    elsif refusal is null and claimed is null then
        refusal := format('no org is called %s', org);
    end if;
    if refusal is null then
        insert into tenancy.user_profiles (user_id, org_id, role)
        values (caller, claimed, admit_member.role)
        on conflict do nothing;
    else
        perform tenancy.note_sign_in(caller, claimed, 'refused', token_id, null, refusal);
    end if;
    return refusal;
end
$$;

-- The same for a process of an earlier release, until it ends.
create or replace function tenancy.admit_user(org text, role text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select tenancy.admit_member(org, role, null, '')
$$;

revoke all on function tenancy.org_of, tenancy.note_sign_in, tenancy.admit_member from public;
grant execute on function tenancy.admit_member to hypertally_api;

-- migrate:down
-- forward only
