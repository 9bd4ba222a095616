"""What browsers and operators do to come in and go out."""

from typing import Any

import httpx2
from click.testing import CliRunner
from tests.db.api.conftest import SECRET

from hypertally.api.identity.tokens import mint
from hypertally.cli import cli


def link(user: str = "ann") -> str:
    return mint(SECRET, user, purpose="sign-in", seconds=60)


def session_of(answer: httpx2.Response) -> dict[str, str]:
    """The cookie that an answer sets."""
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def sign_in(client: httpx2.Client, token: str, **headers: str) -> httpx2.Response:
    answer = client.post("/sign-in", data={"token": token}, headers=headers)
    client.cookies.clear()
    return answer


def status(client: httpx2.Client, headers: dict[str, str]) -> int:
    return client.get("/api/v1/session", headers=headers).status_code


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)
