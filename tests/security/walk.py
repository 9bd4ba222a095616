"""A session of a login that tries statements, and counts what the server lets through."""

import contextlib
from typing import Any

import psycopg

from hypertally.store.logins import ROLE_OF_LOGIN, Login, address_of_login
from hypertally.store.postgres import connection_string

Connection = psycopg.Connection[tuple[Any, ...]]

LOGINS = list(ROLE_OF_LOGIN)
REFUSED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ObjectNotInPrerequisiteState,  # a view that nobody can change
    psycopg.errors.FeatureNotSupported,
    psycopg.errors.WrongObjectType,
)


def session_of(owner_url: str, login: Login) -> Connection:
    """A session as a pool's connections are."""
    url = connection_string(address_of_login(owner_url, login), role=ROLE_OF_LOGIN[login])
    return psycopg.connect(url, autocommit=True)


class Walk:
    """The statements that a session tries, and what the server lets through."""

    def __init__(self, session: Connection, owner: Connection) -> None:
        self.session = session
        self.tried = 0
        names = owner.execute("select current_user, current_database()").fetchone()
        assert names is not None
        self.owner, self.database = names

    def is_allowed(self, statement: str) -> bool:
        self.tried += 1
        try:
            self.session.execute(statement.encode())
        except REFUSED:
            return False
        return True

    def tries(self, statements: tuple[str, ...], **names: str) -> None:
        """Run statements, whatever the server says."""
        for template in statements:
            self.tried += 1
            statement = template.format(owner=self.owner, database=self.database, **names)
            with contextlib.suppress(psycopg.Error):
                self.session.execute(statement.encode())

    def refuses(self, statements: tuple[str, ...], **names: str) -> list[str]:
        """The statements of these that were not refused for want of a right."""
        let_through: list[str] = []
        for template in statements:
            statement = template.format(owner=self.owner, database=self.database, **names)
            self.tried += 1
            try:
                self.session.execute(statement.encode())
            except psycopg.Error as error:
                if not isinstance(error, REFUSED):
                    let_through.append(f"{statement}: {error!r}")
                continue
            let_through.append(statement)
        return let_through
