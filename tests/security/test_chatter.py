"""Messages that write nothing: as many as people need, and then the door. Others notice nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count

import pytest
from websockets.exceptions import ConnectionClosed

from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, encode_awareness
from crdtchat.sync.codes import CloseCode
from tests.raw_client import RawClient, broadcast_id, raw_client
from tests.security.bystanders import TARGET, bystanders, now
from tests.server_process import ServerProcess

BETWEEN = 1_000
"""Messages between two looks at the bystanders."""


def refused_operations(vic: RawClient) -> Iterator[bytes]:
    """A viewer may not write; what comes behind the refusal is ignored."""
    update = vic.encode("a", "anno9", ("vic", now(), *TARGET))
    return (message.encode_operation(broadcast_id(number), update) for number in count())


def awareness(vic: RawClient) -> Iterator[bytes]:
    for clock in count(1):
        states = encode_awareness([AwarenessState(77_003, clock, {"a": clock})])
        yield message.encode_awareness_message(states)


def presence(vic: RawClient) -> Iterator[bytes]:
    return (message.encode_presence({"typing": f"anno{number % 7}"}) for number in count())


def the_same(frame: bytes) -> Callable[[RawClient], Iterator[bytes]]:
    return lambda vic: (frame for _ in count())


FLOODS: dict[str, tuple[bool, Callable[[RawClient], Iterator[bytes]]]] = {
    "presence": (True, presence),
    "resync": (True, the_same(message.encode_resync(0, 0, b"\x00"))),
    "refused operations": (True, refused_operations),
    "awareness": (False, awareness),
    "sync step 1": (False, the_same(message.encode_sync_step1(b"\x00"))),
    "query": (False, the_same(b"\x03")),
}


@pytest.mark.parametrize("name", FLOODS)
async def test_who_floods_a_page_is_sent_away_and_a_bystander_goes_on(
    server: ServerProcess, tokens: dict[str, str], page: str, name: str
) -> None:
    v1, frames = FLOODS[name]
    async with bystanders(server, tokens, page) as others:
        async with raw_client(server.socket_url, page, token=tokens["vic"], v1=v1) as vic:
            if v1:
                await vic.join()
            leaving = asyncio.create_task(vic.closed())
            with suppress(ConnectionClosed):
                for number, frame in enumerate(frames(vic)):
                    await vic.send(frame)
                    if number % BETWEEN == 0:
                        await others.are_undisturbed()
            assert await leaving == CloseCode.TOO_FAST
        await others.are_undisturbed()
        async with raw_client(server.socket_url, page, token=tokens["vic"]) as vic:
            await vic.join()
