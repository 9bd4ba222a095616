"""How far the making of a seed is: a line of the log for each tenth of a part, terminal or not."""

from typing import Final

import structlog

log: Final = structlog.get_logger()


class SeedProgress:
    """Says once how far a part is, however often it is asked."""

    def __init__(self) -> None:
        self._tenths: dict[str, int] = {}

    def tell(self, part: str, *, done: int, total: int) -> None:
        """Note that so many of the steps of a part are done."""
        tenth = 10 * done // total if total else 0
        if self._tenths.get(part) != tenth:
            self._tenths[part] = tenth
            log.info("making the seed", part=part, done=done, of=total)
