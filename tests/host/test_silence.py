"""A hub on a PostgreSQL that accepts and does not answer, until it does."""

from __future__ import annotations

import anyio
import pytest

from crdtchat.host.hub import Hub
from crdtchat.stores.postgres import PostgresStore
from crdtchat.stores.postgres_connection import Patience
from crdtchat.sync import message
from crdtchat.testing.store_contract import opened
from tests.host.pipe import KEY, connected
from tests.postgres_server import PostgresServer

NOW = 1_700_000_000_000
VALUE = ("ann", NOW, "words", "", "", 0, 5)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_what_was_refused_and_came_true_is_acknowledged_when_it_is_sent_again(
    postgres: PostgresServer,
) -> None:
    """The author is told to try again, and does; the database had taken it all the same."""
    url = postgres.url(postgres.fresh())
    patience = Patience(append=2, other=2, again=0)
    async with (
        opened(PostgresStore(url)) as witness,
        opened(PostgresStore(url, patience)) as store,
        Hub(store) as hub,
        connected(hub, "bob") as bob,
    ):
        await bob.annotate("first", NOW)
        with postgres.paused():
            async with connected(hub, "ann") as ann:
                await ann.send("a", "anno", VALUE)
                assert await ann.code() == 4503
        while (await witness.heads([KEY]))[0].sequence < 2:  # noqa: ASYNC110
            await anyio.sleep(0.01)
        async with connected(hub, "ann", resume=ann.lease) as again:
            assert again.lease == ann.lease
            await again.say(ann.last)
            await again.until(message.Ack, lambda ack: len(ack.broadcast_ids) == 1)
        await bob.until(message.Batch, lambda batch: bool(batch.events))
        assert bob.replica.get("a", "anno") == VALUE
        assert bob.pipe.code is None, "who wrote nothing meanwhile stays"
        principals = [entry.principal for entry in (await witness.load(KEY)).entries]
        assert principals.count("ann") == 1
