"""`python -m tests.story.usage`: the usage figures against a counter of its own at the sockets.

Clients of both kinds work on the pages of two tenants, over WebSocket and REST, honest and not,
and many die without a goodbye, in the middle of what they and the server say.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx

from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, encode_awareness
from crdtchat.sync.encode import encode_write
from tests.raw_client import broadcast_id, raw_client
from tests.server_process import ServerProcess, running_server
from tests.story.frame_counter import CountingProxy, counting_proxy

TENANTS = ("north", "south")
PAGES = 3
CONFIG = "".join(f"[tenants.{name}]\nsecret = '{name * 8}'\n" for name in TENANTS)


@dataclass(slots=True)
class Done:
    """What the clients of one tenant did."""

    operations: int = 0
    deleted: int = 0
    """Conversations made and deleted again; a client that died does not know what it made."""


class Crowd:
    """All clients of one tenant. They meet the server through the counting proxy alone."""

    def __init__(self, server: ServerProcess, proxy: CountingProxy, tenant: str, seed: int) -> None:
        self.tenant = tenant
        self.proxy = proxy
        self.done = Done()
        self.owner = server.token("own", "owner", tenant=tenant)
        self._token = server.token("ann", tenant=tenant)
        self._random = Random(seed)
        self._number = 0
        self._api = f"{server.url}/api/v1/{tenant}"
        self._socket_url = f"ws://127.0.0.1:{proxy.port}"

    async def work(self, operations: int) -> None:
        """One visit after another, six at a time, until so many operations are done."""

        async def visitor() -> None:
            while self.done.operations < operations:
                visit = self._random.choices(
                    [self._honest, self._stock, self._dying, self._liar, self._rest],
                    [6, 2, 4, 1, 2],
                )[0]
                await visit(f"page {self._random.randrange(PAGES)}")

        async with asyncio.timeout(600), asyncio.TaskGroup() as tasks:
            for _ in range(6):
                tasks.create_task(visitor())

    async def rest(self) -> None:
        """Wait until nobody is connected and all they wrote is on disk: pages keep their order."""
        await self.proxy.ended()
        for number in range(PAGES):
            await self._rest(f"page {number}")

    async def usage(self, server: ServerProcess) -> dict[str, Any]:
        """The totals as the REST interface tells them."""
        async with httpx.AsyncClient(
            verify=False, headers={"Authorization": f"Bearer {self.owner}"}
        ) as http:
            answer = await http.get(f"{server.url}/api/v1/{self.tenant}/usage")
        found: dict[str, Any] = answer.raise_for_status().json()["total"]
        return found

    async def expected(self) -> dict[str, int]:
        """The totals as they should be."""
        incoming, outgoing = self.proxy.to_server, self.proxy.to_client
        return {
            "pubSubMessageCount": incoming.messages + outgoing.messages,
            "pubSubBandwidth": incoming.payload + outgoing.payload,
            "conversationCreateCount": await self.conversations(),
            "messagesReceived": incoming.messages,
            "messagesSent": outgoing.messages,
            "bytesReceived": incoming.payload,
            "bytesSent": outgoing.payload,
        }

    async def conversations(self) -> int:
        """All that were ever made: those that stand, and those that were deleted."""
        standing = 0
        async with httpx.AsyncClient(
            verify=False, headers={"Authorization": f"Bearer {self._token}"}
        ) as http:
            for number in range(PAGES):
                query: dict[str, str | int] = {"page": f"page {number}", "limit": 1}
                answer = await http.get(f"{self._api}/annotations", params=query)
                standing += answer.raise_for_status().json()["partOf"]["total"]
        return standing + self.done.deleted

    def _fresh(self) -> str:
        self._number += 1
        return f"a{self._number:05d}"

    def _created(self) -> tuple[str, str, tuple[str, int, str, str, str, int, int]]:
        words = "words " * self._random.randrange(1, 60)
        return "a", self._fresh(), ("ann", _now(), words, "before ", " after", 0, len(words))

    async def _honest(self, page: str) -> None:
        """Create, talk, resolve, point, ask again; then say goodbye."""
        async with self._client(page) as client:
            await client.join()
            root, aid, value = self._created()
            await client.write(self._take(), root, aid, value)
            for step in range(self._random.randrange(8)):
                key, text = f"{aid}/c{step:03d}", "so " * self._random.randrange(1, 200)
                await client.write(self._take(), "c", key, ("ann", _now(), text))
                await client.send(message.encode_presence({"typing": aid}))
                await client.write(self._take(), "r", f"{key}/ann", "👍")
            await client.write(self._take(), "s", aid, (1, "ann", _now()))
            if self._random.random() < 0.3:
                await client.write(self._take(), "d", aid, ("ann", _now()))
                self.done.deleted += 1
            await client.server_state()

    async def _stock(self, page: str) -> None:
        """Speaks plain y-websocket, and writes under an id of its own."""
        async with self._client(page, v1=False) as client:
            await client.send(message.encode_sync_step1(b"\x00"))
            await client.until(message.SyncStep2)
            own = self._random.randrange(2**20, 2**32)
            state = AwarenessState(own, 1, {"cursor": 1})
            await client.send(message.encode_awareness_message(encode_awareness([state])))
            count = self._random.randrange(1, 6)
            for clock in range(count):
                root, aid, value = self._created()
                update = encode_write(own, clock, root=root, key=aid, value=value, origin=None)
                await client.send(message.encode_sync_update(update))
                self._take()
            await client.server_state()

    async def _dying(self, page: str) -> None:
        """Writes a burst, and is gone while it is being answered, with the page's whole state on
        its way, unread."""
        burst = self._random.randrange(1, 60)
        async with self._client(page) as client:
            await client.send(message.encode_resync(0, 0, b"\x00"))
            while not client.client:
                await client.next()
            for _ in range(burst):
                root, aid, value = self._created()
                await client.operate(broadcast_id(self._take()), client.encode(root, aid, value))
            client.die()

    async def _liar(self, page: str) -> None:
        """Signs as somebody else, is told so and cut off."""
        async with self._client(page) as client:
            await client.join()
            update = client.encode("a", self._fresh(), ("bob", _now(), "x", "", "", 0, 1))
            await client.operate(broadcast_id(self._take()), update)
            assert await client.closed() == 4403

    async def _rest(self, page: str) -> None:
        """Over HTTP: no message of ours, but the others on the page hear of it."""
        body = {"target": {"exact": "the words"}, "body": "by REST"}
        async with httpx.AsyncClient(
            verify=False, headers={"Authorization": f"Bearer {self._token}"}
        ) as http:
            made = await http.post(f"{self._api}/annotations", params={"page": page}, json=body)
            assert made.status_code == 201, made.text
        self._take()

    def _take(self) -> int:
        self.done.operations += 1
        return self.done.operations

    def _client(self, page: str, *, v1: bool = True) -> Any:
        return raw_client(self._socket_url, page, token=self._token, tenant=self.tenant, v1=v1)


async def compare(folder: Path, operations: int, seed: int) -> list[str]:
    """Run, and answer what differs: nothing. Raises AssertionError where a client is surprised."""
    config = folder / "crdtchat.toml"
    config.write_text(CONFIG)
    wrong: list[str] = []
    told: dict[str, dict[str, int]] = {}
    with running_server(folder / "data", ["--config", str(config)]) as server:
        port = int(server.url.rpartition(":")[2])
        async with counting_proxy(port) as north, counting_proxy(port) as south:
            crowds = [
                Crowd(server, proxy, tenant, seed)
                for tenant, proxy in zip(TENANTS, (north, south), strict=True)
            ]
            async with asyncio.TaskGroup() as tasks:
                for crowd in crowds:
                    tasks.create_task(crowd.work(operations // len(crowds)))
            for crowd in crowds:
                await crowd.rest()
            for moment in ("running", "killed and started again"):
                for crowd in crowds:
                    found, expected = await crowd.usage(server), await crowd.expected()
                    told[crowd.tenant] = found
                    if found != expected:
                        wrong.append(f"{moment}, {crowd.tenant}: {found}, not {expected}")
                server.kill()
                server.restart()
    say = sys.stdout.write
    for crowd in crowds:
        say(f"{crowd.tenant}: {crowd.done.operations} operations, {told[crowd.tenant]}\n")
    return wrong


def _now() -> int:
    return time.time_ns() // 1_000_000


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.story.usage", description=__doc__)
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        wrong = asyncio.run(compare(Path(folder), flags.operations, flags.seed))
    sys.stdout.write("\n".join(wrong) + "\n" if wrong else "equal, to the message and the byte\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
