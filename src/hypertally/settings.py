"""Settings: read from the environment once, checked once, every problem named at once."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from hypertally.addresses import (
    check_address,
    check_database,
    check_folder_or_bucket,
    check_keys_address,
    without_password,
)
from hypertally.errors import Refused

PREFIX = "HYPERTALLY_"
MAINNET, TESTNET = "mainnet", "testnet"
NETWORKS_BY_HOST = {
    "api.hyperliquid.xyz": MAINNET,
    "api-ui.hyperliquid.xyz": MAINNET,
    "rpc.hyperliquid.xyz": MAINNET,
    "api.hyperliquid-testnet.xyz": TESTNET,
    "api-ui.hyperliquid-testnet.xyz": TESTNET,
    "rpc.hyperliquid-testnet.xyz": TESTNET,
}
MAINNET_INFO = "https://api.hyperliquid.xyz/info"
MAINNET_LEADERBOARD = "https://stats-data.hyperliquid.xyz/Mainnet/leaderboard"
MAINNET_TWAPS = "s3://artemis-hyperliquid-data/raw/twap_statuses"
MAINNET_FILLS = "s3://hl-mainnet-node-data"
WEIGHT_PER_MINUTE = 1200  # the exchange's allowance for one address
PAGE_WEIGHT_MAX = 120  # a full page of 2,000 fills: 20 and 1 for each 20 rows
EXITS_WEIGHT_KEPT = 60  # a minute, that pulls leave to fills of exits while any are waited for
EXITS_WEIGHT_MAX = 300  # a minute, for fills of exits: asked for while less than this is spent
UNIVERSE_SIZE = 200
UNIVERSE_SIZE_MAX = 500  # positions of so many wallets cost 1,000 weight a minute
UNIVERSE_REFRESH_MINUTES = 360
SNAPSHOT_CONCURRENCY = 24
SNAPSHOT_TIMEOUT_SECONDS = 10
ALERT_TWAP_SHARE_PERCENT = Decimal(10)
ALERT_WALLET_USD = Decimal(1_000_000)
# Of a made-up exchange its world may follow: two of one seed differ by when they were begun.
EXCHANGE_NAME = re.compile(r"[a-z0-9\[][a-z0-9._:\-\[\]]{0,99}(@[0-9a-f]{8})?")
JWT_SECRET_BYTES_MIN = 32  # RFC 7518, 3.2: a key of the size of the hash or larger


def _http(value: str) -> str:
    return check_address(value, "http", "https")


def _stream(value: str) -> str:
    return check_address(value, "ws", "wss")


def _secret(check: Callable[[str], str]) -> AfterValidator:
    def check_secret(secret: SecretStr) -> SecretStr:
        check(secret.get_secret_value())
        return secret

    return AfterValidator(check_secret)


def _info_path(value: str) -> str:
    parts = urlsplit(value)
    return value if parts.path.strip("/") else f"{value.rstrip('/')}/info"


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value().encode()) < JWT_SECRET_BYTES_MIN:
        raise ValueError(f"at least {JWT_SECRET_BYTES_MIN} bytes are needed")
    return secret


def _networks(value: str) -> str:
    return ",".join(str(ip_network(part.strip())) for part in value.split(",") if part.strip())


def _alert_urls(urls: SecretStr) -> SecretStr:
    # How each must look is apprise's to say, which is loaded by who sends.
    if "://" not in urls.get_secret_value():
        raise ValueError("expected addresses in apprise's form, such as jsons://host/path")
    return urls


def read_exchange_name(value: str) -> str:
    """The name of an exchange in the one writing, which is in small letters.

    Errors: `ValueError` that says what is expected.
    """
    name = value.lower()
    if not EXCHANGE_NAME.fullmatch(name):
        raise ValueError(
            "expected a name without blanks, at most 100 of letters, digits and . _ : - "
            "such as mainnet, testnet, sandbox:7"
        )
    if network := NETWORKS_BY_HOST.get(name.partition(":")[0]):
        raise ValueError(f"that is a host of {network}: write {network}")
    return name


ExchangeName = Annotated[str, AfterValidator(read_exchange_name)]
HttpUrl = Annotated[str, AfterValidator(_http)]
KeysUrl = Annotated[str, AfterValidator(check_keys_address)]
InfoUrl = Annotated[HttpUrl, AfterValidator(_info_path)]
StreamUrl = Annotated[str, AfterValidator(_stream)]
StoreUrl = Annotated[str, AfterValidator(check_folder_or_bucket)]
# It may hold a password: a secret, so that no message prints it.
DatabaseUrl = Annotated[SecretStr, _secret(check_database)]
SigningSecret = Annotated[SecretStr, AfterValidator(_long_enough)]
AlertUrls = Annotated[SecretStr, AfterValidator(_alert_urls)]
Networks = Annotated[str, AfterValidator(_networks)]
SecretHttpUrl = Annotated[SecretStr, _secret(_http)]
# The address of an RPC provider holds the key it is paid by.
SECRETS = frozenset(
    {
        "alert_urls",
        "heartbeat_url",
        "database_url",
        "owner_database_url",
        "api_database_url",
        "people_database_url",
        "jwt_secret",
        "jwt_secret_earlier",
        "archive_key",
        "archive_key_earlier",
        "internal_api_key",
        "evm_rpc_url",
    }
)


# Of some settings, by name; None: as if the environment did not have it.
Overrides: TypeAlias = Mapping[str, str | None]


class Settings(BaseSettings):
    """What the operator may choose; docs/settings.md says each in a line."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True
    )

    home: Path = Field(default_factory=lambda: platformdirs.user_data_path("hypertally"))
    database_url: DatabaseUrl | None = None
    owner_database_url: DatabaseUrl | None = None
    api_database_url: DatabaseUrl | None = None
    people_database_url: DatabaseUrl | None = None
    info_url: InfoUrl = MAINNET_INFO
    network: ExchangeName | None = None  # None: as the host of `info_url` says
    ws_url: StreamUrl = "wss://api.hyperliquid.xyz/ws"
    leaderboard_url: HttpUrl | None = None  # see `leaderboard`
    leaderboard_fallback_url: HttpUrl | None = None
    smart_money: bool = True
    universe_size: int = Field(default=UNIVERSE_SIZE, ge=1, le=UNIVERSE_SIZE_MAX)
    universe_refresh_minutes: int = Field(default=UNIVERSE_REFRESH_MINUTES, ge=5, le=10_080)
    snapshot_concurrency: int = Field(default=SNAPSHOT_CONCURRENCY, ge=1, le=200)
    snapshot_timeout_seconds: int = Field(default=SNAPSHOT_TIMEOUT_SECONDS, ge=1, le=50)
    alert_urls: AlertUrls | None = None
    alert_twap_share_percent: Decimal = Field(default=ALERT_TWAP_SHARE_PERCENT, gt=0, le=1_000_000)
    alert_wallet_usd: Decimal = Field(default=ALERT_WALLET_USD, ge=1, le=10**12)
    heartbeat_url: SecretHttpUrl | None = None
    public_url: HttpUrl | None = None
    archive_url: StoreUrl | None = None  # see `fills_archive`
    twap_url: StoreUrl | None = None  # see `twap_source`
    seal_url: StoreUrl | None = None  # None: the folder `archive` under home
    evm_rpc_url: HttpUrl = "https://rpc.hyperliquid.xyz/evm"
    weight_per_minute: int = Field(default=WEIGHT_PER_MINUTE, ge=PAGE_WEIGHT_MAX, le=1_000_000)
    jwt_secret: SigningSecret | None = None
    jwt_secret_earlier: SigningSecret | None = None
    archive_key: SigningSecret | None = None
    archive_key_earlier: SigningSecret | None = None
    jwks_url: KeysUrl | None = None
    jwt_audience: str = Field(default="authenticated", min_length=1)
    jwt_issuer: str | None = None
    jwt_org_claim: str | None = None
    jwt_role_claim: str | None = None
    internal_api_key: SecretStr | None = None
    port: int = Field(default=8000, ge=0, le=65535)
    trusted_proxies: Networks = ""

    @property
    def leaderboard(self) -> str | None:
        """Where the exchange ranks its traders; of another exchange only if it is set."""
        return self.leaderboard_url or self._of_mainnet(MAINNET_LEADERBOARD)

    @property
    def twap_source(self) -> str | None:
        """Where statuses of TWAPs are published; of another exchange only if it is set."""
        return self.twap_url or self._of_mainnet(MAINNET_TWAPS)

    @property
    def fills_archive(self) -> str | None:
        """Where fills are archived; of another exchange only if it is set."""
        return self.archive_url or self._of_mainnet(MAINNET_FILLS)

    def _of_mainnet(self, address: str) -> str | None:
        network = self.network or network_of(self.info_url)
        return address if network == MAINNET else None

    @property
    def is_https(self) -> bool:
        """Whether readers reach the page by https: cookies then travel by nothing else."""
        return self.public_url is not None and urlsplit(self.public_url).scheme == "https"

    @property
    def alerts_page(self) -> str | None:
        """Where a reader of a message finds all alerts; None: the address is not set."""
        return f"{self.public_url.rstrip('/')}/#/smart-money" if self.public_url else None


def network_of(info_url: str) -> str | None:
    """The network that the host of an endpoint stands for; None: it may be any."""
    return NETWORKS_BY_HOST.get((urlsplit(info_url).hostname or "").rstrip("."))


def read(overrides: Overrides | None = None) -> Settings:
    """The settings of this process's environment, but for those that are given here.

    Errors: `Refused` that names every bad setting, its value unless it is a secret, and what is
    expected.
    """
    try:
        return Settings.model_validate(overrides or {})
    except ValidationError as error:
        raise Refused("bad settings: " + "; ".join(map(_said, error.errors()))) from None


def _said(problem: ErrorDetails) -> str:
    field = str(problem["loc"][0])
    # An address may hold a password too.
    value = "" if field in SECRETS else f" = {without_password(str(problem['input']))!r}"
    return f"{PREFIX}{field.upper()}{value}: {problem['msg'].removeprefix('Value error, ')}"
