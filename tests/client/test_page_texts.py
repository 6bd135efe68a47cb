"""Page versions in the Python client: sent with annotations, fetched to find them again."""

from __future__ import annotations

import ssl
from pathlib import Path

import anyio
import anyio.to_thread
import httpx
import pytest

import crdtchat
from crdtchat.anchoring import Anchored
from crdtchat.client.address import Address
from crdtchat.client.page import Page
from crdtchat.document.page_version import version_of
from crdtchat.document.records import InvalidRecord, Target
from tests.server_process import ServerProcess, running_server

BEFORE = "The town's minutes. Nobody asked about the harbour, and the vote was postponed. 🙂 "
WORDS = "The northern footbridge reopens before the first frost"
AFTER = ", if anybody finds the keys to it. Then the committee went home through the snow."
TEXT = BEFORE + WORDS + AFTER


def stored(server: ServerProcess, page: str, version: str, token: str) -> int:
    """What the server says of a version."""
    return httpx.head(
        f"{server.url}/api/v1/demo/versions/{version}",
        params={"page": page},
        headers={"Authorization": f"Bearer {token}"},
    ).status_code


async def test_a_version_is_sent_once_the_annotation_is_saved(
    server: ServerProcess, page_id: str
) -> None:
    async with crdtchat.connect(server.url, page=page_id, name="Ann") as ann:
        aid = await ann.annotate(WORDS, "Really?", page_text=TEXT)
        target = ann.annotations[0].target
        assert (target.start_cp, target.end_cp) == (len(BEFORE), len(BEFORE + WORDS))
        assert (target.prefix, target.suffix) == (BEFORE[-128:], AFTER)
        assert target.version == version_of(TEXT)
        token = ann.token
    assert stored(server, page_id, target.version, token) == 200
    async with crdtchat.connect(server.url, page=page_id, name="Bob") as bob:
        assert await bob.page_text(target.version) == TEXT
        assert await bob.page_text(version_of("another")) is None
        # Other programs may write any text there.
        assert await bob.page_text("") is None
        assert await bob.page_text("été") is None
        assert bob.annotations[0].aid == aid


async def test_offline_it_waits(own_server: ServerProcess, page_id: str) -> None:
    async with crdtchat.connect(own_server.url, page=page_id, name="Ann") as ann:
        token = ann.token
        own_server.kill()
        await ann.wait_for(lambda page: page.state != "live")
        await ann.annotate(WORDS, "Written offline", page_text=TEXT)
        own_server.restart()
        await ann.wait_live()
    assert stored(own_server, page_id, version_of(TEXT), token) == 200


async def test_the_words_are_looked_up(server: ServerProcess, page_id: str) -> None:
    text = "one fish two fish red fish"
    async with crdtchat.connect(server.url, page=page_id, name="Ann") as ann:
        for more, start in (
            ({"prefix": "two "}, 13),
            ({"suffix": " two"}, 4),
            ({"start": 22}, 22),
        ):
            aid = await ann.annotate("fish", "?", page_text=text, **more)
            annotation = ann.annotation(aid)
            assert annotation is not None
            assert annotation.target.start_cp == start
        with pytest.raises(InvalidRecord, match="in 3 places"):
            await ann.annotate("fish", "?", page_text=text)
        with pytest.raises(InvalidRecord, match="do not stand"):
            await ann.annotate("bird", "?", page_text=text)
        assert len(ann.annotations) == 3
        await ann.reattach(ann.annotations[0].aid, "red", page_text=text)
        assert ann.annotations[0].target == Target(
            *("red", "one fish two fish ", " fish", 18, 21), version=version_of(text)
        )


async def test_all_are_found_in_a_changed_text(server: ServerProcess, page_id: str) -> None:
    """The old text is the witness that tells equal words apart."""
    alpha = "Alpha slept late that morning, as everybody in the valley knew. The bell rang twice. "
    beta = "Beta had been up since four, counting sheep for the census. The bell rang twice. "
    gamma = "Gamma arrived with the post, soaked to the skin and in a good mood."
    old, new = alpha + beta + gamma, "A new beginning. " + beta + gamma + " " + alpha
    async with crdtchat.connect(server.url, page=page_id, name="Ann") as ann:
        second = await ann.annotate("The bell rang", "?", page_text=old, prefix="census. ")
        whole = await ann.annotate("", "About the page", kind="page")
        await ann.wait_saved()
        place = old.rindex("The bell")
        assert await ann.anchor_all(old) == {second: Anchored(place, place + 13, "exact", 1.0)}
        found = (await ann.anchor_all(new))[second]
        assert isinstance(found, Anchored)
        assert found.start_cp == new.index("The bell")
        assert whole not in await ann.anchor_all(new)


async def test_a_text_is_fetched_only_if_it_has_changed(
    server: ServerProcess, page_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with crdtchat.connect(server.url, page=page_id, name="Ann") as ann:
        await ann.annotate(WORDS, "?", page_text=TEXT)
    asked: list[str] = []
    recall = Page.page_text

    async def listen(page: Page, version: str) -> str | None:
        asked.append(version)
        return await recall(page, version)

    monkeypatch.setattr(Page, "page_text", listen)
    async with crdtchat.connect(server.url, page=page_id, name="Bob") as bob:
        await bob.anchor_all(TEXT)
        assert asked == []
        await bob.anchor_all("New. " + TEXT)
        assert asked == [version_of(TEXT)]


async def test_a_false_text_is_not_listened_to(server: ServerProcess, page_id: str) -> None:
    """Eve names a text in which her quote stands elsewhere than she says."""
    lie = "x" * 40 + WORDS
    async with crdtchat.connect(server.url, page=page_id, name="Eve") as eve:
        target = Target(WORDS, BEFORE[-128:], AFTER, 7, 7 + len(WORDS), version=version_of(lie))
        aid, operation = eve._actions.annotate(target, "?", eve._tick())
        await eve._submit(operation, lie)
    async with crdtchat.connect(server.url, page=page_id, name="Bob") as bob:
        assert await bob.page_text(version_of(lie)) == lie
        text = "Preface. " + TEXT
        found = (await bob.anchor_all(text))[aid]
        assert isinstance(found, Anchored)
        assert text[found.start_cp : found.end_cp] == WORDS


async def test_small_edits_are_followed(server: ServerProcess, page_id: str) -> None:
    text = TEXT.replace("Nobody asked", "Two people asked").replace(
        "keys to it", "keys to the gate"
    )
    text = text.replace("was postponed", "took place").replace("if anybody", "as soon as somebody")
    async with (
        crdtchat.connect(server.url, page=page_id, name="Ann") as ann,
        crdtchat.connect(server.url, page=page_id, name="Bob") as bob,
    ):
        aid = await ann.annotate(WORDS, "?", page_text=TEXT)
        await bob.wait_for(lambda page: bool(page.annotation(aid)))
        assert await bob.follow(text) == []
        assert await ann.follow(TEXT) == []
        assert await ann.follow(text) == [aid]
        assert await ann.follow(text) == []
        await bob.wait_for(lambda page: page.annotations[0].anchor is not None)
        (seen,) = bob.annotations
        assert seen.anchor is not None
        assert seen.anchor.followed
        assert (seen.target.version, seen.original.version) == (version_of(text), version_of(TEXT))
        assert await ann.follow(TEXT) == []
        token = ann.token
    assert stored(server, page_id, version_of(text), token) == 200


async def test_where_versions_are_off_none_is_named(tmp_path: Path) -> None:
    config = tmp_path / "crdtchat.toml"
    config.write_text('[tenants.demo]\nguests = "commenter"\npage_versions = false\n')
    with running_server(tmp_path / "data", ["--config", str(config)]) as server:
        async with crdtchat.connect(server.url, page="p", name="Ann") as ann:
            await ann.annotate(WORDS, "?", page_text=TEXT)
            assert ann.annotations[0].target.version == ""
            assert ann.annotations[0].target.prefix == BEFORE[-128:]
            assert await ann.page_text(version_of(TEXT)) is None


async def test_the_blocking_page_too(server: ServerProcess, page_id: str) -> None:
    def work() -> None:
        with crdtchat.connect_blocking(server.url, page=page_id, name="Ann") as page:
            aid = page.annotate(WORDS, "?", page_text=TEXT)
            page.wait_saved()
            assert page.anchor_all(TEXT)[aid] == Anchored(
                *(len(BEFORE), len(BEFORE + WORDS)), "exact", 1.0
            )
            assert page.page_text(version_of(TEXT)) == TEXT
            page.reattach(aid, "harbour", page_text=TEXT)
            assert page.follow(TEXT) == []

    await anyio.to_thread.run_sync(work)


async def test_a_server_that_is_gone_or_strange_is_no_text(tmp_path: Path) -> None:
    from crdtchat.client.api import Answer, Api

    def token() -> str:
        return ""

    nobody = Api(Address("http://127.0.0.1:9", "demo", "p"), token, None)
    assert await nobody.request("GET", "versions/x") == Answer(0)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)

    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 nonsense\r\n\r\n")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        for url, context in (
            (f"http://127.0.0.1:{port}", None),
            (f"https://127.0.0.1:{port}", ssl.create_default_context()),
        ):
            strange = Api(Address(url, "demo", "p"), token, context)
            assert (await strange.request("GET", "versions/x")).status == 0
        tasks.cancel_scope.cancel()
    await listener.aclose()


def test_where_the_interface_is() -> None:
    address = Address("https://example.org/behind/", "te nant", "a/b?c=ż")
    assert (address.is_secure, address.host, address.port) == (True, "example.org", 443)
    assert (
        address.api_target("versions/x")
        == "/behind/api/v1/te%20nant/versions/x?page=a%2Fb%3Fc%3D%C5%BC"
    )
    assert Address("ws://localhost:81", "t", "p").port == 81
