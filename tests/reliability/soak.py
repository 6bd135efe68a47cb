"""An hour of mixed traffic with a storm every minute: `python -m tests.reliability soak`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import crdtchat
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.sqlite import SqliteStore
from tests.reliability import crowd
from tests.reliability.crowd import FRONT, USER, Ground, Person, live
from tests.reliability.samples import Sample, Trend, look, trend
from tests.server_process import ServerProcess, running_server
from tests.story.proxy import Proxy, running_proxy

CLIENTS = 500
SHARES = {crowd.read: 0.54, crowd.write: 0.08, crowd.ask: 0.06, crowd.listen: 0.06}
"""Of the clients; one in fifty means no good, and all others are people."""
OFFENDERS = 0.02
EMPTY_S = 150
"""How long the server may take to let go of all pages when everybody has left."""
Note = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Soaked:
    """How it went."""

    samples: list[Sample]
    """One a minute, before each storm; the last when everybody has left."""
    trend: Trend
    did: dict[str, int]
    wrong: list[str]

    @property
    def passed(self) -> bool:
        """Whether memory and descriptors stayed flat and nothing went wrong."""
        return self.trend.is_flat and not self.wrong


def soak(
    folder: Path, minutes: float, *, clients: int = CLIENTS, every: float = 60.0, note: Note = print
) -> Soaked:
    """Run for so long, with a storm every so many seconds. Loses nothing acknowledged, or tells."""
    config = folder / "soak.toml"
    config.write_text("connections_per_address = 100000\n")
    with running_server(folder / "data", ["--config", str(config)]) as server:
        token = server.token(USER)
        samples, ground = asyncio.run(_run(server, token, minutes, clients, every, note))
        server.stop()
        logged = [line for line in server.log.read_text().splitlines() if "Traceback" in line]
        ground.wrong += [f"the server's log: {line}" for line in logged]
        ground.wrong += asyncio.run(_lost(server.data, ground))
    warm = min(10.0, minutes / 6)
    return Soaked(samples, trend(samples[:-1], warm), dict(ground.did), ground.wrong)


async def _run(
    server: ServerProcess, token: str, minutes: float, clients: int, every: float, note: Note
) -> tuple[list[Sample], Ground]:
    samples: list[Sample] = []
    async with running_proxy(int(server.url.rpartition(":")[2])) as proxy:
        ground = Ground(server.url, proxy.url, token, Random(1))
        await _furnish(ground)
        begun = time.monotonic()
        lives = [asyncio.create_task(live(ground, visit)) for visit in _population(clients)]
        storms = 0
        while (passed := (time.monotonic() - begun) / 60) < minutes:
            await asyncio.sleep(every)
            passed = (time.monotonic() - begun) / 60
            samples.append(await asyncio.to_thread(look, server, passed))
            note(_line(samples[-1]))
            storms += 1
            _storm(ground, proxy, cut=storms % 2 == 1)
            for one in lives:
                if one.done():
                    one.result()  # raises what ended it
        ground.is_over = True
        ground.turn()
        await asyncio.gather(*lives)
        samples.append(await _emptied(server, begun))
        note(_line(samples[-1]))
    return samples, ground


def _population(clients: int) -> list[Callable[[Ground], Awaitable[None]]]:
    visits: list[Callable[[Ground], Awaitable[None]]] = []
    for visit, share in SHARES.items():
        visits += [visit] * round(clients * share)
    visits += [crowd.offend] * max(1, round(clients * OFFENDERS))
    return visits + [Person(number).visit for number in range(clients - len(visits))]


def _storm(ground: Ground, proxy: Proxy, *, cut: bool) -> None:
    """All at once are gone and come back: cut off, or by leaving."""
    if cut:
        proxy.cut()
        proxy.heal()
    ground.turn()


async def _furnish(ground: Ground) -> None:
    """Something to read on the front page."""
    async with crdtchat.connect(ground.url, page=FRONT, token=ground.token) as page:
        for number in range(100):
            await page.annotate(f"the words {number}", "an opening comment " * 8)
        await page.wait_saved()


async def _emptied(server: ServerProcess, begun: float) -> Sample:
    """The sample when the server has let go of all pages, or had its time for that."""
    for _ in range(EMPTY_S):
        sample = await asyncio.to_thread(look, server, (time.monotonic() - begun) / 60)
        if not sample.rooms and sample.connections <= 1:
            break
        await asyncio.sleep(1.0)
    return sample


async def _lost(data: Path, ground: Ground) -> list[str]:
    """What was acknowledged and is not in the log."""
    store = SqliteStore(data / "crdtchat.sqlite3")
    await store.open()
    lost: list[str] = []
    try:
        for page, aids in ground.acknowledged.items():
            replica = replica_of(await store.load(DocumentKey("demo", page)))
            gone = aids - replica.values("a").keys() - replica.values("d").keys()
            lost += [f"acknowledged and lost on {page}: {aid}" for aid in sorted(gone)]
    finally:
        await store.close()
    return lost


def _line(sample: Sample) -> str:
    return (
        f"minute {sample.minute:.1f}: {sample.resident / 1024 / 1024:.1f} MiB, "
        f"{sample.descriptors} descriptors, {sample.connections} connections, "
        f"{sample.rooms} pages, {sample.appends:,} appends, load {sample.load:.1f}"
    )
