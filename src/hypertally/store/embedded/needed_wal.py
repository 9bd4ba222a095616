"""Which file of the write-ahead log a server that was stopped cleanly starts again from.

The others are kept by the server to be written over: after a bulk load they are larger than the
data, and a copy of the folder needs none of them.
"""

import re
import subprocess
from pathlib import Path

from hypertally.errors import Refused
from hypertally.store.embedded.programs import INSTALLATION, site_packages

_STATE = re.compile(r"^Database cluster state:\s+shut down$", re.MULTILINE)
_FILE = re.compile(r"^Latest checkpoint's REDO WAL file:\s+([0-9A-F]{24})$", re.MULTILINE)
SEGMENT = re.compile(r"[0-9A-F]{24}")


def needed_wal(data: Path) -> str:
    """The name of the file.

    Errors: `Refused` for a folder whose server runs, or was not stopped cleanly.
    """
    described = subprocess.run(  # noqa: S603 (the wheel's program)
        [site_packages() / INSTALLATION / "bin" / "pg_controldata", "-D", data],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
    ).stdout
    named = _FILE.search(described)
    if not _STATE.search(described) or named is None:
        raise Refused(f"the database of {data} was not stopped cleanly: it cannot be copied")
    return named[1]
