"""The description of the machine, printed above the figures."""

import os
import platform
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
from rich.console import Console

console = Console(width=110, highlight=False)
BUSY_LOAD = 1.0
CALIBRATION_STEPS = 5_000_000


def announce(title: str, url: str) -> None:
    """Name the claim, the machine, the versions, the date, the load of others and the speed."""
    with psycopg.connect(url) as connection:
        row = connection.execute("show server_version").fetchone()
    assert row is not None
    memory = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    busy = "; OTHERS LOAD THIS MACHINE, the figures are low" if load >= BUSY_LOAD else ""
    console.print(f"\n[bold]{title}[/bold]")
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {_processor()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB; Python {platform.python_version()}, PostgreSQL {row[0]}; "
        f"load before {load:.2f}{busy}"
    )
    calibrate()


def calibrate() -> None:
    """Print the machine's speed at this moment, to compare figures of different days."""
    started = time.perf_counter()
    total = 0
    for number in range(CALIBRATION_STEPS):
        total += number * number
    seconds = time.perf_counter() - started
    console.print(
        f"calibration: {seconds:.2f} s for {CALIBRATION_STEPS // 10**6}M pure Python steps; "
        f"load now {os.getloadavg()[0]:.2f}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
