"""What travels, measured at the socket (DESIGN section 4, FEATURES A9)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import crdtchat
from crdtchat.access.principal import GUEST_PREFIX
from crdtchat.document.replica import Replica
from crdtchat.sync import message
from tests.raw_client import RawClient, broadcast_id, raw_client
from tests.server_process import running_server

FRAME_HEADER = 8
"""WebSocket header of a client's frame up to 64 KiB: 4 bytes and the mask."""


async def _annotate(
    ann: RawClient, bob: RawClient, context: int, *, engine: bool
) -> tuple[int, int]:
    """Write one new annotation; answer bytes from the author and to the reader."""
    now = time.time_ns() // 1_000_000
    head = ("ann", now, "q" * 120, "p" * context, "s" * context, 12_345, 12_465)
    comment = ("ann", now, "c" * 200)
    aid, cid = "k3XvQ9aZ0b", "Ab3dEfGh1j"
    if engine:
        writer = Replica(client=ann.client)
        writer.apply(ann.replica.state())
        update = writer.write([("a", aid, head), ("c", f"{aid}/{cid}", comment)])
    else:
        from crdtchat.sync.encode import join_updates
        from crdtchat.sync.limits import TRUSTED
        from crdtchat.sync.update import decode_update

        parts = [ann.encode("a", aid, head), ann.encode("c", f"{aid}/{cid}", comment)]
        update = join_updates([decode_update(part, TRUSTED) for part in parts])
    before_sent, before_received = ann.sent, len(bob.received)
    await ann.operate(broadcast_id(2**100), update)
    await ann.until(message.Ack, lambda ack: broadcast_id(2**100) in ack.broadcast_ids)
    while bob.replica.get("a", aid) is None:
        await bob.until(message.Batch)
    received = sum(len(frame) for frame in bob.received[before_received:] if frame[0] == 0x42)
    return ann.sent - before_sent, received


@pytest.mark.parametrize(("context", "most"), [(32, 560), (128, 1_000)])
@pytest.mark.parametrize("engine", [True, False], ids=["by the engine", "by our encoder"])
async def test_a_new_annotation_is_small(
    tmp_path: Path, context: int, most: int, engine: bool
) -> None:
    """384 characters of content (576 with full context), author to server to reader."""
    with running_server(tmp_path / "data") as server:
        tokens = [server.token("ann"), server.token("bob")]
        async with (
            raw_client(server.socket_url, "page", token=tokens[0]) as ann,
            raw_client(server.socket_url, "page", token=tokens[1]) as bob,
        ):
            await ann.join()
            await bob.join()
            # Ann has written here before: her name is attested once a page, not once a comment.
            update = ann.encode("a", "first", ("ann", 1_700_000_000_000, "q", "", "", 0, 1))
            ann.replica.apply(update)
            await ann.operate(broadcast_id(1), update)
            await ann.until(message.Ack)
            while bob.replica.get("a", "first") is None:
                await bob.until(message.Batch)
            sent, received = await _annotate(ann, bob, context, engine=engine)
    assert sent + FRAME_HEADER <= most
    assert received + FRAME_HEADER <= most


async def test_a_guests_is_as_small(tmp_path: Path) -> None:
    """As the Python client writes it. The first costs the name more, once a page."""
    with running_server(tmp_path / "data") as server:
        async with (
            raw_client(server.socket_url, "page") as bob,
            crdtchat.connect(server.url, page="page", name="Ann") as ann,
        ):
            await bob.join()
            for quote, most in (("1" * 120, 600), ("2" * 120, 560)):
                await ann.annotate(quote, "c" * 200, prefix="p" * 32, suffix="s" * 32, start=12_345)
                batch = await bob.until(message.Batch)
                frame = bob.received[-1]
                assert message.decode_from_server(frame) == batch
                (event,) = batch.events
                assert event.by.startswith(GUEST_PREFIX)
                assert len(frame) <= most
                sent = message.encode_operation(event.broadcast_id, batch.update)
                assert len(sent) + FRAME_HEADER <= most
