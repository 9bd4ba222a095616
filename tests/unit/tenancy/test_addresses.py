"""Addresses are lower-cased at the door, and a file of them is taken whole or not at all."""

import pytest

from hypertally.errors import Refused
from hypertally.tenancy.addresses import read_address, read_addresses

ONE, TWO = "0x" + "ab" * 20, "0x" + "cd" * 20


def test_an_address_is_lower_cased() -> None:
    assert read_address("0x" + "AB" * 20) == ONE


@pytest.mark.parametrize(
    "text", ["", "0x", ONE[:-1], f"{ONE}0", ONE[2:], f" {ONE}", f"{ONE}\n", "0x" + "gg" * 20]
)
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(Refused, match="is not an address: expected 0x and 40 hex digits") as caught:
        read_address(text)
    assert repr(text) in str(caught.value)


def test_a_file_may_hold_comments_empty_lines_and_repetitions() -> None:
    text = f"# ours\n\n{ONE.upper().replace('0X', '0x')}  # the first\r\n{TWO}\n{ONE}\n"
    assert read_addresses(text, name="wallets.txt") == [ONE, TWO]


def test_every_wrong_line_of_a_file_is_counted_and_the_first_are_shown() -> None:
    text = "\n".join([ONE, *(f"wrong {number}" for number in range(7))])
    with pytest.raises(Refused) as caught:
        read_addresses(text, name="wallets.txt")
    message = str(caught.value)
    assert "wallets.txt holds 7 lines that are not addresses" in message
    assert "line 2: 'wrong 0'" in message
    assert "wrong 5" not in message
    assert "nothing was imported" in message


def test_a_file_without_an_address_is_refused() -> None:
    with pytest.raises(Refused, match=r"wallets\.txt holds no address"):
        read_addresses("# nothing yet\n", name="wallets.txt")
