"""Databases as an earlier release left them."""

import asyncio
import secrets
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from hypertally.store import migrate


def make_books(
    server_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, last_migration: str
) -> str:
    """The address of a new database with the migrations up to one, copied through a folder."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    url = urlsplit(server_url)._replace(path=f"/{name}").geturl()
    for file in migrate.MIGRATIONS.glob("*.sql"):
        if file.name[:4] <= last_migration:
            shutil.copy(file, folder)
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "MIGRATIONS", folder)
        assert len(asyncio.run(migrate.migrate(url))) == int(last_migration)
    return url
