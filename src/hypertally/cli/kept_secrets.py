"""The secrets of tokens and of the archive: set, or made once and kept in the home folder."""

import contextlib
import secrets
from pathlib import Path

from hypertally.errors import Refused
from hypertally.settings import Settings

SECRET_FILE = "jwt_secret"  # noqa: S105 - the name of a file
ARCHIVE_KEY_FILE = "archive_key"


def jwt_secret(settings: Settings) -> str | None:
    """The secret local tokens are signed with: the setting's, else one kept in the home folder.

    None when tokens come from an identity provider alone.
    """
    if settings.jwt_secret:
        return settings.jwt_secret.get_secret_value()
    if settings.jwks_url:
        return None
    return _kept_secret(settings.home / SECRET_FILE)


def archive_secrets(settings: Settings) -> list[str]:
    """The secrets of the archive's manifests: the one that signs, then those that read alone.

    Without a setting it is kept in the home folder; hosts that share a secret of tokens share it
    here too. Earlier releases signed with the secret of tokens.
    """
    chosen = settings.archive_key or settings.jwt_secret
    if chosen:
        signing = chosen.get_secret_value()
    else:
        signing = _kept_secret(settings.home / ARCHIVE_KEY_FILE)
    earlier = (settings.archive_key_earlier, settings.jwt_secret, settings.jwt_secret_earlier)
    files = (settings.home / name for name in (ARCHIVE_KEY_FILE, SECRET_FILE))
    return [
        signing,
        *(secret.get_secret_value() for secret in earlier if secret),
        *(_kept_secret(path) for path in files if path.exists()),
    ]


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    if not path.exists():
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(48))
        # Two first starts at once: a link does not overwrite, so both read the one that won.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
    secret = path.read_text().strip()
    if not secret:
        raise Refused(f"{path} is empty: remove it and start again")
    return secret
