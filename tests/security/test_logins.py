"""Every login x every verb x every object, on a server whose owner is no superuser.

The matrix is tests/security/login_rights.py. What it does not name must be refused, and at the end
nothing of the server's catalogues may have changed.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.security.login_rights import API, CALLS, COLUMNS, RIGHTS, SEQUENCES, Rights
from tests.security.login_statements import (
    NEVER_AT_ALL,
    NEVER_BY_API,
    NEVER_ON_RELATION,
    NEVER_ON_SCHEMA,
    SCHEMAS,
    VERBS,
    WITHOUT_EFFECT,
)
from tests.security.walk import LOGINS, Connection, Walk, session_of

from hypertally.store.logins import Login

TRIED_MIN = 2_500  # by each login: a walk that finds fewer objects proves less

RELATIONS = """
select format('%I.%I', n.nspname, c.relname), n.nspname, c.relname, c.relkind::text,
    (select a.attname from pg_attribute as a
     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum desc limit 1
    ), c.relispartition
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('facts', 'metrics', 'ops', 'tenancy') and c.relkind in ('r', 'p', 'v', 'm')
order by 1
"""
FUNCTIONS = """
select p.oid::regproc::text,
    format('%s(%s)', p.oid::regproc, (
        select string_agg(format('null::%s', format_type(t, null)), ', ' order by n)
        from unnest(p.proargtypes) with ordinality as a (t, n))),
    p.oid, p.proisstrict
from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
where n.nspname in ('facts', 'metrics', 'ops', 'tenancy') and p.prorettype <> 'trigger'::regtype
order by 1
"""
SEQUENCE_NAMES = """
select format('%I.%I', n.nspname, c.relname)
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('facts', 'metrics', 'ops', 'tenancy') and c.relkind = 'S' order by 1
"""
COLUMN_VERBS = {
    "select": "explain select {0} from {1}",
    "update": "explain update {1} set {0} = {0}",
}
COLUMN_NAMES = """
select attname from pg_attribute
where attrelid = %s::regclass and attnum > 0 and not attisdropped
"""
# Who owns what, who may what, and what stands in it: the same before and after the walk.
CATALOGUES = """
select md5(string_agg(line, E'\\n' order by line)) from (
    select row(c.oid, c.relname, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity,
        c.reltriggers)::text as line
    from (select *, relhastriggers as reltriggers from pg_class) as c where c.oid > 16000
        and c.relnamespace <> all (
            select oid from pg_namespace where nspname like 'pg_temp%' or nspname like 'pg_toast%')
    union all select row(oid, proname, proowner, proacl, proconfig, prosrc)::text from pg_proc
    union all select row(nspname, nspowner, nspacl)::text from pg_namespace
        where nspname not like 'pg_%temp%'
    union all select row(attrelid, attname, attacl)::text from pg_attribute where attacl is not null
    union all select row(datname, datdba, datacl)::text from pg_database
    union all select row(rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin,
        rolreplication, rolbypassrls)::text from pg_roles
    union all select row(roleid, member, admin_option, inherit_option, set_option)::text
        from pg_auth_members
    union all select row(setdatabase, setrole, setconfig)::text from pg_db_role_setting
    union all select row(polname, polrelid)::text from pg_policy
    union all select row(defaclrole, defaclacl)::text from pg_default_acl
    union all select extname::text from pg_extension
    union all select evtname::text from pg_event_trigger
) as every
"""


def is_named(rights: Rights, schema: str, name: str) -> bool:
    return name in rights.get(schema, "").split()


@pytest.mark.parametrize("login", LOGINS)
def test_a_login_may_do_what_the_matrix_says_and_nothing_else(
    owner_url: str, owner: Connection, login: Login
) -> None:
    before = owner.execute(CATALOGUES).fetchone()
    relations = owner.execute(RELATIONS).fetchall()
    with session_of(owner_url, login) as session:
        walk = Walk(session, owner)
        wrong = [
            *walk_relations(walk, login, relations),
            *walk_columns(walk, login, owner),
            *walk_calls(walk, login, owner),
            *walk_beyond(walk, login),
        ]
        walk.tries(WITHOUT_EFFECT, me=login)
        session.execute("set role none")
        wrong += [
            f"without a role: {statement}"
            for name, _, _, _, column, _ in relations
            for verb in VERBS.values()
            if walk.is_allowed(statement := verb.format(relation=name, column=column))
        ]
        wrong += walk_beyond(walk, login)
        walk.tries(WITHOUT_EFFECT, me=login)
    assert wrong == []
    assert walk.tried >= TRIED_MIN
    assert owner.execute(CATALOGUES).fetchone() == before


def walk_relations(walk: Walk, login: Login, relations: list[tuple[Any, ...]]) -> Iterator[str]:
    for name, schema, table, _, column, is_partition in relations:
        for verb, template in VERBS.items():
            statement = template.format(relation=name, column=column)
            may = is_named(RIGHTS[login].get(verb, {}), schema, table) and not is_partition
            if walk.is_allowed(statement) != may:
                yield f"{statement}: {'refused' if may else 'allowed'}"
        yield from walk.refuses(NEVER_ON_RELATION, relation=name, column=column, me=login)


def walk_columns(walk: Walk, login: Login, owner: Connection) -> Iterator[str]:
    """The columns of the tables of which some column may be read or changed by someone."""
    for (somebody, verb, table), allowed in COLUMNS.items():
        columns = owner.execute(COLUMN_NAMES, [table]).fetchall()
        assert {name for (name,) in columns} > set(allowed.split())
        whole = is_named(RIGHTS[login].get(verb, {}), *table.split("."))
        for (column,) in columns:
            may = whole or (somebody == login and column in allowed.split())
            may = may or column in COLUMNS.get((login, verb, table), "").split()
            if walk.is_allowed(statement := COLUMN_VERBS[verb].format(column, table)) != may:
                yield f"{statement}: {'refused' if may else 'allowed'}"


def walk_calls(walk: Walk, login: Login, owner: Connection) -> Iterator[str]:
    for name, call, number, is_strict in owner.execute(FUNCTIONS).fetchall():
        may = name in CALLS[login].split()
        walk.tried += 1
        # Of what may be called only the right is read: a call could change the books.
        right = walk.session.execute("select has_function_privilege(%s, 'execute')", [number])
        if right.fetchone() != (may,):
            yield f"{call}: {'refused' if may else 'allowed'}"
        # A strict one is not even called with nulls.
        if not may and not is_strict and walk.is_allowed(f"select {call}"):
            yield f"{call}: allowed"
    for (name,) in owner.execute(SEQUENCE_NAMES).fetchall():
        may = name in SEQUENCES[login].split()
        if walk.is_allowed(f"select nextval('{name}')") != may:
            yield f"nextval({name}): {'refused' if may else 'allowed'}"
        yield from walk.refuses(
            (
                f"select setval('{name}', 1)",
                f"alter sequence {name} restart",
                f"drop sequence {name}",
            )
        )


def walk_beyond(walk: Walk, login: Login) -> Iterator[str]:
    others = {name: next(other for other in LOGINS if other != name) for name in LOGINS}
    for schema in SCHEMAS:
        yield from walk.refuses(NEVER_ON_SCHEMA, schema=schema, me=login)
    yield from walk.refuses(NEVER_AT_ALL, me=login, other=others[login])
    if login == API:
        yield from walk.refuses(NEVER_BY_API)
