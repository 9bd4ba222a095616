"""The API over two orgs' rows, as its own tests run it."""

# pyright: reportUnusedImport=false
from tests.db.api.conftest import base_url, client, get, options, ui_dir, world  # noqa: F401
