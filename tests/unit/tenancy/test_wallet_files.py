"""A file of wallets is taken whole or not at all, and what is wrong is named by its line."""

import csv
import io
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hypertally.errors import Refused
from hypertally.tenancy.wallet_files import (
    COLUMNS,
    FileWallet,
    read_file,
    refuse_wrong_lines,
    write_file,
)
from hypertally.tenancy.wallet_names import WalletNames

ONE, TWO = "0x" + "ab" * 20, "0x" + "cd" * 20


def read(text: str) -> list[FileWallet]:
    return refuse_wrong_lines(read_file(text, name="wallets.csv"), name="wallets.csv")


def wrong(text: str) -> dict[int, str]:
    return {line.line: line.reason for line in read_file(text, name="wallets.csv").wrong}


def test_a_file_may_hold_comments_empty_lines_and_repetitions() -> None:
    text = f"# ours\n\n{ONE.upper().replace('0X', '0x')}  # the first\r\n{TWO}\n{ONE}\n"
    assert read(text) == [FileWallet(address=ONE), FileWallet(address=TWO)]
    assert read_file(text, name="wallets.txt").duplicates == 1


def test_every_wrong_line_of_a_file_is_counted_and_the_first_are_shown() -> None:
    text = "\n".join([ONE, *(f"wrong {number}" for number in range(7))])
    with pytest.raises(Refused) as caught:
        read(text)
    message = str(caught.value)
    assert "wallets.csv holds 7 wrong lines, nothing was imported" in message
    assert "line 2: 'wrong 0' is not an address: expected 0x and 40 hex digits" in message
    assert "wrong 5" not in message


@pytest.mark.parametrize("text", ["# nothing yet\n", "", "address,label,tags\n"])
def test_a_file_without_an_address_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"wallets\.csv holds no address"):
        read(text)


def test_a_filled_cell_says_what_holds_and_an_empty_one_says_nothing() -> None:
    text = f'\ufeffAddress,Label,tags\r\n{ONE},"Møller, & co", MM; Fund ;mm\r\n\r\n{TWO},,\r\n'
    assert read(text) == [
        FileWallet(address=ONE, label="Møller, & co", tags=["fund", "mm"]),
        FileWallet(address=TWO),
    ]


def test_lines_that_are_wrong_are_named_with_value_and_remedy() -> None:
    text = (
        "address,label,note\n"
        f'{ONE},fine,"two\nlines"\n'
        f"0x12,short,\n"
        f"{TWO},{'x' * 65},\n"
        f"{TWO},a,b,c\n"
        f"{ONE},other,\n"
    )
    reasons = wrong(text)
    assert list(reasons) == [4, 5, 6, 7]
    assert reasons[4].startswith("'0x12' is not an address: expected")
    assert "is not a label: expected 1 to 64 characters" in reasons[5]
    assert reasons[6] == "4 cells under 3 columns: a comma needs quotes"
    assert reasons[7] == f"{ONE} stands in line 2 with other cells: keep one of them"


def test_a_tag_that_is_none_and_an_open_quote_are_named() -> None:
    assert "is not a tag" in wrong(f"address,tags\n{ONE},a;{'y' * 33}\n")[2]
    assert "put a cell that holds quotes" in wrong(f'address,label\n{ONE},"open\n')[2]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("address;label", "'address;label'"),
        ("address,name", "'name'"),
        ("address,address", "twice"),
    ],
)
def test_a_header_with_other_columns_is_refused(header: str, reason: str) -> None:
    with pytest.raises(Refused, match=rf"line 1: the header holds .*{reason}"):
        read(f"{header}\n{ONE},x\n")


SEEN = st.characters(categories=["L", "N", "P", "S"], exclude_characters=";,")
WORDS = st.text(SEEN, min_size=1, max_size=8).map(str.lower).filter(lambda word: len(word) <= 32)


@given(
    label=st.none() | st.text(SEEN | st.just(","), min_size=1, max_size=64),
    tags=st.lists(WORDS, unique=True, max_size=4).map(sorted),
    groups=st.lists(WORDS, unique=True, max_size=2).map(sorted),
    note=st.none() | st.lists(WORDS, min_size=1, max_size=3).map("\n".join),
)
def test_what_is_written_is_read_back_as_it_is(
    label: str | None, tags: list[str], groups: list[str], note: str | None
) -> None:
    names = WalletNames(wallet=ONE, label=label, tags=tags, groups=groups, note=note)
    assert read(write_file([names])) == [
        FileWallet(address=ONE, label=label, tags=tags or None, groups=groups or None, note=note)
    ]


@pytest.mark.parametrize(
    ("before", "header", "end"),
    [
        ("", "label,address", "\n"),
        ("", " Label , ADDRESS ", "\n"),
        ("", '"label","address"', "\r"),
        ("# ours\n\n", "label,address", "\n"),
        ('"# ours, of 2025",,\n,,\n', "label, address,", "\r\n"),
        ("", "label,address,,", "\n"),
    ],
)
def test_a_header_is_found_by_a_cell_that_is_address(before: str, header: str, end: str) -> None:
    text = f"{before}{header}{end}Jump,{ONE},{end},{TWO}{end}"
    assert read(text) == [FileWallet(address=ONE, label="Jump"), FileWallet(address=TWO)]


def test_a_filled_cell_under_no_name_and_a_late_header_are_named_by_their_lines() -> None:
    assert wrong(f"# ours\naddress,,label\n{ONE},,Jump\n{TWO},mm,\n") == {
        4: "'mm' stands under a column without a name: give it one"
    }
    with pytest.raises(Refused, match="line 2: the header holds 'label;address'"):
        read(f"# ours\nlabel;address\nJump;{ONE}\n")


@given(
    columns=st.permutations([*COLUMNS, ""]),
    cases=st.lists(st.booleans(), min_size=6, max_size=6),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_columns_in_any_order_give_the_same_wallets(
    columns: list[str], cases: list[bool], quoting: Literal[0, 1], end: str
) -> None:
    cells = {"address": ONE, "label": "Jump, Inc", "tags": "mm;fund", "groups": "g", "note": "n"}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, quoting=quoting)
    writer.writerow(
        column.upper() if is_upper else column
        for column, is_upper in zip(columns, cases, strict=True)
    )
    writer.writerow(cells.get(column, "") for column in columns)
    assert read(out.getvalue()) == [
        FileWallet(address=ONE, label="Jump, Inc", tags=["fund", "mm"], groups=["g"], note="n")
    ]
