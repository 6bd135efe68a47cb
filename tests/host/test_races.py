"""Hostile clients that try to win the race of two nodes for one page: the invariants hold.

They hold one client id on both nodes and write other things under the same clock, write the same
key on both, and edit on one what is deleted on the other, all at the same time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio

from crdtchat.document.replica import Replica
from crdtchat.host.hub import Hub, Visit
from crdtchat.sync import message
from crdtchat.sync.encode import encode_write
from crdtchat.sync.update import Id, Value
from crdtchat.testing.engine_view import view_of_mirror, view_of_state
from tests.host.pipe import KEY, Pipe, peer
from tests.host.test_nodes import MakeStore, document_of, hubs, make_store  # noqa: F401

NOW = 1_700_000_000_000
ROUNDS = 25


class Attacker:
    """Says what it likes under any client id and clock, and hears whether it is taken."""

    def __init__(self, pipe: Pipe, user: str) -> None:
        self.user = user
        self.client = self.clock = 0
        self.lease = ""
        self._pipe = pipe
        self._number = 0

    async def next(self) -> message.FromServer:
        decoded = message.decode_from_server(await self._pipe.from_server.receive())
        if isinstance(decoded, message.Welcome):
            self.client, self.clock = int(str(decoded.info["client"])), 0
            self.lease = str(decoded.info["lease"])
            self.clock = int(str(decoded.info["clock"]))
        return decoded

    async def join(self) -> None:
        await self._pipe.to_server.send(message.encode_resync(0, 0, b"\x00"))
        while not isinstance(await self.next(), message.Batch):
            pass

    async def send(self, root: str, key: str, value: Value, origin: Id | None = None) -> None:
        update = encode_write(
            self.client, self.clock, root=root, key=key, value=value, origin=origin
        )
        self._number += 1
        name = f"{self.user}{id(self)}{self._number}".encode()[-16:].ljust(16)
        await self._pipe.to_server.send(message.encode_operation(name, update))

    async def answered(self) -> bool:
        """Whether the next answer is an ack; raises EndOfStream when the server hangs up."""
        while True:
            decoded = await self.next()
            if isinstance(decoded, message.Ack | message.Reject):
                return isinstance(decoded, message.Ack)


@asynccontextmanager
async def attacking(
    hub: Hub, user: str, resume: tuple[int, str] | None = None
) -> AsyncIterator[Attacker]:
    pipe = Pipe()
    with pipe.to_client, pipe.from_server, pipe.to_server, pipe.from_client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hub.serve, pipe, Visit(KEY, peer(user), v1=True, resume=resume))
            attacker = Attacker(pipe, user)
            await attacker.join()
            yield attacker
            tasks.cancel_scope.cancel()


async def attempt(attacker: Attacker, root: str, key: str, value: Value) -> None:
    await attacker.send(root, key, value)
    try:
        if await attacker.answered():
            attacker.clock += 1
        else:
            await attacker.join()  # until then nothing of it is looked at
    except anyio.EndOfStream:
        return


async def both(one: Hub, two: Hub, number: int) -> None:
    """One round of all three attacks."""
    async with AsyncExitStack() as stack:
        eve = await stack.enter_async_context(attacking(one, "eve"))
        await attempt(eve, "a", f"round{number:04d}", ("eve", NOW, "words", "", "", 0, 5))
        twin = await stack.enter_async_context(attacking(two, "eve", (eve.client, eve.lease)))
        twin.client, twin.clock = eve.client, eve.clock
        ann = await stack.enter_async_context(attacking(one, "ann"))
        bob = await stack.enter_async_context(attacking(two, "bob"))
        async with anyio.create_task_group() as tasks:
            for attacker, root, key, value in (
                (eve, "c", f"round{number:04d}/one", ("eve", NOW, "one")),
                (twin, "c", f"round{number:04d}/two", ("eve", NOW, "two")),
                (ann, "a", f"same{number:04d}", ("ann", NOW, "words", "", "", 0, 5)),
                (bob, "a", f"same{number:04d}", ("bob", NOW, "words", "", "", 0, 5)),
            ):
                tasks.start_soon(attempt, attacker, root, key, value)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(attempt, eve, "d", f"round{number:04d}", ("eve", NOW))
            tasks.start_soon(attempt, bob, "c", f"round{number:04d}/bob", ("bob", NOW, "too late?"))


async def test_the_race_of_two_nodes_gives_nothing_away(
    make_store: MakeStore,  # noqa: F811
) -> None:
    async with hubs(make_store) as (one, two):
        for number in range(ROUNDS):
            await both(one, two, number)
        loaded = await one.store.load(KEY)
        replica: Replica = document_of(loaded)
        for hub in (one, two):
            room = await hub.open(KEY)
            assert hub.neighbours is not None
            while room.room.history.sequence < loaded.sequence:
                await hub.neighbours.look([room])
                await room.progress.wait()
            assert view_of_state(room.replica.state()) == view_of_state(replica.state())
            assert view_of_mirror(room.room.ledger.mirror) == view_of_state(replica.state())
            assert not hub.counters["engine_failures"]
        annotations = replica.values("a")
        for key, value in annotations.items():
            assert isinstance(value, tuple)
            assert value[0] in ({"eve"} if key.startswith("round") else {"ann", "bob"})
        for key, value in replica.values("c").items():
            assert isinstance(value, tuple)
            assert value[0] == ("bob" if key.endswith("bob") else "eve")
            assert key.partition("/")[0] not in replica.values("d"), "answers of what is deleted"
        assert one.counters["appends_conflicting"] + two.counters["appends_conflicting"] > 0
        assert len(annotations) <= 2 * ROUNDS
