"""Every attack that the simulator knows, over a real WebSocket against a real server."""

from __future__ import annotations

import statistics
import time
import zlib
from random import Random

import pytest
from websockets.exceptions import ConnectionClosed

from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode
from crdtchat.testing.simulator.attacks import ATTACKS, Arsenal
from tests.raw_client import RawClient, raw_client
from tests.security.bystanders import Bystanders, bystanders
from tests.server_process import ServerProcess

TRIES = 6
SLOWER = 25
"""Times as long as usual that an operation of theirs may take meanwhile, after `PAUSE`: a bound on
harm, not a measurement."""
PAUSE = 0.5
"""Seconds that a busy machine may take of itself."""
ENDINGS: set[int | None] = {
    CloseCode.MALFORMED,
    CloseCode.FORBIDDEN,
    CloseCode.DIVERGED,
    CloseCode.TOO_FAST,
    CloseCode.CLOCK,
}


async def attack(server: ServerProcess, token: str, page: str, name: str, turn: int) -> str:
    """One connection of Eve's; answers how it ended: told, cut off, or served on."""
    v1 = turn % 2 == 0
    async with raw_client(server.socket_url, page, token=token, v1=v1) as eve:
        others = await _look_around(eve, v1)
        at = Arsenal(
            chance=Random(zlib.crc32(f"{name} {turn}".encode())),
            replica=eve.replica,
            v1=v1,
            client=eve.client or 70_000 + turn,
            user="eve",
            victims=("ann", "bob"),
            clients=others,
            now=time.time_ns() // 1_000_000,
            overheard=(message.encode_sync_step1(b"\x00"),),
        )
        told = False
        try:
            for frame in ATTACKS[name](at):
                await eve.send(frame)
            await eve.send(message.encode_sync_step1(b"\x00"))
            while True:
                found = await eve.next()
                told = told or isinstance(found, message.Reject)
                if isinstance(found, message.SyncStep2):
                    return "told" if told else "served on"
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd is not None else None
        assert code in ENDINGS
        return "told and cut off" if told else "cut off"


async def _look_around(eve: RawClient, v1: bool) -> tuple[int, ...]:
    if v1:
        await eve.join()
    else:
        await eve.send(message.encode_sync_step1(b"\x00"))
        await eve.until(message.SyncStep2)
    return tuple(client for client in range(2, 8) if client != eve.client)


@pytest.mark.parametrize("name", ATTACKS)
async def test_nothing_foreign_changes_and_nobody_notices(
    server: ServerProcess, tokens: dict[str, str], page: str, name: str
) -> None:
    """Invariants 3, 4, 5: the offender is told or cut off; others go on as before."""
    async with bystanders(server, tokens, page) as others:
        usual = await others.usual()
        took = []
        for turn in range(TRIES):
            await attack(server, tokens["eve"], page, name, turn)
            took.append(await others.are_undisturbed())
            _nothing_of_eves_is_anothers(others)
        assert statistics.median(took) < PAUSE + SLOWER * usual


def _nothing_of_eves_is_anothers(others: Bystanders) -> None:
    """Ann's records are as she wrote them, nobody else's name stands under Eve's words."""
    replica = others.bob.replica
    assert replica.get("c", "anno/c001")[2] == "first"  # type: ignore[index]
    assert replica.values("d") == {}
    assert replica.get("u", "eve") in (None, ("Eve",))
    for root in ("a", "c"):
        for key, value in replica.values(root).items():
            author = value[0]
            assert author in ("ann", "eve")
            if author == "ann" and root == "c" and key != "anno/c001":
                assert others.written[key] == value
    for key in replica.values("r"):
        assert key.endswith("/eve")
