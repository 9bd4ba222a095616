-- name: hold_roles :exec
-- Let one process at a time change the roles of this database; none takes half a minute.
-- Reads: -   Writes: -   Key: -
select set_config('lock_timeout', '30s', true), pg_advisory_xact_lock(hashtext('hypertally roles'));

-- name: find_login :one
-- A login as the server has it.
-- Reads: -   Writes: -   Key: the login
with recursive becomes (role) as (
    select m.roleid from pg_auth_members as m
    join pg_roles as r on r.oid = m.member
    where r.rolname = %(login)s
    union
    select m.roleid from becomes as b join pg_auth_members as m on m.member = b.role
)
select
    array(
        select a.remedy
        from (values
            (r.rolsuper, 'nosuperuser'), (r.rolinherit, 'noinherit'),
            (r.rolcreaterole, 'nocreaterole'), (r.rolcreatedb, 'nocreatedb'),
            (r.rolreplication, 'noreplication'), (r.rolbypassrls, 'nobypassrls'),
            (not r.rolcanlogin, 'login')) as a (is_wrong, remedy)
        where a.is_wrong
    ) as attribute_remedies,
    -- What it owns or has rights on by itself, here or on the whole server; it may connect here.
    array(
        select pg_describe_object(d.classid, d.objid, d.objsubid)
        from pg_shdepend as d
        where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid
            -- It may say what becomes of objects that it makes, but makes none.
            and d.classid not in ('pg_auth_members'::regclass, 'pg_default_acl'::regclass)
            and (d.dbid = (select oid from pg_database where datname = current_database())
                or d.dbid = 0 and (d.deptype = 'o' or d.classid <> 'pg_database'::regclass))
        union all
        select format('%%s on database %%s', lower(x.privilege_type), b.datname)
        from pg_database as b
        cross join aclexplode(b.datacl) as x
        where b.datname = current_database() and x.grantee = r.oid
            and (x.privilege_type <> 'CONNECT' or x.is_grantable)
        order by 1
    ) as own_rights,
    array(select pg_get_userbyid(b.role)::text from becomes as b order by 1) as roles,
    exists (
        select from pg_auth_members as m where m.member = r.oid and m.admin_option
    ) as has_admin,
    coalesce((
        select s.setconfig from pg_db_role_setting as s
        where s.setrole = r.oid and s.setdatabase = 0
    ), '{}') as settings,
    array(
        select d.datname::text from pg_db_role_setting as s
        join pg_database as d on d.oid = s.setdatabase
        where s.setrole = r.oid order by 1
    ) as databases_with_settings,
    r.rolconnlimit as connections_max,
    shobj_description(r.oid, 'pg_authid') is not distinct from %(mark)s as is_ours,
    pg_has_role(current_user, r.oid, 'USAGE') as owner_may_end
from pg_roles as r
where r.rolname = %(login)s;

-- name: count_connections :one
-- How many connections of the API's login the server takes: the others keep a third of all.
-- Reads: -   Writes: -   Key: -
select current_setting('max_connections')::integer * 2 / 3 as connections_max;

-- name: open_database_to_logins :exec
-- Let the logins alone come in, and those who load rows in bulk make temporary tables.
-- Reads: -   Writes: the rights on this database   Key: -
do $$
begin
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to hypertally_api_login,
                    hypertally_watchdog_login, hypertally_worker_login', current_database());
    execute format('grant temporary on database %I to hypertally_facts, hypertally_metrics,
                    hypertally_worker', current_database());
end
$$;
