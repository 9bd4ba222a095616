"""A bad setting stops the start with every problem named, and no secret is ever printed."""

from collections.abc import Callable

import pytest

from hypertally import settings
from hypertally.errors import Refused
from hypertally.settings import PREFIX, SECRETS, Settings

SECRET = "s3cret-of-the-house-that-nobody-may-read"
# A value of no use for each setting that can be wrong, and what its message must say.
WRONG = {
    "DATABASE_URL": (f"mysql://{SECRET}@host/db", "begins with postgresql://"),
    "PEOPLE_DATABASE_URL": (SECRET, "begins with postgresql://"),
    "INFO_URL": ("api.hyperliquid.xyz", "begins with http:// or https://"),
    "WS_URL": ("https://api.hyperliquid.xyz/ws", "begins with ws:// or wss://"),
    "LEADERBOARD_URL": ("http://", "begins with http:// or https://"),
    "ARCHIVE_URL": ("/var/archive", "begins with s3:// or file://"),
    "TWAP_URL": ("gs://bucket", "begins with s3:// or file://"),
    "SEAL_URL": ("archive", "begins with s3:// or file://"),
    "EVM_RPC_URL": (f"htps://rpc/{SECRET}", "begins with http:// or https://"),
    "WEIGHT_PER_MINUTE": ("119", "greater than or equal to 120"),
    "JWT_SECRET": (SECRET[:31], "at least 32 bytes"),
    "JWKS_URL": (f"ftp://me:{SECRET}@host/keys", "begins with http:// or https://"),
    "ALERT_URLS": (SECRET, "in apprise's form"),
    "ALERT_TWAP_SHARE_PERCENT": ("0", "greater than 0"),
    "ALERT_WALLET_USD": ("0.99", "greater than or equal to 1"),
    "PORT": ("65536", "less than or equal to 65535"),
    "TRUSTED_PROXIES": ("127.0.0.1,10.0.0.7/8", "has host bits set"),
}

SetAll = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> SetAll:
    """A function that makes these the only settings of the process."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)

    def set_all(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"{PREFIX}{name}", value)

    return set_all


def refusal() -> str:
    with pytest.raises(Refused) as caught:
        settings.read()
    return str(caught.value)


def test_proxies_are_networks(environment: SetAll) -> None:
    environment(TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8,fd00::/8")
    assert settings.read().trusted_proxies == "127.0.0.1/32,10.0.0.0/8,fd00::/8"


def test_without_any_setting_the_defaults_are_those_of_mainnet(environment: SetAll) -> None:
    environment()
    read = settings.read()
    assert read.info_url == "https://api.hyperliquid.xyz/info"
    assert (read.weight_per_minute, read.port, read.database_url) == (1200, 8000, None)


@pytest.mark.parametrize(
    ("named", "is_mainnet"),
    [
        ({}, True),
        ({"INFO_URL": "https://API.hyperliquid.xyz./info"}, True),
        ({"INFO_URL": "http://10.0.0.5:3001/info", "NETWORK": "mainnet"}, True),
        ({"INFO_URL": "http://10.0.0.5:3001/info"}, False),
        ({"INFO_URL": "https://api.hyperliquid-testnet.xyz/info"}, False),
        ({"NETWORK": "ours"}, False),
    ],
)
def test_other_endpoints_of_mainnet_are_defaults_of_mainnet_alone(
    environment: SetAll, named: dict[str, str], *, is_mainnet: bool
) -> None:
    environment(**named)
    read = settings.read()
    for address in (read.leaderboard, read.twap_source, read.fills_archive):
        assert (address is not None) == is_mainnet


@pytest.mark.parametrize("name", ["two words", "a/b", "-x", "x" * 101])
def test_a_name_of_an_exchange_is_a_word(environment: SetAll, name: str) -> None:
    environment(NETWORK=name)
    assert "without blanks" in refusal()


def test_every_problem_is_named_at_once_in_one_line(environment: SetAll) -> None:
    environment(**{name: value for name, (value, _) in WRONG.items()})
    message = refusal()
    for name in WRONG:
        assert f"{PREFIX}{name}" in message
    assert message.count("; ") == len(WRONG) - 1
    assert "\n" not in message


@pytest.mark.parametrize("name", WRONG)
def test_a_problem_says_what_is_expected(environment: SetAll, name: str) -> None:
    value, expected = WRONG[name]
    environment(**{name: value})
    message = refusal()
    assert message.startswith(f"bad settings: {PREFIX}{name}")
    assert expected in message


HTTP_SETTINGS = (
    "INFO_URL", "LEADERBOARD_URL", "LEADERBOARD_FALLBACK_URL", "HEARTBEAT_URL", "PUBLIC_URL",
    "EVM_RPC_URL", "JWKS_URL",
)  # fmt: skip
DATABASE_SETTINGS = ("DATABASE_URL", "PEOPLE_DATABASE_URL")
STORE_SETTINGS = ("TWAP_URL", "ARCHIVE_URL", "SEAL_URL")
# What follows the scheme, and what the message must say.
NO_SERVERS = [
    ("a b/info", "holds no blank"),
    ("host/a b", "holds no blank"),
    ("host/info\n", "holds no blank"),
    ("host\\@other/", "no backslash"),
    ("localhost:99999/info", "the port from 1 to 65535"),
    ("localhost:0/info", "from 1 to 65535"),
    ("localhost:eight/info", "the port from 1 to 65535"),
    ("[::1/info", "invalid IPv6 address"),
    ("999.1.1.1/info", "invalid IPv4 address"),
    ("a|b/info", "invalid international domain name"),
    ("münchen/info", "a host of other letters is written xn--..."),
]


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        *((name, "https") for name in HTTP_SETTINGS),
        *((name, "postgresql") for name in DATABASE_SETTINGS),
        ("WS_URL", "wss"),
    ],
)
def test_an_address_that_no_request_can_reach_is_refused_at_the_start(
    environment: SetAll, name: str, scheme: str
) -> None:
    for rest, expected in NO_SERVERS[:-3] if scheme == "postgresql" else NO_SERVERS:
        environment(**{name: f"{scheme}://{rest}"})
        message = refusal()
        assert message.startswith(f"bad settings: {PREFIX}{name}")
        assert expected in message
        assert "\n" not in message
        is_secret = name.lower() in SECRETS
        assert (repr(f"{scheme}://{rest}") in message) is not is_secret or "@" in rest


@pytest.mark.parametrize("name", STORE_SETTINGS)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("s3://a bucket/x", "holds no blank"),
        ("s3://bucket:99999/x", "invalid port number"),
        ("s3://bucket:9000/x", "expected s3://bucket/prefix"),
        ("s3://", "begins with s3://"),
        ("s3:///prefix", "begins with s3://"),
        ("file://", "as in file:///folder"),
        ("file://folder/below", "as in file:///folder"),
        ("file:///a\tb", "no control character"),
    ],
)
def test_an_address_that_names_no_store_is_refused_at_the_start(
    environment: SetAll, name: str, value: str, expected: str
) -> None:
    environment(**{name: value})
    message = refusal()
    assert message.startswith(f"bad settings: {PREFIX}{name} = {value!r}: ")
    assert expected in message


def test_the_keys_of_tokens_come_by_https_or_from_this_machine(environment: SetAll) -> None:
    environment(JWKS_URL="http://keys.example.com/keys")
    assert "https:// is needed" in refusal()
    for value in ("http://127.0.0.1:9000/keys", "http://localhost/keys", "https://example.com/k"):
        environment(JWKS_URL=value)
        assert settings.read().jwks_url == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [("https://books.example.com", True), ("HTTPS://books.example.com", True), ("http://x", False)],
)
def test_the_public_address_decides_whether_cookies_are_secure(
    environment: SetAll, value: str, *, expected: bool
) -> None:
    assert not settings.read().is_https
    environment(PUBLIC_URL=value)
    assert settings.read().is_https is expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEADERBOARD_URL", "http://[::1]:8080/Mainnet/leaderboard?a=%20b"),
        ("PUBLIC_URL", "HTTPS://books.example.com"),
        ("JWKS_URL", "https://me:p%40ss@keys.example.com/"),
        ("LEADERBOARD_URL", "http://xn--mnchen-3ya.example/"),
        ("WS_URL", "ws://localhost:65535/ws"),
        ("SEAL_URL", "file:///srv/my books"),
        ("SEAL_URL", "s3://bucket"),
    ],
)
def test_an_address_is_used_as_it_is_written(environment: SetAll, name: str, value: str) -> None:
    environment(**{name: value})
    assert getattr(settings.read(), name.lower()) == value


@pytest.mark.parametrize(
    "value",
    [
        "postgresql:///books?host=/var/run/postgresql",
        "postgres://me:p%40ss@one:5432,two:5433/books?target_session_attrs=primary",
    ],
)
def test_a_database_may_be_a_socket_or_several_hosts(environment: SetAll, value: str) -> None:
    environment(DATABASE_URL=value)
    database_url = settings.read().database_url
    assert database_url is not None
    assert database_url.get_secret_value() == value


def test_a_bad_address_is_shown_without_its_password(environment: SetAll) -> None:
    environment(LEADERBOARD_URL=f"https://me:{SECRET}/@@host:99999/x")
    message = refusal()
    assert "LEADERBOARD_URL = 'https://***@host:99999/x': invalid port number" in message


@pytest.mark.parametrize("name", ["INFO_URL", "PORT", "WEIGHT_PER_MINUTE", "ARCHIVE_URL"])
def test_a_problem_names_the_value(environment: SetAll, name: str) -> None:
    environment(**{name: WRONG[name][0]})
    assert repr(WRONG[name][0]) in refusal()


def test_no_message_holds_a_secret(environment: SetAll) -> None:
    environment(**{name: value for name, (value, _) in WRONG.items()})
    assert SECRET[:20] not in refusal()


def test_secrets_do_not_print_once_they_are_read(environment: SetAll) -> None:
    environment(
        DATABASE_URL=f"postgresql://me:{SECRET}@host/db",
        PEOPLE_DATABASE_URL=f"postgres://me:{SECRET}@host/people",
        JWT_SECRET=SECRET,
        INTERNAL_API_KEY=SECRET,
        ALERT_URLS=f"json://me:{SECRET}@host/",
    )
    read = settings.read()
    assert SECRET not in f"{read!r} {read} {read.model_dump()} {read.model_dump_json()}"
    assert read.jwt_secret is not None
    assert read.jwt_secret.get_secret_value() == SECRET


def test_every_secret_is_a_setting() -> None:
    assert set(Settings.model_fields) >= SECRETS


def test_a_number_that_is_none_is_named(environment: SetAll) -> None:
    environment(PORT="eight thousand")
    assert "HYPERTALLY_PORT = 'eight thousand': Input should be a valid integer" in refusal()


def test_an_empty_setting_counts_as_unset(environment: SetAll) -> None:
    environment(PORT="", DATABASE_URL="", JWT_SECRET="")
    assert settings.read().port == 8000


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("http://127.0.0.1:3001", "http://127.0.0.1:3001/info"),
        ("http://127.0.0.1:3001/", "http://127.0.0.1:3001/info"),
        ("https://proxy/hyperliquid/info", "https://proxy/hyperliquid/info"),
    ],
)
def test_the_info_address_may_leave_out_its_path(
    environment: SetAll, given: str, meant: str
) -> None:
    environment(INFO_URL=given)
    assert settings.read().info_url == meant


def test_settings_do_not_change_once_read(environment: SetAll) -> None:
    environment()
    with pytest.raises(ValueError, match="frozen"):
        settings.read().port = 1
