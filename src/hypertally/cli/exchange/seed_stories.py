"""The story of a seed: fills of one wallet that come late, and how its books are mended.

The made-up exchange hides some of the wallet's fills until its books are settled. Then the wallet
is asked for again, as an operator does: the fills come in, a gap ends, and days that were
published are restated.
"""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx2
import msgspec

from hypertally.cli.exchange.sandbox_home import SandboxAddresses
from hypertally.clock import system_clock
from hypertally.errors import TryLater
from hypertally.sandbox.exchange.faults import DAY_MS, FIRST_FAULTS, Fault, Faults
from hypertally.sandbox.launch import WORLDS
from hypertally.sandbox.population.population import DEFAULT_SEED
from hypertally.sandbox.population.traders import SCALES, make_traders
from hypertally.settings import PREFIX

RANK: Final = 3  # of the wallet: active enough, and not the first that anybody looks at
HIDDEN: Final = Fault(max_count=20, older_than_ms=4 * DAY_MS)
#: of the wallet's fills: some on many days, so that a spot fill, which leaves no gap, is among them
HIDDEN_SHARE_MAX: Final = 0.2
HIDDEN_OF_WORLD: Final = 400
LOOKED_BACK: Final = timedelta(days=120)  # more than any world's past


def wallet_of(world: str) -> str:
    """The address of the wallet that the story is of."""
    sizes = WORLDS[world]
    return make_traders(DEFAULT_SEED, sizes.wallets, SCALES[sizes.scale])[RANK].address


def hide_fills(home: Path, *, world: str) -> None:
    """Let the exchange of a home that never ran begin without some fills of the wallet."""
    share = min(HIDDEN_SHARE_MAX, HIDDEN_OF_WORLD / WORLDS[world].fills)
    hidden = msgspec.structs.replace(HIDDEN, users=[wallet_of(world)], probability=share)
    home.mkdir(parents=True, mode=0o700)
    (home / FIRST_FAULTS).write_bytes(msgspec.json.encode(Faults(thin=hidden)))


async def show_fills(home: Path, addresses: SandboxAddresses, *, world: str) -> None:
    """Let the exchange show all fills, and ask for those of the wallet again.

    Errors: `TryLater` when the exchange or the program does not do so.
    """
    async with httpx2.AsyncClient(trust_env=False) as http:
        response = await http.delete(f"{addresses.url}/sandbox/faults")
    if response.is_error:
        raise TryLater(f"the sandbox still hides fills: {response.status_code}")
    today = system_clock()
    command = ("pull", "fills", "--sandbox", "--wallet", wallet_of(world))
    window = ("--from", f"{today - LOOKED_BACK:%Y-%m-%d}", "--to", f"{today:%Y-%m-%d}")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hypertally",
        *command,
        *window,
        env={**os.environ, f"{PREFIX}HOME": str(home)},
        stdout=asyncio.subprocess.DEVNULL,
    )
    if await process.wait():
        raise TryLater("the fills that came late could not be read: see the lines above")
