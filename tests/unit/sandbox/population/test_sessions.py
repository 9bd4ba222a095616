"""A restarted sandbox shows the same fills, whenever it was stopped."""

from pathlib import Path

import msgspec
import pytest

from hypertally.sandbox.population.sessions import (
    DifferentPopulation,
    LiveSessions,
    PopulationOptions,
)

SCENE = PopulationOptions(seed=2, wallets=10, days=5, fills=400, live_per_second=5.0)
NOW_MS = 1_795_000_000_000


def test_a_restart_shows_every_fill_shown_before(tmp_path: Path) -> None:
    file, now_ms = tmp_path / "home" / "sandbox.json", NOW_MS
    shown: dict[str, list[bytes]] = {}
    for uptime_ms, downtime_ms in ((45_000, 500), (1_000, 3_600_000), (200_000, 86_400_000)):
        sessions = LiveSessions(file, SCENE, now_ms=now_ms)
        for _ in range(10):
            now_ms += uptime_ms // 10
            sessions.advance(now_ms)
        for wallet in sessions.population.wallets():
            tape = sessions.population.by_address[wallet.address].fills
            rows = [row.body for row in tape.rows()]
            before = shown.get(wallet.address, [])
            assert rows[: len(before)] == before
            shown[wallet.address] = rows
        now_ms += downtime_ms
    assert sum(map(len, shown.values())) > 400 + 600  # quiet it would be 475


def test_no_live_second_is_shown_before_it_is_on_disk(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    sessions = LiveSessions(file, SCENE, now_ms=NOW_MS)
    for now_ms in (NOW_MS, NOW_MS + 29_000, NOW_MS + 59_000, NOW_MS + 500_000):
        sessions.advance(now_ms)
        saved = msgspec.json.decode(file.read_bytes(), type=dict[str, object])
        from_ms, until_ms = msgspec.convert(saved["live"], list[tuple[int, int]])[-1]
        assert from_ms <= now_ms < until_ms


def test_one_uninterrupted_session_is_one_span(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    sessions = LiveSessions(file, SCENE, now_ms=NOW_MS)
    for minute in range(10):
        sessions.advance(NOW_MS + minute * 45_000)
    saved = msgspec.json.decode(file.read_bytes(), type=dict[str, object])
    assert saved["live"] == [[NOW_MS, NOW_MS + 9 * 45_000 + 60_000]]


def test_while_nobody_looks_the_population_is_quiet(tmp_path: Path) -> None:
    sessions = LiveSessions(tmp_path / "sandbox.json", SCENE, now_ms=NOW_MS)

    def legs() -> int:
        return sum(count.legs for count in sessions.population.wallets())

    before = legs()
    sessions.advance(NOW_MS + 86_400_000)
    # Live it would be 432,000; the TWAPs that began with the session have most of these.
    assert legs() - before < 2_500


def test_another_scene_on_the_same_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    LiveSessions(file, SCENE, now_ms=NOW_MS)
    with pytest.raises(DifferentPopulation, match="keep its options or remove it"):
        LiveSessions(file, msgspec.structs.replace(SCENE, seed=3), now_ms=NOW_MS)


def test_twaps_run_whenever_somebody_looks_and_the_same_after_a_restart(tmp_path: Path) -> None:
    file, scene = tmp_path / "sandbox.json", msgspec.structs.replace(SCENE, live_per_second=0.1)
    LiveSessions(file, scene, now_ms=NOW_MS)
    later_ms = NOW_MS + 86_400_000
    second = LiveSessions(file, scene, now_ms=later_ms)
    second.advance(later_ms + 30_000)
    begun = [
        status.time_ms
        for status in second.population.twap_statuses()
        if status.status == "activated" and later_ms < status.time_ms < later_ms + 10_000
    ]
    assert len(begun) >= 3
    again = LiveSessions(file, scene, now_ms=later_ms + 30_000)
    assert list(again.population.fills()) == list(second.population.fills())
