"""Names beside what an answer names by address or number: the org's labels, the pairs of coins.

An answer says `"wallet": "0x..."` or `"coin": "@107"`, whichever path made it. Here the names are
put beside, in one place for all paths, and no other byte of a value changes. What the exchange said
is left as it came.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from hypertally.records import Record

VERBATIM: Final = frozenset({"raw", "extra"})  # fields that hold what the exchange said
# A list of addresses alone has no place beside each: the wallets that entered a universe.
LISTED: Final = re.compile(rb'\[\s*"0x[0-9a-f]{40}"')
NAMED: Final = re.compile(rb'"(?:wallet|coin|asset)"\s*:\s*"|' + LISTED.pattern)
WALLETS: Final = re.compile(rb'(?:"wallet"\s*:|[\[,])\s*"(0x[0-9a-f]{40})"(?!\s*:)')
WALLET_NAMES: Final = "wallet_names"  # of the lists of an object, by address
PAIRS: Final = re.compile(rb'"(?:coin|asset)"\s*:\s*"(@[0-9]+)"')
COIN_NAMES: Final = {"coin": "coin_name", "asset": "asset_name"}

# How the description says it, of every object that has the field.
DESCRIBED: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "wallet": {
        "label": {"type": "string", "description": "what the org calls the wallet, if it does"},
        "tags": {
            "type": "array",
            "items": {"type": "string"},
            "description": "the org's tags of the wallet, if it has any",
        },
    },
    **{
        field: {name: {"type": "string", "description": "the pair of a spot coin: HYPE/USDC"}}
        for field, name in COIN_NAMES.items()
    },
}


LISTED_NAMES: Final[dict[str, Any]] = {
    WALLET_NAMES: {
        "type": "object",
        "description": "label and tags, by address, of the listed wallets that have some",
        "additionalProperties": {"type": "object", "properties": DESCRIBED["wallet"]},
    }
}

# The fields that may stand beside a field.
BESIDE: Final = {field: tuple(described) for field, described in DESCRIBED.items()}
NULL: Final = msgspec.Raw(b"null")


class AnswerNames(Record, frozen=True, kw_only=True):
    """What stands beside an address, and beside a coin."""

    wallets: Mapping[str, Mapping[str, object]]  # fields by address
    coins: Mapping[str, str]  # pairs by coin


def list_wallets(body: bytes) -> list[str]:
    """Return the addresses that an answer names, each once."""
    return sorted({address.decode() for address in WALLETS.findall(body)})


def names_wallet(body: bytes) -> bool:
    """Tell whether an answer names a wallet."""
    return WALLETS.search(body) is not None


def names_pairs(body: bytes) -> bool:
    """Tell whether an answer names a spot coin by its number."""
    return PAIRS.search(body) is not None


def add_names(body: bytes, names: AnswerNames) -> bytes:
    """Return an answer with names beside the addresses and coins that have some."""
    if not NAMED.search(body) or LISTED.match(body):
        return body
    if LISTED.match(body):
        return body
    if body.lstrip()[:1] == b"[":
        items = msgspec.json.decode(body, type=list[msgspec.Raw])
        return msgspec.json.encode([msgspec.Raw(add_names(bytes(item), names)) for item in items])
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    named: dict[str, object] = {}
    for field, value in fields.items():
        text = bytes(value)
        is_whole = field in VERBATIM or text.lstrip()[:1] not in (b"{", b"[")
        named[field] = value if is_whole else msgspec.Raw(add_names(text, names))
        beside = dict(_beside(field, text, names))
        named |= {name: value for name, value in beside.items() if name not in fields}
    if listed := _of_lists(fields, names):
        named[WALLET_NAMES] = listed
    return msgspec.json.encode(named)


def _beside(field: str, text: bytes, names: AnswerNames) -> Iterator[tuple[str, object]]:
    if field == "wallet" and names.wallets:
        yield from names.wallets.get(text.strip(b'" ').decode(), {}).items()
    elif field in COIN_NAMES and text.startswith(b'"@'):
        name = names.coins.get(text.strip(b'" ').decode())
        if name is not None:
            yield COIN_NAMES[field], name


def _of_lists(
    fields: Mapping[str, msgspec.Raw], names: AnswerNames
) -> dict[str, Mapping[str, object]]:
    """Return the names of the addresses in an object's lists."""
    lists = (bytes(value) for field, value in fields.items() if field not in VERBATIM)
    addresses = {wallet for text in lists if LISTED.match(text) for wallet in list_wallets(text)}
    return {wallet: names.wallets[wallet] for wallet in sorted(addresses & names.wallets.keys())}


def with_all_names(row: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """Return a row of a table with every name it may have, null where there is none."""
    whole: dict[str, msgspec.Raw] = {}
    for field, value in row.items():
        whole.setdefault(field, value)
        whole |= {name: row.get(name, NULL) for name in BESIDE.get(field, ())}
    return whole


def describe_names(schemas: Mapping[str, dict[str, Any]]) -> None:
    """Add the names to the description of every object that may have them."""
    for schema in schemas.values():
        properties: dict[str, Any] = schema.get("properties", {})
        for field, described in DESCRIBED.items():
            if field in properties:
                schema["properties"] = properties = {**described, **properties}
        if any(map(_is_list_of_addresses, properties.values())):
            schema["properties"] = {**LISTED_NAMES, **properties}


def _is_list_of_addresses(described: Mapping[str, Any]) -> bool:
    items: Mapping[str, Any] = described.get("items", {})
    return described.get("type") == "array" and "[0-9a-f]{40}" in items.get("pattern", "")
