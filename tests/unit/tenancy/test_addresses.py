"""Addresses are lower-cased at the door."""

import pytest

from hypertally.errors import Refused
from hypertally.tenancy.addresses import read_address

ONE = "0x" + "ab" * 20


def test_an_address_is_lower_cased() -> None:
    assert read_address("0x" + "AB" * 20) == ONE


@pytest.mark.parametrize(
    "text", ["", "0x", ONE[:-1], f"{ONE}0", ONE[2:], f" {ONE}", f"{ONE}\n", "0x" + "gg" * 20]
)
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(Refused, match="is not an address: expected 0x and 40 hex digits") as caught:
        read_address(text)
    assert repr(text) in str(caught.value)
