-- For data of a release in which the superuser owned everything: the owner gets the database, the
-- roles, and all in the program's schemas that is the superuser's.
alter database {database} owner to {owner};

do $$
declare
    name text;
begin
    for name in
        select rolname from pg_roles
        where rolname in ('hypertally_tenancy', 'hypertally_facts', 'hypertally_metrics',
            'hypertally_jobs', 'hypertally_api', 'hypertally_worker')
    loop
        execute format('grant %I to {owner} with admin option', name);
    end loop;
    for name in
        select format('schema %I', n.nspname) from pg_namespace as n
        where n.nspname in ('tenancy', 'facts', 'metrics', 'ops') and n.nspowner = 10
        union all
        select format('%s %s', case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
            when 'S' then 'sequence' else 'table' end, c.oid::regclass)
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname in ('tenancy', 'facts', 'metrics', 'ops') and c.relowner = 10
            and c.relkind in ('r', 'p', 'v', 'm', 'S')
            -- That of a column follows its table.
            and not exists (select from pg_depend as d where d.objid = c.oid
                and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
                and c.relkind = 'S')
        union all
        select format('routine %s', p.oid::regprocedure)
        from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
        where n.nspname in ('tenancy', 'facts', 'metrics', 'ops') and p.proowner = 10
        union all
        select format('type %s', t.oid::regtype)
        from pg_type as t join pg_namespace as n on n.oid = t.typnamespace
        where n.nspname in ('tenancy', 'facts', 'metrics', 'ops') and t.typowner = 10
            and t.typtype in ('d', 'e')
    loop
        execute format('alter %s owner to {owner}', name);
    end loop;
end
$$;

