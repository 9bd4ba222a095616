"""Runs side by side, medians and percentiles, and the table that shows them."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from bench.machine import calibrate, console


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim of the documentation: a measured figure and its bound."""

    text: str
    measured: float
    bound: float
    unit: str
    at_least: bool

    @property
    def is_met(self) -> bool:
        """Whether the measured figure is within its bound."""
        if self.at_least:
            return self.measured >= self.bound
        return self.measured <= self.bound


def run_interleaved(
    methods: Mapping[str, Callable[[int], float]], *, rounds: int
) -> dict[str, list[float]]:
    """Run every method once a round, so that a slow moment of the machine affects all of them.

    A method returns its figure of a round.
    """
    figures: dict[str, list[float]] = {name: [] for name in methods}
    for number in range(rounds):
        # The order changes too: the first method after a pause has an advantage.
        names = list(methods)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            figures[name].append(methods[name](number))
    return figures


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def show_rates(title: str, figures: Mapping[str, Sequence[float]], *, unit: str) -> None:
    """Print median, lowest and highest of each method, and its ratio to the slowest."""
    table = Table("method", f"median {unit}", "lowest", "highest", "runs", "ratio", title=title)
    slowest = min(statistics.median(values) for values in figures.values())
    for name, values in figures.items():
        median = statistics.median(values)
        table.add_row(
            name,
            f"{median:,.0f}",
            f"{min(values):,.0f}",
            f"{max(values):,.0f}",
            str(len(values)),
            f"{median / slowest:.2f}x",
        )
    console.print(table)
    calibrate()


def show_times(title: str, figures: Mapping[str, Sequence[float]], *, unit: str = "ms") -> None:
    """Print the percentiles of each method's times."""
    percents = (50, 90, 99, 99.9)
    table = Table("method", "count", *(f"p{p:g} {unit}" for p in percents), "most", title=title)
    for name, values in figures.items():
        cells = (f"{percentile(values, p):,.2f}" for p in percents)
        table.add_row(name, f"{len(values):,}", *cells, f"{max(values):,.2f}")
    console.print(table)
    calibrate()


def report_claims(claims: Sequence[Claim]) -> None:
    """Print for each claim whether it is kept."""
    for claim in claims:
        word = "[green]kept  [/green]" if claim.is_met else "[red]MISSED[/red]"
        sign = ">=" if claim.at_least else "<="
        console.print(
            f"{word} {claim.text}: {claim.measured:,.2f} {claim.unit} "
            f"({sign} {claim.bound:,g} {claim.unit})"
        )
