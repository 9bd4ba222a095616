"""Migrations: plain SQL files, applied once each and in order by dbmate under a lock."""

import asyncio
import os
import shutil
import sysconfig
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import stamina

from hypertally.errors import KeyTaken, Refused, TryLater
from hypertally.records import Record
from hypertally.store import queries
from hypertally.store.dictionary import read_dictionary, write_comments
from hypertally.store.make_logins import are_made, make_logins, require_no_excess
from hypertally.store.postgres import Connection, login_connection, read_rows

MIGRATIONS = Path(str(files("hypertally.store") / "migrations"))
QUERIES = queries.load(__file__)
TABLE = "ops.schema_migrations"
RACES = ("pg_authid_rolname_index", "tuple concurrently updated", "42710")
WAIT_SECONDS_MAX = 10  # a database that starts beside us is there by then


class _Migration(Record, frozen=True, kw_only=True):
    version: str


def newest_migration() -> str:
    """The version of the schema this program was written for."""
    return max(_versions())


async def migrate(url: str, *, has_logins: bool = False) -> list[str]:
    """Bring a database to the schema of this program, as its owner; the files applied.

    The logins of processes are made too, unless it `has_logins` that somebody else made.
    Errors: `TryLater` when it does not answer, `Refused` when a file cannot be applied.
    """
    applied = await _apply(url)
    await write_comments(url, read_dictionary(MIGRATIONS))
    await make_logins(url, made_beforehand=has_logins)
    return applied


@stamina.retry(on=KeyTaken, attempts=5)
async def _apply(url: str) -> list[str]:
    command = [
        _dbmate(),
        "--driver=postgres",
        f"--migrations-dir={MIGRATIONS}",
        f"--migrations-table={TABLE}",
        "--no-dump-schema",
        "--migration-lock",
        "--wait",
        f"--wait-timeout={WAIT_SECONDS_MAX}s",
        "migrate",
    ]
    # The address holds a password: it goes by the environment, which only we and root can read.
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "DATABASE_URL": _with_sslmode(url)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    if process.returncode:
        raise _error_of(output.strip())
    applied = (line for line in output.splitlines() if line.startswith("Applied: "))
    return [line.removeprefix("Applied: ").partition(" in ")[0] for line in applied]


def _error_of(output: str) -> TryLater | Refused:
    problem = output.splitlines()[-1] if output else "no word from dbmate"
    if any(word in problem for word in RACES):  # roles are of all databases of a server
        return KeyTaken(f"another database of this server makes the same roles: {problem}")
    if "connect" in problem:
        return TryLater(f"the database does not answer: {problem}")
    return Refused(f"the database could not be migrated: {problem}")


async def is_migrated(connection: Connection) -> bool:
    """Whether every migration is applied, and every login made and no more than that."""
    return not await _list_missing(connection) and await are_made(connection)


async def require_migrated(url: str) -> None:
    """Refuse a database whose schema is older than this program's; a newer one is of use.

    And one in which a login may do more than its part: whoever reads for others logs in as one.
    """
    async with login_connection(url, role="hypertally_jobs") as connection:
        await require_no_excess(connection)
        missing = await _list_missing(connection)
    if missing:
        raise Refused(
            f"the database lacks {len(missing)} migrations, the first {missing[0]}: "
            "run `hypertally migrate` with the address of its owner, HYPERTALLY_OWNER_DATABASE_URL"
        )


async def _list_missing(connection: Connection) -> list[str]:
    try:
        rows = await read_rows(connection, QUERIES["list_migrations"], shape=_Migration)
    except psycopg.errors.ProgrammingError:  # an empty database has no table of migrations
        rows = []
    return sorted(_versions() - {row.version for row in rows})


def _versions() -> set[str]:
    return {file.name.partition("_")[0] for file in MIGRATIONS.glob("*.sql")}


def _dbmate() -> str:
    beside = Path(sysconfig.get_path("scripts")) / "dbmate"
    program = str(beside) if beside.exists() else shutil.which("dbmate")
    if not program:
        raise Refused("dbmate is not installed: run `make setup`")
    return program


def _with_sslmode(url: str) -> str:
    """The driver of dbmate insists on TLS unless told otherwise; on this machine there is none."""
    parts = urlsplit(url)
    if "sslmode=" in parts.query:
        return url
    mode = "disable" if parts.hostname in (None, "127.0.0.1", "::1", "localhost") else "require"
    return parts._replace(query=f"{parts.query}&sslmode={mode}".lstrip("&")).geturl()
