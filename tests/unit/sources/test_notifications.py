"""Addresses of channels become channels, and show nothing of what they hold."""

import subprocess
import sys

import pytest

from hypertally.errors import Refused
from hypertally.sources.notifications import CHANNELS_MAX, Channels, open_channels

SECRET = "s3cret-of-the-house"
TELEGRAM = "tgram://123456789:AAGabcdefghijklmnopqrstuvwxyz012345"
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
MAIL = "mailtos://me:s3cret@smtp.example.com?from=me@example.com&to="


def schemes(channels: Channels) -> list[str]:
    return [name.partition(":")[0] for name in channels]


def refusal(urls: str) -> str:
    with pytest.raises(Refused) as caught:
        open_channels(urls)
    return str(caught.value)


def test_without_addresses_there_are_no_channels() -> None:
    assert open_channels(None) == open_channels("") == open_channels(" \n") == {}


@pytest.mark.parametrize("apart", [" ", ",", ", ", "\n", ";", " ,\n"])
def test_addresses_stand_apart_by_white_space_or_commas(apart: str) -> None:
    urls = apart.join(["json://one/a", "jsons://two", f"{MAIL}a@example.com,b@example.com"])
    assert schemes(open_channels(urls + apart)) == ["json", "jsons", "mailtos"]


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        (f"{TELEGRAM}/-1001", "tgram"),
        (SLACK, "slack"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#night", "slack"),
        (DISCORD, "discord"),
        (f"{MAIL}night@example.com", "mailtos"),
        ("jsons://host/path?+Authorization=Bearer%20token", "jsons"),
    ],
)
def test_every_kind_of_channel_that_is_promised_opens(url: str, scheme: str) -> None:
    assert schemes(open_channels(url)) == [scheme]


def test_a_name_stays_whatever_stands_beside_it() -> None:
    one, two = f"json://me:{SECRET}@host/a", f"{TELEGRAM}/1"
    (name_one,), (name_two,) = open_channels(one), open_channels(two)
    assert list(open_channels(f"{two} {one}")) == [name_two, name_one]


def test_names_do_not_change_between_versions() -> None:
    # Deliveries that wait in a database name their channel by it.
    assert list(open_channels("json://me:secret@host/a")) == ["json:43fe3466"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"{TELEGRAM}/1", f"{TELEGRAM}/2"),
        (f"{MAIL}a@example.com", f"{MAIL}b@example.com"),
        ("json://me:one@host/", "json://me:two@host/"),
    ],
)
def test_addresses_that_differ_in_anything_have_two_names(one: str, other: str) -> None:
    assert len(open_channels(f"{one} {other}")) == 2


def test_one_address_named_twice_is_one_channel() -> None:
    assert len(open_channels("json://host/a json://host/a")) == 1


def test_no_name_and_no_print_holds_a_secret() -> None:
    channels = open_channels(f"json://me:{SECRET}@host/{SECRET} {SLACK} {DISCORD} {TELEGRAM}/1")
    said = f"{channels} {list(channels)} {[*channels.values()]!r}"
    for secret in (SECRET, "A1BRTD4JD", "4174216298", "AAGabc"):
        assert secret not in said


@pytest.mark.parametrize(
    "urls",
    [
        f"json://host slack://{SECRET}",
        f"json://host nothing://{SECRET}",
        f"json://host json://{SECRET} {SECRET}",
        "json://host mailto://",
        f"json://host json://me:{SECRET}@localhost:99999/",
        f"json://host json://me:{SECRET}@localhost:0/",
    ],
)
def test_an_address_that_is_none_is_named_by_its_place_and_scheme(urls: str) -> None:
    message = refusal(urls)
    scheme = urls.split()[1].partition("://")[0]
    assert message.startswith(f"address 2 of 2 ({scheme}://) cannot be used: write it in")
    assert SECRET not in message


def test_every_address_that_is_none_is_named_at_once() -> None:
    message = refusal("one://a json://host two://b")
    assert "address 1 of 3 (one://), address 3 of 3 (two://)" in message


@pytest.mark.parametrize(
    "urls", [SECRET, f"{SECRET} json://host", f"json://host\n{SECRET} json://other", "x-y://host"]
)
def test_what_is_no_address_is_not_passed_over(urls: str) -> None:
    message = refusal(urls)
    assert message.startswith("it holds something that is no address: each begins with its scheme")
    assert SECRET not in message


def test_there_is_a_limit_of_channels() -> None:
    urls = " ".join(f"json://host/{number}" for number in range(CHANNELS_MAX + 1))
    assert refusal(urls) == f"{CHANNELS_MAX + 1} addresses are over {CHANNELS_MAX}: leave some out"


def test_apprise_is_loaded_only_where_a_channel_is_set() -> None:
    script = (
        "import sys, hypertally.cli.processes.worker\n"
        "from hypertally.sources import notifications\n"
        "notifications.open_channels(None)\n"
        "sys.exit('apprise' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
