"""How a wallet is named in a request: by its address."""

from hypertally.api.http.problems import Problem
from hypertally.api.resource.answers import not_found


def address_bytes(address: str) -> bytes:
    """Return the twenty bytes of an address that was checked."""
    return bytes.fromhex(address.removeprefix("0x"))


def no_wallet(address: str) -> Problem:
    """Return the problem of an address that is none of the org's wallets."""
    return not_found(f"{address} is not a wallet of your org: add it with `wallets add`")
