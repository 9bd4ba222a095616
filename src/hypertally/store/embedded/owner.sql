-- Who owns the database: it makes roles and nothing else, and is no superuser. The superuser keeps
-- no password, so that nobody logs in as it; single-user mode needs none.
do $$
begin
    execute format('alter role %I password null', current_user);
    if not exists (select from pg_roles where rolname = '{owner}') then
        create role {owner} login createrole;
    end if;
end
$$;

alter role {owner} password '{password}';

-- The logins of processes come into the one database of theirs.
revoke all on database postgres, template1 from public;

-- Large objects would be a place to write for who may write nothing.
do $$
declare
    called text;
begin
    for called in
        select p.oid::regprocedure::text from pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and (p.proname like 'lo\_%' or p.proname in ('loread', 'lowrite'))
    loop
        execute format('revoke execute on function %s from public', called);
    end loop;
end
$$;

