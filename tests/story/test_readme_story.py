"""The main job, on real input: three clients annotate this project's README through a server that
is killed meanwhile, one of them offline for a while; all end equal and nothing acknowledged is
lost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import crdtchat
from crdtchat.anchoring import Anchored, Selectors, TextIndex, describe
from crdtchat.client.page import Page
from crdtchat.document.replica import Replica
from crdtchat.document.schema import ROOTS
from crdtchat.document.view import Annotation
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.sqlite import SqliteStore
from tests.server_process import running_server
from tests.story.proxy import running_proxy
from tests.story.stock_client import stock_client

README = Path(__file__).parents[2] / "README.md"
PAGE = "https://example.org/crdtchat/README.md"


def quoted(text: str, words: str) -> Selectors:
    start = text.index(words)
    return describe(text, start, start + len(words))


async def annotate(page: Page, text: str, words: str, comment: str) -> str:
    found = quoted(text, words)
    return await page.annotate(
        words, comment, prefix=found.prefix, suffix=found.suffix, start=found.start_cp
    )


def has(aid: str, comments: int) -> object:
    """Whether a page shows an annotation with so many comments."""

    def check(page: Page) -> bool:
        found = page.annotation(aid)
        return found is not None and len(found.comments) >= comments

    return check


@pytest.mark.timeout(120)
async def test_three_clients_annotate_the_readme(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if len(line.strip()) > 30][:12]
    with running_server(tmp_path / "data", cold=True) as server:
        tokens = {user: server.token(user) for user in ("ann", "bob", "cleo")}
        port = int(server.url.rpartition(":")[2])
        async with (
            running_proxy(port) as proxy,
            crdtchat.connect(server.url, page=PAGE, token=tokens["ann"]) as ann,
            crdtchat.connect(proxy.url, page=PAGE, token=tokens["bob"]) as bob,
            stock_client(server.socket_url, PAGE, tokens["cleo"]) as cleo,
        ):
            await cleo.sync()
            # All are here and see each other's words.
            first = await annotate(ann, text, lines[0], "Ann opens a thread")
            await bob.wait_for(has(first, 1))  # type: ignore[arg-type]
            await bob.reply(first, "Bob replies")
            await ann.wait_for(has(first, 2))  # type: ignore[arg-type]
            await cleo.wait("a", first)
            now = time.time_ns() // 1_000_000
            target = quoted(text, lines[1])
            head = ("cleo", now, target.exact, target.prefix, target.suffix)
            await cleo.write(
                [
                    ("a", "cleo0001", (*head, target.start_cp, target.end_cp)),
                    ("c", "cleo0001/c001", ("cleo", now, "a stock Yjs client writes")),
                ]
            )
            await ann.wait_for(has("cleo0001", 1))  # type: ignore[arg-type]
            await bob.wait_saved()
            acknowledged = {first, "cleo0001"}

            # Bob loses the network and writes on.
            proxy.cut()
            await bob.wait_for(lambda page: page.state != "live")
            alone = [
                await annotate(bob, text, line, f"Bob, offline: {index}")
                for index, line in enumerate(lines[2:5])
            ]
            await bob.reply(first, "Bob replies, offline")
            assert bob.unsaved == 4
            for index, line in enumerate(lines[5:8]):
                acknowledged.add(await annotate(ann, text, line, f"Ann, meanwhile: {index}"))
            await ann.wait_saved()

            # The server is killed while Ann writes.
            in_the_air = [await annotate(ann, text, line, "written in the kill") for line in lines]
            server.kill()
            await ann.wait_for(lambda page: page.state != "live")
            in_the_air.append(await annotate(ann, text, lines[0], "Ann, server down"))
            await cleo.write([("s", first, (1, "cleo", now + 1))])
            server.restart()
            proxy.heal()
            await ann.wait_saved()
            await bob.wait_saved()
            everything = {*acknowledged, *alone, *in_the_air}
            for page in (ann, bob):
                await page.wait_for(lambda page: {a.aid for a in page.annotations} == everything)
                await page.wait_for(lambda page: page.annotation(first).resolved)  # type: ignore[union-attr]
                await page.wait_for(has(first, 3))  # type: ignore[arg-type]
            for aid in everything:
                await cleo.wait("a", aid)

            # All hold the same, and so does whoever comes now.
            async with crdtchat.connect(server.url, page=PAGE, name="Dora") as dora:
                assert dora.annotations == ann.annotations == bob.annotations
            stock = await cleo.values()
            assert not cleo.pending
            held = Replica()
            held.apply(ann.export())
            assert {root: held.values(root) for root in ROOTS} == stock
            check_words(text, ann.annotations)
        server.stop()

    store = SqliteStore(tmp_path / "data" / "crdtchat.sqlite3")
    await store.open()
    loaded = await store.load(DocumentKey("demo", PAGE))
    await store.close()
    folded = Replica()
    if loaded.snapshot:
        folded.apply(loaded.snapshot)
    for entry in loaded.entries:
        folded.apply(entry.update)
    assert {root: folded.values(root) for root in ROOTS} == stock
    assert {entry.principal for entry in loaded.entries} <= {"", "ann", "bob", "cleo"}


def check_words(text: str, annotations: tuple[Annotation, ...]) -> None:
    """Every annotation still finds its words in the text."""
    index = TextIndex(text)
    for annotation in annotations:
        target = annotation.target
        found = index.anchor(
            Selectors(target.exact, target.prefix, target.suffix, target.start_cp, target.end_cp)
        )
        assert isinstance(found, Anchored)
        assert text[found.start_cp : found.end_cp] == annotation.quote
