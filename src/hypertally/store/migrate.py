"""Migrations: plain SQL files, applied once each and in order by dbmate under a lock."""

import asyncio
import os
import shutil
import sysconfig
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from hypertally.errors import Refused, TryLater
from hypertally.store.dictionary import read_dictionary, write_comments

MIGRATIONS = Path(str(files("hypertally.store") / "migrations"))
TABLE = "ops.schema_migrations"
WAIT_SECONDS_MAX = 10  # a database that starts beside us is there by then


async def migrate(url: str) -> list[str]:
    """Bring a database to the schema of this program; the files applied.

    Errors: `TryLater` when it does not answer, `Refused` when a file cannot be applied.
    """
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
        problem = output.strip().splitlines()[-1] if output.strip() else "no word from dbmate"
        if "connect" in problem:
            raise TryLater(f"the database does not answer: {problem}")
        raise Refused(f"the database could not be migrated: {problem}")
    await write_comments(url, read_dictionary(MIGRATIONS))
    applied = (line for line in output.splitlines() if line.startswith("Applied: "))
    return [line.removeprefix("Applied: ").partition(" in ")[0] for line in applied]


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
