"""Two nodes, one page, and clients that try to gain from the race: `python -m tests.nodes.races`.

In each round, at the same moment on both nodes: two users make the same annotation; a user deletes
what the same user answers; and two connections of a user write under one client id at the same
place. Whatever was acknowledged must be in the log, by its author; of two that exclude each other
one at most is; and both nodes show the same page. Tells how often appends met another node's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import anyio
import httpx
from websockets.exceptions import ConnectionClosed

from crdtchat.bench.records import Write, encode_transaction
from crdtchat.document import schema
from crdtchat.document.replica import Replica
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.postgres import PostgresStore
from tests.nodes.capacity import counted
from tests.nodes.light_client import LightClient, light_client
from tests.nodes.two_nodes import running_nodes
from tests.postgres_server import PostgresServer, running_postgres
from tests.redis_server import RedisServer, running_redis
from tests.server_process import ServerProcess

_PAGE = "raced"
Try = tuple[LightClient, list[Write]]
_ACKED, _REFUSED, _CLOSED = "acknowledged", "refused", "closed"


class Races:
    """What was tried on two nodes, and what they said."""

    def __init__(self, nodes: list[ServerProcess], tokens: dict[str, str]) -> None:
        self._urls = [node.url for node in nodes]
        self._tokens = tokens
        self.said: Counter[str] = Counter()
        """By attack and answer."""
        self.made: dict[str, list[str]] = {}
        """By annotation: who was told that it is theirs."""
        self.twins: list[tuple[str, str]] = []
        """Annotations that were made under one client id at one place: one of them is, whoever was
        told so. (The other may be taken for the one, sent again.)"""
        self.answers: dict[str, set[str]] = {}
        """By annotation: the keys of the answers that were acknowledged."""
        self.gone: set[str] = set()
        """Annotations whose deletion was acknowledged."""

    async def round(self, number: int) -> None:
        """Everything once."""
        ann, bob = self._tokens["ann"], self._tokens["bob"]
        async with AsyncExitStack() as stack:

            async def join(node: int, query: str) -> LightClient:
                entered = light_client(self._urls[node], _PAGE, number, query)
                return await stack.enter_async_context(entered)

            one, two = await join(0, f"token={ann}"), await join(1, f"token={bob}")
            await self._both(
                "same annotation",
                (one, [_annotation(one, f"same{number}")]),
                (two, [_annotation(two, f"same{number}")]),
            )
            await self._one("new annotation", one, [_annotation(one, f"gone{number}")])
            again = await join(1, f"token={ann}")
            now = time.time_ns() // 1_000_000
            user = one.writer.user
            await self._both(
                "deletion against an answer",
                (one, [(schema.TOMBSTONES, f"gone{number}", (user, now), None)]),
                (again, [(schema.COMMENTS, f"gone{number}/c{number:04}", (user, now, "!"), None)]),
            )
            twin = await join(1, f"token={ann}&lease={quote(one.lease)}")
            self.twins.append((f"left{number}", f"right{number}"))
            await self._both(
                "one client id twice",
                (one, [_annotation(one, f"left{number}")]),
                (twin, [_annotation(twin, f"right{number}")]),
            )

    async def _both(
        self,
        attack: str,
        one: tuple[LightClient, list[Write]],
        two: tuple[LightClient, list[Write]],
    ) -> None:
        async with anyio.create_task_group() as tasks:
            for client, writes in (one, two):
                tasks.start_soon(self._one, attack, client, writes)

    async def _one(self, attack: str, client: LightClient, writes: list[Write]) -> None:
        writer, refused = client.writer, client.refused
        update = encode_transaction(writer.client, writer.clock, writes)
        writer.clock += len(writes)
        try:
            await client.operate(update)
        except ConnectionClosed:
            self.said[f"{attack}: {_CLOSED}"] += 1
            return
        if client.refused > refused:
            self.said[f"{attack}: {_REFUSED}"] += 1
            return
        self.said[f"{attack}: {_ACKED}"] += 1
        for root, key, _, _ in writes:
            if root == schema.ANNOTATIONS:
                self.made.setdefault(key, []).append(writer.user)
            elif root == schema.COMMENTS:
                self.answers.setdefault(key.partition("/")[0], set()).add(key)
            else:
                self.gone.add(key)

    def check(self, replica: Replica) -> None:
        """Raises AssertionError if the log does not hold what was said."""
        annotations, comments = replica.values(schema.ANNOTATIONS), replica.values(schema.COMMENTS)
        deleted = replica.values(schema.TOMBSTONES)
        for pair in self.twins:
            assert len(annotations.keys() & pair) == 1, f"not one of {pair} is there"
        twins = {key for pair in self.twins for key in pair}
        for key, users in self.made.items():
            if key in twins:
                continue
            assert len(users) == 1, f"{key} was promised to {users}"
            if key in self.gone:
                continue
            value = annotations.get(key)
            assert isinstance(value, tuple), f"{key} was acknowledged and is lost"
            assert value[0] == users[0], f"{key} is by {value[0]} and was {users[0]}'s"
        assert self.gone <= deleted.keys(), "a deletion was acknowledged and is lost"
        for aid, keys in self.answers.items():
            assert aid in self.gone or keys <= comments.keys(), f"an answer to {aid} is lost"
        for key in annotations:
            assert key in self.made or key in twins, f"{key} was refused and is there"


def _annotation(client: LightClient, key: str) -> Write:
    now = time.time_ns() // 1_000_000
    return (schema.ANNOTATIONS, key, (client.writer.user, now, "words", "", "", 0, 5), None)


async def run_races(
    folder: Path, postgres: PostgresServer, redis: RedisServer, rounds: int
) -> tuple[Races, float]:
    """So many rounds; also answers the share of appends that met another node's."""
    store = postgres.url(postgres.fresh())
    with running_nodes(folder, 2, store, redis.url) as nodes:
        tokens = {
            user: await anyio.to_thread.run_sync(_token, nodes[0], store, user)
            for user in ("ann", "bob")
        }
        races = Races(nodes, tokens)
        for number in range(rounds):
            await races.round(number)
        tried, met = await counted(nodes)
        await _wait_for_the_same(nodes)
    keeper = PostgresStore(store)
    await keeper.open()
    try:
        races.check(replica_of(await keeper.load(DocumentKey("demo", _PAGE))))
    finally:
        await keeper.close()
    return races, met / tried


def _token(node: ServerProcess, store: str, user: str) -> str:
    who = ["--tenant", "demo", "--role", "commenter", "--user", user, "--name", user.title()]
    return quote(node.run("token", "create", *who, "--store", store).split()[-1])


async def _wait_for_the_same(nodes: list[ServerProcess]) -> None:
    """Until both nodes show the same page."""
    shown: list[str] = []
    while len(shown) != 2 or shown[0] != shown[1]:
        shown.clear()
        for node in nodes:
            async with httpx.AsyncClient(verify=False, base_url=node.url, timeout=None) as http:
                page = await http.get("/api/v1/demo/annotations", params={"page": _PAGE})
                shown.append(page.text.replace(node.url, ""))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.nodes.races", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    flags = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres() as postgres,
        running_redis() as redis,
    ):
        races, share = anyio.run(run_races, Path(folder), postgres, redis, flags.rounds)
    for words, count in sorted(races.said.items()):
        sys.stdout.write(f"{count:6} {words}\n")
    sys.stdout.write(f"{share:.0%} of the appends met another node's; every invariant held\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
