"""The data of an embedded PostgreSQL: made once, complete or not at all; and its settings."""

import os
import secrets
import socket
import tempfile
from pathlib import Path
from typing import Final

import psutil

from hypertally.errors import Refused
from hypertally.store.embedded.folder import ServerFolder
from hypertally.store.embedded.programs import Programs

MAJOR = "18"
SUPERUSER = "postgres"  # has no password: nobody logs in as it
OWNER = "hypertally_owner"
DATABASE = "hypertally"
TEMPLATE = "template1"
OWNER_PASSWORD: Final = "owner_password"  # noqa: S105 - the name of a file
SUPERUSER_PASSWORD: Final = "password"  # noqa: S105 - the same, of releases whose owner was one
OWNER_SQL = Path(__file__).with_name("owner.sql")
TAKE_OVER_SQL = Path(__file__).with_name("take_over.sql")
# Below the range from which systems hand out ports for outgoing connections: while the server
# restarts, a client knocking at a port of that range can end up connected to itself and keep it.
PORTS = range(15432, 32000)


def prepare(folder: ServerFolder, programs: Programs) -> None:
    """Whatever is missing of data, password and port is made."""
    if not folder.data.exists():
        _create(folder, programs)
    programs.account.own(folder.data)
    version = (folder.data / "PG_VERSION").read_text().strip()
    if version != MAJOR:
        raise Refused(
            f"{folder.data} was written by PostgreSQL {version} and this release runs {MAJOR}: "
            f"dump it with PostgreSQL {version} and load it here, or choose another HYPERTALLY_HOME"
        )
    # A release whose owner was the superuser left this file, or came back and made it anew.
    if folder.read(SUPERUSER_PASSWORD):
        _take_over(folder, programs)
    elif not folder.read(OWNER_PASSWORD):
        _make_owner(folder, programs, folder.data)
    port = folder.read("port")
    if not port or not _is_free(int(port)):
        folder.write("port", str(_free_port()))


def settings(port: str) -> dict[str, str]:
    """Sized for a machine that has other things to do as well."""
    memory = psutil.virtual_memory().total // 2**20
    return {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": "200",
        "shared_buffers": f"{min(512, max(64, memory // 8))}MB",
        "effective_cache_size": f"{memory // 2}MB",
        "maintenance_work_mem": f"{min(256, max(64, memory // 16))}MB",
        "work_mem": f"{min(32, max(4, memory // 128))}MB",
        "max_wal_size": "8GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        "fsync": "on",
        "synchronous_commit": "on",
    }


def _create(folder: ServerFolder, programs: Programs) -> None:
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=folder.path))
    account = programs.account
    if account.uid is not None and account.gid is not None:
        os.chown(fresh, account.uid, account.gid)
    arguments = [
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--auth-host=scram-sha-256",
        "--auth-local=reject",
        "--data-checksums",
    ]
    programs.run("initdb", fresh, arguments)
    _make_owner(folder, programs, fresh, f"create database {DATABASE} owner {OWNER};\n\n")
    fresh.rename(folder.data)


def _make_owner(
    folder: ServerFolder,
    programs: Programs,
    data: Path,
    afterwards: str = "",
    *,
    of: str = TEMPLATE,
) -> None:
    """Make who owns the database, or give it a new password."""
    password = secrets.token_urlsafe(24)
    statements = OWNER_SQL.read_text(encoding="utf-8").format(owner=OWNER, password=password)
    _execute(programs, data, of, statements + afterwards)
    folder.write(OWNER_PASSWORD, password)


def _take_over(folder: ServerFolder, programs: Programs) -> None:
    """Let the owner have what belonged to the superuser, who can no longer log in."""
    statements = TAKE_OVER_SQL.read_text(encoding="utf-8").format(owner=OWNER, database=DATABASE)
    _make_owner(folder, programs, folder.data, statements, of=DATABASE)
    folder.remove(SUPERUSER_PASSWORD)


def _execute(programs: Programs, data: Path, database: str, statements: str) -> None:
    """In single-user mode: there is no network yet, so nobody can come in before the password.

    A statement ends with a semicolon and an empty line.
    """
    arguments = ["--single", "-j", "-c", "exit_on_error=on", database]
    programs.run("postgres", data, arguments, text=statements)


def _free_port() -> int:
    for port in secrets.SystemRandom().sample(PORTS, 100):
        if _is_free(port):
            return port
    raise Refused(f"no free port between {PORTS.start} and {PORTS.stop}: free one")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
