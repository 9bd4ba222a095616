-- migrate:up
set local lock_timeout = '4s';
set local statement_timeout = '5s';

-- Tokens that this program issued, and those that ended before they expired. One that is not here
-- was issued by an identity provider, or by a release that noted none.
create table tenancy.tokens (
    id text primary key,                 -- its `jti`; of a token without one its sha256, in hex
    user_id text not null,               -- the `sub` of the token
    purpose text not null check (purpose in ('access', 'session', 'sign-in')), -- what it allows
    issued_by text,                      -- login name of who ran the command; null: a sign-in, a provider
    issued_at timestamptz not null default now(), -- our clock; of a provider's: when it ended here
    expires_at timestamptz not null,     -- of the token
    ended_at timestamptz,                -- our clock; null: it did not end before it expired
    ended_how text check (ended_how in ('used', 'signed out', 'revoked')), -- why it ended
    check ((ended_at is null) = (ended_how is null))
);
create index tokens_by_user on tenancy.tokens (user_id);

-- Who came in and went out by a browser, and who was turned away with a token of ours that had ended.
create table tenancy.sign_ins (
    id bigint generated always as identity primary key, -- number of the row
    at timestamptz not null default now(), -- our clock
    user_id text not null,               -- the verified `sub` of the token
    event text not null check (event in ('opened', 'refused', 'closed')), -- what happened
    token_id text not null,              -- of the link or the token that was brought; closed: the session's
    session_id text                      -- tenancy.tokens.id of the session that was opened, if it is another
);
create index sign_ins_by_time on tenancy.sign_ins (at);

grant select, insert, update on tenancy.tokens to hypertally_tenancy;
grant select, insert on tenancy.sign_ins to hypertally_tenancy;
alter table tenancy.tokens enable row level security;
alter table tenancy.tokens force row level security;
alter table tenancy.sign_ins enable row level security;
alter table tenancy.sign_ins force row level security;
create policy everything on tenancy.tokens to hypertally_tenancy using (true) with check (true);
create policy everything on tenancy.sign_ins to hypertally_tenancy using (true) with check (true);
-- The functions below act as the owner, who is no superuser everywhere.
create policy owner on tenancy.tokens
    using (current_user = (
        select pg_get_userbyid(relowner) from pg_class where oid = 'tenancy.tokens'::regclass));
create policy owner on tenancy.sign_ins
    using (current_user = (
        select pg_get_userbyid(relowner) from pg_class where oid = 'tenancy.sign_ins'::regclass));
create policy owner on tenancy.user_profiles
    using (current_user = (
        select pg_get_userbyid(relowner) from pg_class
        where oid = 'tenancy.user_profiles'::regclass));
create policy owner on tenancy.orgs for select
    using (current_user = (
        select pg_get_userbyid(relowner) from pg_class where oid = 'tenancy.orgs'::regclass));

-- What the API may do, for the user that its transaction names, and nothing else: it writes no table.

-- Whether a token ended before it expired.
create function tenancy.is_ended(token_id text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from tenancy.tokens as t where t.id = token_id and t.ended_at is not null)
$$;

-- Use a token to come in: a link once, any other as long as it did not end. False: it did.
create function tenancy.open_session(
    token_id text, purpose text, expires_at timestamptz,
    session_id text, session_expires_at timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    caller constant text := tenancy.current_user_id();
    is_open boolean;
begin
    if caller is null then
        raise exception 'a session is opened for a user';
    end if;
    if purpose = 'sign-in' then
        insert into tenancy.tokens (id, user_id, purpose, expires_at)
        values (token_id, caller, purpose, expires_at)
        on conflict do nothing;
        -- Of two at once the second waits here for the first.
        update tenancy.tokens as t set ended_at = now(), ended_how = 'used'
        where t.id = token_id and t.ended_at is null;
        is_open := found;
    else
        is_open := not tenancy.is_ended(token_id);
    end if;
    if is_open and session_id is not null then
        insert into tenancy.tokens (id, user_id, purpose, expires_at)
        values (session_id, caller, 'session', session_expires_at);
    end if;
    insert into tenancy.sign_ins (user_id, event, token_id, session_id)
    values (caller, case when is_open then 'opened' else 'refused' end, token_id,
        case when is_open then session_id end);
    return is_open;
end
$$;

-- End a token before it expires.
create function tenancy.close_session(token_id text, purpose text, expires_at timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    caller constant text := tenancy.current_user_id();
begin
    if caller is null then
        raise exception 'a session is closed by its user';
    end if;
    insert into tenancy.tokens as t (id, user_id, purpose, expires_at, ended_at, ended_how)
    values (token_id, caller, purpose, expires_at, now(), 'signed out')
    on conflict (id) do update set ended_at = now(), ended_how = 'signed out'
    where t.ended_at is null and t.user_id = caller;
    if found then
        insert into tenancy.sign_ins (user_id, event, token_id) values (caller, 'closed', token_id);
    end if;
end
$$;

-- Give the user an org and a role as a verified claim of an identity provider says; an org that does
-- not exist, or a user who has an org, changes nothing.
create function tenancy.admit_user(org text, role text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into tenancy.user_profiles (user_id, org_id, role)
    select tenancy.current_user_id(), o.id, admit_user.role
    from tenancy.orgs as o
    where o.name = admit_user.org
    on conflict do nothing
$$;

revoke all on function tenancy.is_ended, tenancy.open_session, tenancy.close_session,
    tenancy.admit_user from public;
grant execute on function tenancy.is_ended, tenancy.open_session, tenancy.close_session,
    tenancy.admit_user to hypertally_api;

-- migrate:down
-- forward only
