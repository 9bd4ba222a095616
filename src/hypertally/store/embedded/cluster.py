"""The data of an embedded PostgreSQL: made once, complete or not at all; and its settings."""

import os
import secrets
import socket
import tempfile
from pathlib import Path

import psutil

from hypertally.errors import Refused
from hypertally.store.embedded.folder import ServerFolder
from hypertally.store.embedded.programs import Programs

MAJOR = "18"
OWNER = "hypertally"
DATABASE = "hypertally"
# Below the range from which systems hand out ports for outgoing connections: while the server
# restarts, a client knocking at a port of that range can end up connected to itself and keep it.
PORTS = range(15432, 32000)


def prepare(folder: ServerFolder, programs: Programs) -> None:
    """Whatever is missing of data, password and port is made."""
    if not folder.data.exists():
        _create(folder, programs)
    version = (folder.data / "PG_VERSION").read_text().strip()
    if version != MAJOR:
        raise Refused(
            f"{folder.data} was written by PostgreSQL {version} and this release runs {MAJOR}: "
            f"dump it with PostgreSQL {version} and load it here, or choose another HYPERTALLY_HOME"
        )
    if not folder.read("password"):
        _set_password(folder, programs, folder.data)
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
        f"--username={OWNER}",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--auth-host=scram-sha-256",
        "--auth-local=reject",
        "--data-checksums",
    ]
    programs.run("initdb", fresh, arguments)
    _set_password(folder, programs, fresh)
    _execute(programs, fresh, f"CREATE DATABASE {DATABASE};\n")
    fresh.rename(folder.data)


def _set_password(folder: ServerFolder, programs: Programs, data: Path) -> None:
    password = secrets.token_urlsafe(24)
    _execute(programs, data, f"ALTER ROLE {OWNER} PASSWORD '{password}';\n")
    folder.write("password", password)


def _execute(programs: Programs, data: Path, statement: str) -> None:
    """In single-user mode: there is no network yet, so nobody can come in before the password."""
    arguments = ["--single", "-c", "exit_on_error=on", "postgres"]
    programs.run("postgres", data, arguments, text=statement)


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
