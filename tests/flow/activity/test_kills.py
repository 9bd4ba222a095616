"""Killed anywhere, the next start converges: a quick share of the rounds of `bench.kills`."""

from pathlib import Path

from bench.kills import run_rounds

ROUNDS = 8


async def test_after_every_kill_the_books_are_right_again(tmp_path: Path) -> None:
    tally = await run_rounds(
        tmp_path / "home", rounds=ROUNDS, seed=3, wallets=10, days=10, fills=600
    )
    assert sum(tally.kills.values()) == ROUNDS
    assert len(tally.kills) == 3
    assert tally.during_jobs > 0
