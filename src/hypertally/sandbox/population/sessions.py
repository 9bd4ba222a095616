"""Remembers when a population traded live, so that a restarted sandbox tells the same story.

A population is made anew from its seed at every start. While the sandbox is down it trades at the
quiet pace, so the times it was up are part of what makes it. They are written ahead, as a lease:
no fill is ever shown whose second is not yet on disk, and a kill at any moment changes nothing.
"""

from pathlib import Path
from typing import final

import msgspec

from hypertally.sandbox.population.population import Population

LEASE_MS = 60_000
RENEW_MS = 30_000  # a lease with less than this left is made longer
EDITION = 2  # of how a seed becomes a population; another one tells another story


class Scene(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a population was made from."""

    seed: int
    wallets: int
    days: int
    fills: int
    live_per_second: float


class _Saved(msgspec.Struct, forbid_unknown_fields=True):
    scene: Scene
    until_ms: int
    live: list[tuple[int, int]]
    edition: int = 1


class OtherScene(ValueError):
    """The file remembers a population made with other options, or in another way."""


@final
class LiveSessions:
    """The spans of live trading of one population, kept in one file."""

    def __init__(self, file: Path, scene: Scene, *, now_ms: int) -> None:
        self._file = file
        self._saved = self._load(scene) if file.exists() else _Saved(scene, now_ms, [], EDITION)
        self.population = Population(until_ms=self._saved.until_ms, **msgspec.structs.asdict(scene))
        for from_ms, until_ms in self._saved.live:
            self.population.go_live(from_ms, until_ms)
        self.advance(now_ms)

    def advance(self, now_ms: int) -> None:
        """Let the population trade up to a time, live from the moment someone looks."""
        if not self._saved.live or self._saved.live[-1][1] - now_ms < RENEW_MS:
            self._renew(now_ms)
        self.population.advance(now_ms)

    def _renew(self, now_ms: int) -> None:
        from_ms, until_ms = now_ms, now_ms + LEASE_MS
        if self._saved.live and self._saved.live[-1][1] >= now_ms:
            from_ms, _ = self._saved.live.pop()
        self._saved.live.append((from_ms, until_ms))
        self._save()
        self.population.go_live(now_ms, until_ms)

    def _load(self, scene: Scene) -> _Saved:
        saved = msgspec.json.decode(self._file.read_bytes(), type=_Saved)
        if saved.edition != EDITION:
            message = (
                f"{self._file} holds a population of edition {saved.edition}, this program makes "
                f"those of edition {EDITION}: remove it, and the books kept of it"
            )
            raise OtherScene(message)
        if saved.scene != scene:
            message = (
                f"{self._file} holds {saved.scene}, not {scene}: keep its options or remove it"
            )
            raise OtherScene(message)
        return saved

    def _save(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        written = self._file.with_suffix(".new")
        _ = written.write_bytes(msgspec.json.encode(self._saved))
        _ = written.replace(self._file)
