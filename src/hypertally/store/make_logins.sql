-- name: hold_roles :exec
-- Let one process at a time change the roles of this database.
-- Reads: -   Writes: -   Key: -
select pg_advisory_xact_lock(hashtext('hypertally roles'));

-- name: find_login :one
-- A login as the server has it.
-- Reads: -   Writes: -   Key: the login
select
    (r.rolsuper or r.rolinherit or r.rolcreaterole or r.rolcreatedb or r.rolreplication
        or r.rolbypassrls) as has_attributes,
    array(
        select pg_get_userbyid(m.roleid)::text from pg_auth_members as m
        where m.member = r.oid order by 1
    ) as roles,
    exists (
        select from pg_auth_members as m where m.member = r.oid and m.admin_option
    ) as has_admin,
    coalesce((
        select s.setconfig from pg_db_role_setting as s
        where s.setrole = r.oid and s.setdatabase = 0
    ), '{}') as settings,
    pg_has_role(current_user, r.oid, 'USAGE') as owner_may_end
from pg_roles as r
where r.rolname = %(login)s;

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
