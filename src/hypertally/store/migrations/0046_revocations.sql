-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Until when all tokens of a user ended, whoever signed them: also those that tenancy.tokens does not
-- list, as an identity provider issued them. Rows are added only.
create table tenancy.revocations (
    user_id text not null,               -- the `sub` of the tokens
    org_id integer not null references tenancy.orgs, -- tenancy.orgs.id: the org whose operator ended them
    revoked_at timestamptz not null default clock_timestamp(), -- our clock; what was issued until then has ended
    primary key (user_id, revoked_at)
);
grant select, insert on tenancy.revocations to hypertally_tenancy;
alter table tenancy.revocations enable row level security;
alter table tenancy.revocations force row level security;
create policy everything on tenancy.revocations to hypertally_tenancy
    using (true) with check (true);
create policy owner on tenancy.revocations for select
    using (current_user = (
        select pg_get_userbyid(relowner) from pg_class
        where oid = 'tenancy.revocations'::regclass));

-- Whether a token of the caller ended before it expired. `issued_at` is what the token says of itself;
-- null, as it says nothing: before any revocation.
create function tenancy.is_ended(token_id text, issued_at timestamptz) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from tenancy.tokens as t
        where t.user_id = tenancy.current_user_id() and t.id = token_id and t.ended_at is not null)
    or exists (
        select from tenancy.revocations as r
        where r.user_id = tenancy.current_user_id()
            and r.revoked_at >= coalesce(is_ended.issued_at, '-infinity'))
$$;

-- As before, but a token is told when it was issued, so that it may have ended with all of its user's.
create function tenancy.open_session(
    token_id text, purpose text, issued_at timestamptz, expires_at timestamptz,
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
    is_open := not tenancy.is_ended(token_id, issued_at);
    if is_open and purpose = 'sign-in' then
        insert into tenancy.tokens (id, user_id, purpose, expires_at)
        values (token_id, caller, purpose, expires_at)
        on conflict do nothing;
        -- Of two at once the second waits here for the first.
        update tenancy.tokens as t set ended_at = now(), ended_how = 'used'
        where t.user_id = caller and t.id = token_id and t.ended_at is null;
        is_open := found;
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

-- For a process of an earlier release, until it ends. It does not say when a token was issued: of a
-- listed one the list does, any other counts as issued before.
create or replace function tenancy.is_ended(token_id text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select tenancy.is_ended(token_id, (
        select t.issued_at from tenancy.tokens as t
        where t.user_id = tenancy.current_user_id() and t.id = token_id))
$$;
create or replace function tenancy.open_session(
    token_id text, purpose text, expires_at timestamptz,
    session_id text, session_expires_at timestamptz) returns boolean
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select tenancy.open_session(
        token_id, purpose, (
            select t.issued_at from tenancy.tokens as t
            where t.user_id = tenancy.current_user_id() and t.id = token_id),
        expires_at, session_id, session_expires_at)
$$;

revoke all on function tenancy.is_ended(text, timestamptz),
    tenancy.open_session(text, text, timestamptz, timestamptz, text, timestamptz) from public;
grant execute on function tenancy.is_ended(text, timestamptz),
    tenancy.open_session(text, text, timestamptz, timestamptz, text, timestamptz)
    to hypertally_api;

-- migrate:down
-- forward only
