"""The list of changes that tests must notice fits the program as it stands."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUTANTS = runpy.run_path(str(ROOT / "scripts" / "mutants.py"))
MUTANTS_MIN = 87  # may only grow


def test_every_change_of_the_list_can_be_made() -> None:
    mutants = MUTANTS["read_mutants"]()
    assert len(mutants) >= MUTANTS_MIN
    for mutant in mutants:
        text = mutant.path(ROOT).read_text(encoding="utf-8")
        assert mutant.changed(text) != text


def test_the_tests_that_the_list_names_are_there() -> None:
    for mutant in MUTANTS["read_mutants"]():
        assert mutant.tests
        for test in mutant.tests:
            assert (ROOT / test.partition("::")[0]).exists(), test
