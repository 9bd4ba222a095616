"""Notices: one message to one channel, a webhook, a chat or mail, through apprise.

A channel is an address in apprise's form, such as `jsons://host/path` or `tgram://token/chat`. It
holds secrets: what may be shown of it is its name, `tgram:1f0c93aa`.
"""

import hashlib
import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias, cast
from urllib.parse import unquote

from hypertally.errors import Refused, SourceDown
from hypertally.records import Record

if TYPE_CHECKING:  # apprise takes a quarter of a second: only who sends waits for it
    from apprise import AppriseResult, NotifyBase

SECONDS_MAX = 20.0  # a mail server that greets late; the job's lease is renewed meanwhile
# Of a webhook or chat. apprise gives up after 4, and would tell a slow receiver twice; a worker
# that is stopped waits as long, and has ten.
ANSWER_SECONDS_MAX = 8.0
CHANNELS_MAX = 20  # each alert is told to all of them
BODY_CHARS_MAX = 1500  # Discord's 2,000 less what is put around it: no message comes in two parts
ERROR_CHARS_MAX = 300
SECRET_CHARS_MIN = 4  # shorter parts of an address are words like `to`
PORT_MAX = 65_535
SEPARATORS = " \t\r\n,;"

# How much an alert matters, and one that is over, in apprise's words.
TYPES: Mapping[str, str] = {
    "low": "info",
    "medium": "warning",
    "high": "failure",
    "critical": "failure",
    "resolved": "success",
    "retracted": "info",
}


class Notice(Record, frozen=True, kw_only=True):
    """A message."""

    title: str
    body: str
    level: str  # one of TYPES


class Channel:
    """One address that messages are sent to."""

    def __init__(self, service: "NotifyBase", url: str, *, seconds_max: float) -> None:
        self.name = f"{service.schema}:{_digits(url)}"
        service.retry = 0  # tries again are the queue's, whatever ?retry= says
        service.optional = False  # ?optional=yes would call a failure a success
        service.socket_read_timeout = max(service.socket_read_timeout, ANSWER_SECONDS_MAX)
        self._service = service
        self._secrets = _parts(url)
        self._seconds_max = seconds_max

    def __repr__(self) -> str:
        return f"Channel({self.name})"

    async def send(self, notice: Notice) -> None:
        """Send a message once.

        Errors: `SourceDown` when the channel did not take it, or not in time; it may have arrived
        all the same.
        """
        from apprise import Apprise, NotifyFormat

        result = await Apprise([self._service]).async_notify(
            notice.body[:BODY_CHARS_MAX],
            title=notice.title,
            notify_type=TYPES[notice.level],
            body_format=NotifyFormat.TEXT,
            timeout=self._seconds_max,
        )
        if not result:
            raise SourceDown(self._said(result))

    def _said(self, result: "AppriseResult") -> str:
        """Why it failed, in a line, without anything that stands in the address."""
        if result.status.name == "TIMEOUT":
            return f"it did not take the message within {self._seconds_max:g} s"
        lines = [entry.message for entry in result.logs()] or ["it did not take the message"]
        text = " ".join(" ".join(lines).split())
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:ERROR_CHARS_MAX]


Channels: TypeAlias = Mapping[str, Channel]  # by their names


def open_channels(urls: str | None, *, seconds_max: float = SECONDS_MAX) -> Channels:
    """The channels of a list of addresses; one named twice is one.

    Errors: `Refused` for what is no address, by its place, without its secrets.
    """
    if not urls:
        return {}
    from apprise import Apprise, AppriseAsset

    _be_quiet()
    # Pictures would be fetched from a server of others.
    asset = AppriseAsset(app_id="hypertally", app_desc="hypertally", app_url="", image_url_mask="")
    found = _split(urls)
    services = [
        None if re.search(r"\s", url) else Apprise.instantiate(url, asset=asset) for url in found
    ]
    bad = [
        f"address {place} of {len(found)} ({url.partition('://')[0]}://)"
        for place, (url, service) in enumerate(zip(found, services, strict=True), start=1)
        if service is None or not _has_port(service)
    ]
    if bad:
        raise Refused(
            f"{', '.join(bad)} cannot be used: write it in apprise's form for that service, with "
            "special characters of a password as in %40, without white space, and a port from 1 to "
            "65535"
        )
    channels = [
        Channel(service, url, seconds_max=seconds_max)
        for url, service in zip(found, services, strict=True)
        if service
    ]
    return {channel.name: channel for channel in channels}


def _has_port(service: "NotifyBase") -> bool:
    """Whether the port of an address, if it names one, can be connected to."""
    port = cast("int | None", service.port)
    return port is None or 1 <= port <= PORT_MAX


def _split(urls: str) -> list[str]:
    """The addresses of a list; commas may stand in one, before a scheme they set two apart."""
    from apprise.utils.parse import parse_urls

    found = [url.rstrip(SEPARATORS) for url in parse_urls(urls, store_unparseable=False)]
    rest = urls
    for url in found:
        rest = rest.replace(url, "", 1)
    if rest.strip(SEPARATORS):  # what apprise passes over in silence
        raise Refused(
            "it holds something that is no address: each begins with its scheme, such as jsons:// "
            "or mailtos://, and white space or a comma sets them apart"
        )
    if len(found) > CHANNELS_MAX:
        raise Refused(f"{len(found)} addresses are over {CHANNELS_MAX}: leave some out")
    return found


def _digits(url: str) -> str:
    """Digits that tell an address from others.

    Names stand in tables and logs, so a password must not be found by trying: the hash is slow.
    (apprise's own `url_id` leaves out the recipients: two chats of one bot would have one name.)
    """
    return hashlib.scrypt(url.encode(), salt=b"hypertally", n=2**14, r=8, p=1, dklen=4).hex()


def _parts(url: str) -> list[str]:
    """What an address consists of, as written and as meant, the longest first."""
    pieces = re.split(r"[:/@?&=#,;\s]+", url.partition("://")[2])
    both = {*pieces, *map(unquote, pieces)}
    return sorted((part for part in both if len(part) >= SECRET_CHARS_MIN), key=len, reverse=True)


def _be_quiet() -> None:
    """Keep apprise's log to itself: what it says of a failure is read from its result."""
    logging.getLogger("apprise").propagate = False
