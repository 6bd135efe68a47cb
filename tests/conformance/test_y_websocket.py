"""The real y-websocket provider (Yjs in Node) against a real server, beside our own client."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol
from urllib.request import Request, urlopen

import pytest

import crdtchat
from crdtchat.client.blocking import BlockingPage
from crdtchat.client.page import Page
from crdtchat.document.replica import Replica
from crdtchat.document.schema import ROOTS
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.tuning import Tuning
from tests.conformance.node_peer import Content, NodePeer, annotation, content, node_peer
from tests.server_process import ServerProcess

T = 1_700_000_000_000


class Tab(Protocol):
    def __call__(self, user: str, client: int | None = None) -> NodePeer: ...


@pytest.fixture
def tab(node: Path, server: ServerProcess, tokens: dict[str, str], page_id: str) -> Iterator[Tab]:
    """Opens stock clients on this test's page, not connected yet."""
    with ExitStack() as stack:

        def open_tab(user: str, client: int | None = None) -> NodePeer:
            peer = node_peer(node, server.socket_url, page_id, tokens[user], client=client)
            return stack.enter_context(peer)

        yield open_tab


@pytest.fixture
def ours(server: ServerProcess, page_id: str) -> Iterator[BlockingPage]:
    """Our own client on the same page."""
    with crdtchat.connect_blocking(server.url, page=page_id, name="Ours") as page:
        yield page


def connect(*peers: NodePeer) -> None:
    for peer in peers:
        peer.ask("connect")
    for peer in peers:
        peer.wait(lambda seen: seen["synced"])


def document(page: Page) -> Content:
    replica = Replica()
    replica.apply(page.export())
    return {root: replica.values(root) for root in ROOTS}


def equal(ours: BlockingPage, *peers: NodePeer) -> Content:
    """Wait until all hold the same as our client, with nothing pending; answers that."""

    async def look(page: Page) -> Content:
        return document(page)

    truth = ours.call(look)
    for peer in peers:
        peer.wait(lambda seen: content(seen) == truth and not seen["pending"])
    return truth


def has(aid: str, text: str | None = None) -> Callable[[Page], bool]:
    """Whether an annotation is there (with this text)."""

    def there(page: Page) -> bool:
        found = page.annotation(aid)
        return found is not None and text in (None, found.text)

    return there


def resolved(aid: str) -> Callable[[Page], bool]:
    return lambda page: any(found.aid == aid and found.resolved for found in page.annotations)


def test_it_reads_what_we_write_and_we_read_what_it_writes(tab: Tab, ours: BlockingPage) -> None:
    ann = tab("ann")
    connect(ann)
    mine = ours.annotate("words", "ours")
    ours.wait_saved()
    ann.wait(lambda seen: mine in seen["values"]["a"])
    ann.write(*annotation("ann", "stock", "theirs", T))
    ours.wait_for(has("stock"))
    found = ours.annotation("stock")
    assert found is not None
    assert (found.author, found.author_name, found.text) == ("ann", "Ann", "theirs")
    ann.write(("c", "stock/open", ("ann", T, "theirs, better", T + 1)))
    ann.write(("s", "stock", (1, "ann", T + 2)))
    ann.write(("r", "stock/open/ann", "👍"))
    ours.wait_for(lambda page: bool(page.annotations[0].comments[0].reactions))
    ann.write(("r", "stock/open/ann", None))
    ours.wait_for(lambda page: not page.annotations[0].comments[0].reactions)
    found = ours.annotation("stock")
    assert found is not None
    assert found.resolved
    assert found.text == "theirs, better"
    truth = equal(ours, ann)
    assert truth["u"]["ann"] == ("Ann",)


def test_writes_over_rest_reach_it(
    server: ServerProcess, tokens: dict[str, str], page_id: str, tab: Tab
) -> None:
    """The server encodes those itself."""
    ann = tab("ann")
    connect(ann)
    body = {
        "target": {
            "source": page_id,
            "selector": [
                {"type": "TextQuoteSelector", "exact": "words", "prefix": "", "suffix": ""},
                {"type": "TextPositionSelector", "start": 7, "end": 12},
            ],
        },
        "body": {"type": "TextualBody", "value": "over REST", "format": "text/markdown"},
    }
    request = Request(
        f"{server.url}/api/v1/demo/annotations?page={page_id}",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {tokens['bob']}", "Content-Type": "application/json"},
    )
    with urlopen(request) as response:
        assert response.status == 201
    seen = ann.wait(lambda seen: seen["values"]["c"])
    (record,) = seen["values"]["a"].values()
    author, created, exact, *_, start, end = record
    assert (author, exact, start, end) == ("bob", "words", 7, 12)
    assert created > T
    (comment,) = seen["values"]["c"].values()
    assert comment[2] == "over REST"


def test_its_offline_writes_arrive(tab: Tab, ours: BlockingPage) -> None:
    ann, bob = tab("ann"), tab("bob")
    ann.write(*annotation("ann", "before", "before the first connection", T))
    connect(ann, bob)
    ours.wait_for(has("before"))
    bob.wait(lambda seen: "before" in seen["values"]["a"])
    ann.ask("disconnect")
    ann.write(*annotation("ann", "while", "while away", T + 1))
    ann.write(("c", "before/open", ("ann", T, "edited while away", T + 2)))
    bob.write(("s", "before", (1, "bob", T + 3)))
    mine = ours.annotate("words", "ours, meanwhile")
    ours.wait_saved()
    connect(ann)
    ours.wait_for(has("while"))
    ours.wait_for(resolved("before"))
    truth = equal(ours, ann, bob)
    assert set(truth["a"]) == {"before", "while", mine}
    assert truth["c"]["before/open"] == ("ann", T, "edited while away", T + 2)


def test_two_tabs_of_one_person(tab: Tab, ours: BlockingPage) -> None:
    one, two = tab("ann"), tab("ann")
    one.write(*annotation("ann", "tab1", "one", T))
    two.write(*annotation("ann", "tab2", "two", T))
    connect(one, two)
    one.wait(lambda seen: "tab2" in seen["values"]["a"])
    # Else the edit would stand beside the comment, not behind it, and could lose against it.
    two.wait(lambda seen: "tab1/open" in seen["values"]["c"])
    two.write(("c", "tab1/open", ("ann", T, "edited in the other tab", T + 1)))
    one.wait(lambda seen: seen["values"]["c"]["tab1/open"][2] == "edited in the other tab")
    one.write(("c", "tab1/open", ("ann", T, "and back", T + 2)))
    ours.wait_for(has("tab1", "and back"))
    equal(ours, one, two)


def test_deletes_and_purges(tab: Tab, ours: BlockingPage) -> None:
    ann, mod = tab("ann"), tab("mod")
    connect(ann, mod)
    ann.write(*annotation("ann", "gone", "to go", T))
    ann.write(("r", "gone/open/ann", "👍"))
    mod.wait(lambda seen: "gone/open/ann" in seen["values"]["r"])
    mod.write(("d", "gone", ("mod", T + 1)))
    for peer in (ann, mod):
        seen = peer.wait(lambda seen: not seen["values"]["c"])
        assert (seen["values"]["a"], seen["values"]["r"]) == ({}, {})
    ours.wait_for(lambda page: not page.annotations)
    assert equal(ours, ann, mod)["d"] == {"gone": ("mod", T + 1)}


def test_awareness_is_stamped_by_the_server(tab: Tab, ours: BlockingPage) -> None:
    ann, bob = tab("ann"), tab("bob")
    connect(ann, bob)
    ann.ask("awareness", state={"user": {"name": "Somebody else"}, "typing": "some-thread"})

    def named(seen: Any) -> dict[str, Any]:
        return {state["user"].get("id"): state for _, state in seen["awareness"] if "user" in state}

    seen = bob.wait(lambda seen: named(seen).get("ann", {}).get("typing"))
    user = named(seen)["ann"]["user"]
    assert (user["id"], user["name"]) == ("ann", "Ann")
    assert re.fullmatch("#[0-9a-f]{6}", user["color"])
    ours.wait_for(lambda page: {person.user for person in page.people} >= {"ann", "bob"})
    ours.wait_for(lambda page: any(person.typing == "some-thread" for person in page.people))
    ours.show(typing="other-thread")
    bob.wait(lambda seen: any(s.get("typing") == "other-thread" for _, s in seen["awareness"]))
    ann.ask("disconnect")
    bob.wait(lambda seen: "ann" not in named(seen))
    ours.wait_for(lambda page: "ann" not in {person.user for person in page.people})


def refused(peer: NodePeer) -> int:
    seen = peer.wait(lambda seen: seen["closed"])
    assert not seen["connected"]
    return int(seen["closed"]["code"])


def test_a_forged_author_is_refused_for_good(tab: Tab, ours: BlockingPage) -> None:
    ann, bob = tab("ann"), tab("bob")
    connect(ann, bob)
    ann.write(*annotation("bob", "forge", "not bob's words", T))
    assert refused(ann) == CloseCode.FORBIDDEN
    bob.write(*annotation("bob", "real", "bob's words", T))
    ours.wait_for(has("real"))
    assert set(equal(ours, bob)["a"]) == {"real"}


def test_an_edit_of_anothers_comment_is_refused_for_good(tab: Tab, ours: BlockingPage) -> None:
    ann, bob = tab("ann"), tab("bob")
    connect(ann, bob)
    ann.write(*annotation("ann", "anns", "ann's words", T))
    bob.wait(lambda seen: "anns/open" in seen["values"]["c"])
    bob.write(("c", "anns/open", ("ann", T, "not ann's words", T + 1)))
    assert refused(bob) == CloseCode.FORBIDDEN
    assert equal(ours, ann)["c"]["anns/open"] == ("ann", T, "ann's words")


def test_a_write_that_raced_a_delete_ends_with_diverged(tab: Tab, ours: BlockingPage) -> None:
    ann, mod = tab("ann"), tab("mod")
    connect(ann, mod)
    ann.write(*annotation("ann", "gone", "to go", T))
    mod.wait(lambda seen: "gone" in seen["values"]["a"])
    ann.ask("disconnect")
    ann.write(("c", "gone/late", ("ann", T + 1, "too late")))
    mod.write(("d", "gone", ("mod", T + 1)))
    ours.wait_for(lambda page: not page.annotations and not page.unsaved)
    mod.wait(lambda seen: not seen["values"]["a"])
    ann.ask("connect")
    assert refused(ann) == CloseCode.DIVERGED
    equal(ours, mod)


def test_another_persons_client_id_is_refused(tab: Tab, ours: BlockingPage) -> None:
    ann = tab("ann", 4_242)
    connect(ann)
    ann.write(*annotation("ann", "anns", "ann's words", T))
    ours.wait_for(has("anns"))
    bob = tab("bob", 4_242)
    bob.write(*annotation("bob", "bob1", "bob's words", T))
    bob.write(*annotation("bob", "bob2", "more than ann wrote under that id", T))
    bob.ask("connect")
    assert refused(bob) == CloseCode.FORBIDDEN
    equal(ours, ann)


def test_it_survives_a_restart_of_the_server(
    node: Path, tmp_path: Path, tokens: dict[str, str], page_id: str
) -> None:
    server = ServerProcess(tmp_path / "data").start()
    try:
        token = server.token("ann")
        with (
            node_peer(node, server.socket_url, page_id, token) as ann,
            crdtchat.connect_blocking(server.url, page=page_id, name="Ours") as ours,
        ):
            connect(ann)
            ann.write(*annotation("ann", "first", "before", T))
            ours.wait_for(has("first"))
            server.kill()
            ann.wait(lambda seen: not seen["connected"])
            ann.write(*annotation("ann", "second", "meanwhile", T + 1))
            mine = ours.annotate("words", "ours, meanwhile")
            server.restart()
            ann.wait(lambda seen: mine in seen["values"]["a"])
            ours.wait_for(has("second"))
            ours.wait_saved()
            equal(ours, ann)
    finally:
        server.kill()


def test_it_is_spoken_to_before_it_hangs_up(node: Path) -> None:
    """y-websocket closes a connection it has heard nothing on for 30 seconds. The server renews
    awareness well within that time (`test_an_idle_stock_session_is_spoken_to`)."""
    source = (node / "node_modules/y-websocket/src/y-websocket.js").read_text()
    found = re.search(r"const messageReconnectTimeout = (\d+)", source)
    assert found is not None
    assert Tuning().renewal * 1_000 * 1.5 <= int(found[1])
