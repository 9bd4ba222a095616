"""The heartbeat: an address of an outside monitor that is called while all is well.

The monitor notices the silence, which no program can do for itself. The address holds the key of
the monitor: neither a message nor a log shows it.
"""

import httpx2

from hypertally.errors import SourceDown

SECONDS_MAX = 10.0  # the next call follows in a minute


class Heartbeat:
    """The address of one monitor."""

    def __init__(self, url: str, *, seconds_max: float = SECONDS_MAX) -> None:
        self._url = url
        self._seconds_max = seconds_max

    def __repr__(self) -> str:
        return "Heartbeat(***)"

    async def call(self) -> None:
        """Tell the monitor once that all is well.

        Errors: `SourceDown` when the monitor does not accept it, without the address.
        """
        try:
            async with httpx2.AsyncClient(timeout=self._seconds_max, trust_env=False) as http:
                response = await http.get(self._url)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise SourceDown(f"no answer: {type(error).__name__}") from None
        if not response.is_success:
            raise SourceDown(f"the answer was HTTP {response.status_code}")
