"""The times at which a population traded live, kept in a file so that a restart changes no fill.

A population is made again from its seed at every start. While the sandbox is stopped it trades at
the slow rate of the past, so its fills depend on the times at which the sandbox ran. These times
are written to the file in advance, as a lease: every fill is shown after its second is on disk, and
a kill at any moment changes nothing.
"""

from pathlib import Path
from typing import final

import msgspec

from hypertally.sandbox.population.population import Population
from hypertally.sandbox.population.traders import DEFAULT_SCALE

LEASE_MS = 60_000
RENEW_MS = 30_000  # a lease that ends sooner is extended
EDITION = 4  # of the way a seed becomes a population; another edition makes other fills


class PopulationOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options that a population was made with."""

    seed: int
    wallets: int
    days: int
    fills: int
    live_per_second: float
    scale: str = DEFAULT_SCALE


class SessionsFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the file keeps of a population."""

    options: PopulationOptions = msgspec.field(name="scene")
    until_ms: int
    live: list[tuple[int, int]]
    edition: int = 1


class DifferentPopulation(ValueError):
    """The file holds a population of other options or of another edition."""


def read_state(file: Path) -> SessionsFile:
    """Return what a file keeps of its population."""
    return msgspec.json.decode(file.read_bytes(), type=SessionsFile)


def read_options(file: Path) -> PopulationOptions:
    """Return the options of the population whose state a file keeps."""
    return read_state(file).options


@final
class LiveSessions:
    """The spans of live trading of one population, kept in one file."""

    def __init__(self, file: Path, options: PopulationOptions, *, now_ms: int) -> None:
        self._file = file
        self._saved = (
            self._load(options)
            if file.exists()
            else SessionsFile(options=options, until_ms=now_ms, live=[], edition=EDITION)
        )
        self.population = Population(
            until_ms=self._saved.until_ms, **msgspec.structs.asdict(options)
        )
        for from_ms, until_ms in self._saved.live:
            self.population.go_live(from_ms, until_ms)
            self.population.start_twaps(from_ms)
        self.advance(now_ms)

    def advance(self, now_ms: int) -> None:
        """Let the population trade up to a time, live from the first call on."""
        if not self._saved.live or self._saved.live[-1][1] - now_ms < RENEW_MS:
            self._renew(now_ms)
        self.population.advance(now_ms)

    def _renew(self, now_ms: int) -> None:
        from_ms, until_ms = now_ms, now_ms + LEASE_MS
        goes_on = bool(self._saved.live) and self._saved.live[-1][1] >= now_ms
        if goes_on:
            from_ms, _ = self._saved.live.pop()
        self._saved.live.append((from_ms, until_ms))
        self._save()
        self.population.go_live(now_ms, until_ms)
        if not goes_on:
            self.population.start_twaps(from_ms)

    def _load(self, options: PopulationOptions) -> SessionsFile:
        saved = read_state(self._file)
        if saved.edition != EDITION:
            message = (
                f"{self._file} holds a population of edition {saved.edition}, this program makes "
                f"those of edition {EDITION}: remove it, and the books kept of it"
            )
            raise DifferentPopulation(message)
        if saved.options != options:
            message = (
                f"{self._file} holds {saved.options}, not {options}: keep its options or remove it"
            )
            raise DifferentPopulation(message)
        return saved

    def _save(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new_file = self._file.with_suffix(".new")
        _ = new_file.write_bytes(msgspec.json.encode(self._saved))
        _ = new_file.replace(self._file)
