"""What was let in is let in only as long as it would be let in again: a real server, the command
line in a process of its own, and connections that are open meanwhile. Each is gone within a second
of the command's end; nothing waits in between but for the server's own word."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest

from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode
from tests.access.signing import Signer, new_signer, write_key_set
from tests.raw_client import RawClient, broadcast_id, raw_client
from tests.server.conftest import Api
from tests.server.event_reader import event_reader
from tests.server_process import ServerProcess, running_server

WITHIN_S = 1.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose tenants are in its database, but for `docs`, which has a key set."""
    folder = tmp_path_factory.mktemp("live")
    write_key_set(folder / "keys.json", KEPT, DROPPED)
    config = folder / "crdtchat.toml"
    config.write_text(f'[tenants.docs]\njwks = "{folder / "keys.json"}"\n[tenants.demo]\n')
    with running_server(folder / "data", ["--config", str(config)]) as found:
        yield found


KEPT, DROPPED = new_signer("EdDSA", "kept"), new_signer("ES256", "dropped")


def token_id(server: ServerProcess, user: str) -> str:
    """The id of a user's token, as the operator would look it up."""
    listed = server.run("token", "list", "--tenant", "demo").splitlines()
    return next(line.split()[0] for line in listed if line.split()[1] == user)


async def code_of(client: RawClient) -> int:
    """How a connection ends, if it does within a second."""
    with anyio.fail_after(WITHIN_S):
        return await client.closed()


@asynccontextmanager
async def joined(
    server: ServerProcess, page: str, token: str, tenant: str = "demo", *, v1: bool = True
) -> AsyncIterator[RawClient]:
    async with raw_client(server.socket_url, page, token=token, tenant=tenant, v1=v1) as client:
        if v1:
            await client.join()
        else:
            await client.until(message.SyncStep1)
        yield client


async def is_served(client: RawClient) -> bool:
    """Whether a connection is still answered."""
    await client.send(message.encode_sync_step1(b"\x00"))
    await client.until(message.SyncStep2)
    return True


async def known(server: ServerProcess, signer: Signer, tenant: str) -> None:
    """Ask until the server lets somebody in by a key, which it does within a second."""
    url, query = f"{server.url}/api/v1/{tenant}/annotations", {"page": "any"}
    headers = {"Authorization": f"Bearer {signer.sign()}"}
    async with httpx.AsyncClient(verify=False) as http:
        with anyio.fail_after(WITHIN_S):
            while (await http.get(url, params=query, headers=headers)).status_code != 200:
                pass


async def test_a_revoked_token(server: ServerProcess, page: str) -> None:
    ann, bob = server.token("ann"), server.token("bob")
    with httpx.Client(verify=False) as http:
        api = Api(http, server.url, page, ann)
        async with (
            joined(server, page, ann) as mine,
            joined(server, page, ann, v1=False) as stock,
            joined(server, f"{page}2", ann) as elsewhere,
            joined(server, page, bob) as other,
            event_reader(api) as stream,
        ):
            await stream.opened()
            server.run("token", "revoke", token_id(server, "ann"), "--tenant", "demo")
            for client in (mine, stock, elsewhere):
                assert await code_of(client) == CloseCode.SIGN_IN
            with anyio.fail_after(WITHIN_S):
                assert await stream.ended()
            assert await is_served(other)
        assert api("GET").status_code == 401
    async with raw_client(server.socket_url, page, token=ann) as again:
        assert await again.closed() == CloseCode.SIGN_IN


async def test_a_role_that_changes(server: ServerProcess, page: str) -> None:
    """The connection is asked to come in again, and then is what the operator said."""
    token = server.token("cleo")
    who = ("--tenant", "demo", "--user", "cleo")
    async with joined(server, page, token) as cleo:
        target = ("words", "", "", 0, 5)
        at = time.time_ns() // 1_000_000
        await cleo.write(1, "a", "anno", ("cleo", at, *target))
        server.run("role", "set", "viewer", *who)
        assert await code_of(cleo) == CloseCode.CHANGED
    async with joined(server, page, token) as cleo:
        await cleo.operate(broadcast_id(2), cleo.encode("c", "anno/c001", ("cleo", at, "x")))
        reject = await cleo.until(message.Reject)
        assert (reject.code, reject.hard) == ("read-only", False)
        assert server.run("role", "list", "--tenant", "demo").split()[-2:] == ["cleo", "viewer"]
        server.run("role", "set", "owner", *who)
        assert await code_of(cleo) == CloseCode.CHANGED
    async with raw_client(server.socket_url, page, token=token) as cleo:
        welcome = await cleo.until(message.Welcome)
        assert welcome.info["principal"]["role"] == "owner"  # type: ignore[index]
        server.run("role", "clear", *who)
        assert await code_of(cleo) == CloseCode.CHANGED
    async with raw_client(server.socket_url, page, token=token) as cleo:
        welcome = await cleo.until(message.Welcome)
        assert welcome.info["principal"]["role"] == "commenter"  # type: ignore[index]


async def test_a_sign_in_token_that_expires(server: ServerProcess, page: str) -> None:
    ends = time.time() + 1.5
    async with joined(server, page, KEPT.sign(exp=ends), "docs"):
        pass  # who has left by then is nobody's business
    async with (
        joined(server, page, KEPT.sign(exp=ends), "docs") as short,
        joined(server, page, KEPT.sign(), "docs") as long,
    ):
        assert await short.closed() == CloseCode.SIGN_IN
        # `exp` counts whole seconds.
        assert int(ends) <= time.time() <= ends + WITHIN_S
        assert await is_served(long)


async def test_a_key_that_is_taken_out_of_its_file(server: ServerProcess, page: str) -> None:
    keys = server.data.parent / "keys.json"
    async with (
        joined(server, page, KEPT.sign(), "docs") as kept,
        joined(server, page, DROPPED.sign(sub="bob"), "docs") as dropped,
    ):
        write_key_set(keys, KEPT)
        assert await code_of(dropped) == CloseCode.SIGN_IN
        assert await is_served(kept)
        fresh = new_signer("RS256", "fresh")
        write_key_set(keys, KEPT, DROPPED, fresh)
        await known(server, fresh, "docs")
        assert await is_served(kept)


async def test_a_tenant_from_its_opening_to_its_end(server: ServerProcess, page: str) -> None:
    secret = server.run("tenant", "add", "blog", "--guests", "viewer").strip()
    first = Signer("HS256", secret)

    await known(server, first, "blog")
    async with joined(server, page, first.sign(), "blog") as ann:
        second = Signer("HS256", server.run("tenant", "rotate", "blog").strip())
        await known(server, second, "blog")
        assert await is_served(ann)
        third = Signer("HS256", server.run("tenant", "rotate", "blog").strip())
        assert await code_of(ann) == CloseCode.SIGN_IN
    await known(server, third, "blog")
    async with (
        joined(server, page, second.sign(), "blog") as ann,
        joined(server, page, third.sign(sub="bob"), "blog") as bob,
    ):
        assert await is_served(bob)
        last = Signer("HS256", server.run("tenant", "rotate", "blog", "--now").strip())
        for client in (ann, bob):
            assert await code_of(client) == CloseCode.SIGN_IN
    await known(server, last, "blog")
    async with (
        joined(server, page, last.sign(), "blog") as ann,
        raw_client(server.socket_url, page, tenant="blog") as guest,
    ):
        await guest.join()
        server.run("tenant", "remove", "blog")
        for client in (ann, guest):
            assert await code_of(client) == CloseCode.NO_TENANT
    async with raw_client(server.socket_url, page, tenant="blog") as late:
        assert await late.closed() == CloseCode.NO_TENANT


async def test_secrets_are_in_no_log(server: ServerProcess, page: str, tmp_path: Path) -> None:
    """Tokens in queries and headers, good and bad, over socket and REST."""
    token = server.token("dora")
    secret = "not-a-token-but-secret-all-the-same"
    async with joined(server, page, token) as dora:
        assert await is_served(dora)
    async with raw_client(server.socket_url, page, token=secret) as stranger:
        assert await stranger.closed() == CloseCode.SIGN_IN
    async with httpx.AsyncClient(verify=False) as http:
        for path in ("annotations", "events", "nothing", "%zz"):
            url = f"{server.url}/api/v1/demo/{path}"
            await http.request("PUT", url, params={"page": page, "token": secret})
            query = {"page": page, "token": secret}
            assert secret not in (await http.get(url, params=query)).text
            bearer = {"Authorization": f"Bearer {secret}"}
            assert secret not in (await http.get(url, params={"page": page}, headers=bearer)).text
    server.stop()
    log = server.log.read_text()
    server.restart()
    assert secret not in log
    assert token not in log
    assert "token=" not in log
