"""Who may read: the caller of a request, and a connection for each role."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, TypeAlias, cast

from fastapi import Depends, Request

from hypertally.api.identity.auth import Identity, Role, connect_as
from hypertally.store.postgres import Connection


async def identity_of(request: Request) -> Identity:
    """Return who asks: the gateway has checked the token before any route is chosen."""
    # Asynchronous although it waits for nothing: the framework would give it a thread.
    return cast("Identity", request.scope["hypertally.identity"])


Caller: TypeAlias = Annotated[Identity, Depends(identity_of)]


def _connect_with_role(role: Role, request: Request) -> AbstractAsyncContextManager[Connection]:
    # Not a dependency on the caller: resolving another dependency takes longer than this look-up.
    caller = cast("Identity", request.scope["hypertally.identity"])
    caller.require(role)
    shared: Connection | None = request.scope.get("hypertally.connection")
    if shared is not None:  # of an export: all its pages see one snapshot
        return nullcontext(shared)
    return connect_as(request.app.state.pool, caller)


async def _as_viewer(request: Request) -> AsyncIterator[Connection]:
    async with _connect_with_role("viewer", request) as connection:
        yield connection


async def _as_analyst(request: Request) -> AsyncIterator[Connection]:
    async with _connect_with_role("analyst", request) as connection:
        yield connection


async def _as_admin(request: Request) -> AsyncIterator[Connection]:
    async with _connect_with_role("admin", request) as connection:
        yield connection


# The role is checked before a connection is taken.
ForViewers: TypeAlias = Annotated[Connection, Depends(_as_viewer)]
ForAnalysts: TypeAlias = Annotated[Connection, Depends(_as_analyst)]
ForAdmins: TypeAlias = Annotated[Connection, Depends(_as_admin)]
