"""Print pip's settings as the environment variables that mean the same to uv."""

import ast
import os
import shlex
import ssl
import subprocess
import sys

NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
# What the user says later wins, as in pip itself.
SOURCES = ("global", "user", "site", "install", ":env:")


def pip_settings() -> dict[str, str]:
    """By name, whatever says it: a file of the machine, of the user, or the environment."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    found: dict[tuple[int, str], str] = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        source, _, name = key.rpartition(".")
        if name in NAMES and source in SOURCES:
            found[SOURCES.index(source), name] = str(ast.literal_eval(value))
    return {name: found[source, name] for source, name in sorted(found)}


def main() -> None:
    """What the user has set for uv itself stays."""
    settings = pip_settings()
    for name, value in settings.items():
        variable = NAMES[name]
        if variable not in os.environ:
            words = ",".join(value.split()) if name == "find-links" else " ".join(value.split())
            print(f"export {variable}={shlex.quote(words)}")
    if "extra-index-url" in settings:
        # pip takes the best version of all indexes; every file is checked against the lock.
        print("export UV_INDEX_STRATEGY=${UV_INDEX_STRATEGY:-unsafe-best-match}")
    if ssl.get_default_verify_paths().cafile:
        # Like pip: trust what this machine trusts. Without such a file uv's own list serves.
        print("export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-1}")


if __name__ == "__main__":
    main()
