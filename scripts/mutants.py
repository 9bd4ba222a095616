"""Changes one line at a time and says which changes no test notices.

Usage: scripts/mutants.py [--only TEXT] [--list]
The changes are in mutants.toml: a file, what stands there once, what stands there instead, and
the tests that must fail then. Each change is made in a copy of the project, so that nothing of
it stays. The exit code is 0 when at least 95 of 100 changes are noticed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

ROOT = Path(__file__).parents[1]
LISTED = Path(__file__).with_name("mutants.toml")
COPIED = ("src", "tests", "scripts", "docs")
FILES_COPIED = ("pyproject.toml", "README.md", "ARCHITECTURE.md", "Makefile", "CHANGELOG.md")
SECONDS_MAX = 300  # for the tests of one change; one that never ends was noticed
COPIES = 2
SCORE_MIN = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change that a test must notice."""

    file: str  # below src/hypertally
    old: str  # stands there exactly once
    new: str
    tests: tuple[str, ...]  # paths of pytest, with the name of a test or without

    def path(self, root: Path) -> Path:
        """The changed file in a copy of the project."""
        return root / "src" / "hypertally" / self.file

    def changed(self, text: str) -> str:
        """The file with the change. Errors: `LookupError` when its line is not there once."""
        if (count := text.count(self.old)) != 1:
            raise LookupError(f"{self.file}: {self.old!r} stands there {count} times; mend the row")
        return text.replace(self.old, self.new)


def read_mutants() -> list[Mutant]:
    """The changes of mutants.toml."""
    rows = tomllib.loads(LISTED.read_text(encoding="utf-8"))["mutant"]
    return [Mutant(**{**row, "tests": tuple(row["tests"])}) for row in rows]


def copy_project(folder: Path) -> Path:
    """A copy of what the tests need."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES_COPIED:
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(copy: Path, *command: str, seconds_max: int = SECONDS_MAX) -> bool:
    """Whether a command of the copy ends well in its time."""
    environment = os.environ | {"PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(  # noqa: S603 - rows of our own list
            [sys.executable, *command],
            cwd=copy,
            env=environment,
            capture_output=True,
            timeout=seconds_max,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


def run_tests(copy: Path, tests: tuple[str, ...], *, seconds_max: int = SECONDS_MAX) -> bool:
    """Whether these tests pass in a copy; none collected is a failure of the list."""
    command = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests)
    return run(copy, *command, seconds_max=seconds_max)


def is_noticed(copy: Path, mutant: Mutant) -> bool:
    """Whether the tests fail with the change. The changed form of a definition is accepted first.

    Otherwise the refusal to start would notice every change of a metric, and no test its figure.
    """
    path = mutant.path(copy)
    text = path.read_text(encoding="utf-8")
    forms = copy / "src/hypertally/metrics/definitions.toml"
    accepted = forms.read_text(encoding="utf-8")
    path.write_text(mutant.changed(text), encoding="utf-8")
    try:
        if not run(copy, "scripts/definitions.py"):
            return True  # the package does not even load
        return not run_tests(copy, mutant.tests)
    finally:
        path.write_text(text, encoding="utf-8")
        forms.write_text(accepted, encoding="utf-8")


def score(mutants: list[Mutant]) -> list[bool]:
    """Which changes are noticed, in their order; two copies work side by side."""
    with tempfile.TemporaryDirectory() as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(COPIES):
            copies.put(copy_project(Path(folder) / str(number)))
        _require_passing(copies, mutants)

        def judge(mutant: Mutant) -> bool:
            copy = copies.get()
            try:
                return is_noticed(copy, mutant)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(COPIES) as pool:
            return list(pool.map(judge, mutants))


def _require_passing(copies: "SimpleQueue[Path]", mutants: list[Mutant]) -> None:
    """Without a change the tests pass; else every change would count as noticed."""
    copy = copies.get()
    tests = tuple(sorted({test for mutant in mutants for test in mutant.tests}))
    if not run_tests(copy, tests, seconds_max=len(tests) * SECONDS_MAX):
        raise click.ClickException(f"without any change these do not pass: {' '.join(tests)}")
    copies.put(copy)


def require_in_place(mutants: list[Mutant]) -> None:
    """Every line that would be changed stands where the list says."""
    for mutant in mutants:
        try:
            mutant.changed(mutant.path(ROOT).read_text(encoding="utf-8"))
        except (LookupError, FileNotFoundError) as error:
            raise click.ClickException(str(error)) from error


@click.command(help=__doc__)
@click.option("--only", default="", help="changes of files whose path holds this text")
@click.option("--list", "listing", is_flag=True, help="show the changes, run nothing")
def main(*, only: str, listing: bool) -> None:
    """Print which changes are noticed, and the score."""
    mutants = [mutant for mutant in read_mutants() if only in mutant.file]
    require_in_place(mutants)
    noticed = [True] * len(mutants) if listing else score(mutants)
    table = Table("file", "instead of", "stands", "" if listing else "noticed")
    for mutant, seen in zip(mutants, noticed, strict=True):
        table.add_row(
            mutant.file,
            escape(mutant.old),
            escape(mutant.new),
            "" if listing else ("yes" if seen else "NO"),
        )
    Console().print(table)
    if not listing:
        share = sum(noticed) / max(1, len(noticed))
        print(f"{sum(noticed)} of {len(noticed)} changes are noticed: {share:.0%}")
        sys.exit(share < SCORE_MIN)


if __name__ == "__main__":
    main()
