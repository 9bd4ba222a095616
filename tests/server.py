"""The PostgreSQL of a run: the program's own, with a superuser who sets up what tests need."""

import secrets
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from hypertally.store.embedded.cluster import prepare
from hypertally.store.embedded.folder import ServerFolder
from hypertally.store.embedded.join import EmbeddedServer, ensure_running
from hypertally.store.embedded.programs import Programs

SUPERUSER = "tests"


async def superuser_server(home: Path, statements: str = "") -> EmbeddedServer:
    """A new server, by the address of a superuser: no pool of the program connects as one.

    `statements`: run before it starts.
    """
    password = secrets.token_urlsafe(24)
    folder = ServerFolder.of(home)
    folder.log.parent.mkdir(parents=True, mode=0o700)
    with folder.log.open("ab") as log:
        programs = Programs.find(log.fileno())
        prepare(folder, programs)
        role = f"create role {SUPERUSER} superuser login password '{password}';"
        in_single_user_mode(programs, folder, f"{role}\n\n{statements}")
    server = await ensure_running(home)
    address = urlsplit(server.url)
    hosts = address.netloc.rpartition("@")[2]
    return replace(server, url=address._replace(netloc=f"{SUPERUSER}:{password}@{hosts}").geturl())


def in_single_user_mode(programs: Programs, folder: ServerFolder, statements: str) -> None:
    """Run statements on a server that does not run yet, as its own superuser."""
    arguments = ["--single", "-j", "-c", "exit_on_error=on", "postgres"]
    programs.run("postgres", folder.data, arguments, text=f"{statements}\n\n")
