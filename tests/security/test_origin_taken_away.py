"""A tenant's origin that its operator takes away: what its open pages have ends at once."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from anyio.lowlevel import checkpoint

from crdtchat.sync.codes import CloseCode
from tests.raw_client import raw_client
from tests.server_process import running_server

GONE, KEPT = "https://old.example.org", "https://docs.example.org"


@pytest.fixture
def anyio_backend() -> str:
    """The raw client speaks through asyncio."""
    return "asyncio"


async def test_its_sockets_and_streams_end_and_those_of_others_stay(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        server.run("tenant", "add", "docs", "--origin", GONE, "--origin", KEPT)
        token = server.token("ann", tenant="docs")
        signed = {"Authorization": f"Bearer {token}"}
        where = f"{server.url}/api/v1/docs/events?page=p"
        async with httpx.AsyncClient(verify=False, headers=signed) as http:
            while (await http.head(where)).status_code == 404:
                await checkpoint()  # the server is about to hear of the tenant
            async with (
                raw_client(server.socket_url, "p", token=token, tenant="docs", origin=GONE) as gone,
                raw_client(server.socket_url, "p", token=token, tenant="docs", origin=KEPT) as kept,
                http.stream("GET", where, headers={"Origin": GONE}) as stream,
            ):
                await gone.join()
                await kept.join()
                assert stream.status_code == 200
                server.run("tenant", "change", "docs", "--origin", KEPT)
                assert await gone.closed() == CloseCode.FORBIDDEN
                assert [line async for line in stream.aiter_lines() if "event" in line] == []
                await kept.join()
                refused = await http.get(where, headers={"Origin": GONE})
                assert refused.status_code == 403
