"""The asynchronous client against a real server process."""

from __future__ import annotations

import anyio
import pytest

import crdtchat
from crdtchat.client import page as page_module
from crdtchat.client.errors import (
    Closed,
    NotSaved,
    QueueFull,
    ReadOnly,
    Stopped,
    UnknownRecord,
)
from crdtchat.client.news import Happening
from crdtchat.client.page import Page
from crdtchat.document.records import InvalidRecord
from crdtchat.document.replica import Replica
from tests.server_process import ServerProcess


class Whole:
    """A whole number that is no int, as NumPy's are."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


async def equal(*pages: Page) -> None:
    """Wait until all show the same."""
    first, *others = pages
    for other in others:
        await other.wait_for(lambda page: page.annotations == first.annotations)


async def test_a_thread_in_two_copies(server: ServerProcess, page_id: str) -> None:
    async with (
        crdtchat.connect(server.url, page=page_id, name="Ann") as ann,
        crdtchat.connect(server.url, page=page_id, name="Bob") as bob,
    ):
        assert ann.state == bob.state == "live"
        assert ann.me is not None
        assert ann.me.name == "Ann"
        news = bob.events()
        aid = await ann.annotate("words", "first", prefix="p" * 200, suffix="s" * 200, start=7)
        await ann.wait_saved()
        assert ann.unsaved == 0
        event = await anext(news)
        assert (event.kind, event.aid, event.by) == (Happening.NEW, aid, ann.me.id)
        assert (event.tenant, event.page) == ("demo", page_id)
        annotation = bob.annotation(aid)
        assert annotation is not None
        assert annotation.author_name == "Ann"
        assert (annotation.quote, annotation.text) == ("words", "first")
        assert (len(annotation.target.prefix), annotation.target.start_cp) == (128, 7)
        cid = await bob.reply(aid, "second")
        await bob.react(aid, cid, "👍")
        await bob.react(aid, cid, "🎉")
        await bob.unreact(aid, cid, "👍")
        await bob.edit(aid, cid, "second, better")
        await bob.resolve(aid)
        await bob.wait_saved()
        await equal(bob, ann)
        (annotation,) = ann.annotations
        assert annotation.resolved
        assert [comment.text for comment in annotation.comments] == ["first", "second, better"]
        assert [reaction.emoji for reaction in annotation.comments[1].reactions] == ["🎉"]
        await ann.reopen(aid)
        await bob.delete(aid, cid)
        await ann.wait_saved()
        await bob.wait_saved()
        await equal(ann, bob)
        (annotation,) = bob.annotations
        assert not annotation.resolved
        assert len(annotation.comments) == 1
        await ann.delete(aid)
        await bob.wait_for(lambda page: not page.annotations)
        kinds = []
        while (happened := news.next_nowait()) is not None:
            kinds.append(happened.kind)
        assert kinds == [Happening.UPDATED, Happening.DELETED]


async def test_presence_and_typing(server: ServerProcess, page_id: str) -> None:
    async with crdtchat.connect(server.url, page=page_id, name="Ann") as ann:
        await ann.wait_for(lambda page: page.people_count == 1)
        async with crdtchat.connect(server.url, page=page_id, name="Bob") as bob:
            await ann.wait_for(lambda page: page.connection_count == 2)
            await bob.show(typing="some-thread", selection=(3, 9))
            await ann.wait_for(lambda page: any(person.typing for person in page.people))
            person = ann.people[-1]
            assert (person.name, person.typing, person.selection_cp) == (
                "Bob",
                "some-thread",
                (3, 9),
            )
        await ann.wait_for(lambda page: page.people_count == 1)
        assert [person.name for person in ann.people] == ["Ann"]


async def test_what_nobody_can_do_is_refused_at_once(server: ServerProcess, page_id: str) -> None:
    """The server took it for no message of the protocol, and ended the connection for good."""
    async with crdtchat.connect(server.url, page=page_id, name="Ann") as page:
        with pytest.raises(InvalidRecord, match="not an annotation id"):
            await page.show(typing="what is typed there" * 100)
        for nowhere in ((9, 3), (-1, 3), (0, 10**1_000)):
            with pytest.raises(InvalidRecord):
                await page.show(selection=nowhere)
        await page.annotate("words", "still there")
        await page.wait_saved()


async def test_a_page_that_nobody_opened_says_so(server: ServerProcess, page_id: str) -> None:
    """What was written on it was never sent, and whoever waited waited for ever."""
    page = crdtchat.connect(server.url, page=page_id, name="Ann")
    for act in (
        lambda: page.annotate("words", "x"),
        lambda: page.show(typing="thread"),
        page.wait_live,
        lambda: page.wait_for(lambda page: False),
        lambda: anext(page.events()),
    ):
        with pytest.raises(RuntimeError, match="not open: async with"):
            await act()
    assert page.unsaved == 0
    async with page:
        await page.annotate("words", "x")


async def test_offline_writes_are_saved_after_a_kill(
    own_server: ServerProcess, page_id: str
) -> None:
    async with (
        crdtchat.connect(own_server.url, page=page_id, name="Ann") as ann,
        crdtchat.connect(own_server.url, page=page_id, name="Bob") as bob,
    ):
        assert ann.me is not None
        before = ann.me.id
        aid = await ann.annotate("words", "online")
        await bob.wait_for(lambda page: len(page.annotations) == 1)
        await ann.wait_saved()  # Bob may see it before she hears that it is saved.
        own_server.kill()
        await ann.wait_for(lambda page: page.state == "offline")
        await bob.wait_for(lambda page: page.state == "offline")
        assert ann.people == ()
        await ann.reply(aid, "ann offline")
        await bob.reply(aid, "bob offline")
        await bob.resolve(aid)
        other = await bob.annotate("other words", "new offline")
        await bob.reply(other, "and a reply to it")
        assert (ann.unsaved, bob.unsaved) == (1, 4)
        assert len(bob.annotations) == 2
        own_server.restart()
        await ann.wait_saved()
        await bob.wait_saved()
        await equal(ann, bob)
        texts = [comment.text for found in ann.annotations for comment in found.comments]
        assert sorted(texts) == [
            "and a reply to it",
            "ann offline",
            "bob offline",
            "new offline",
            "online",
        ]
        assert ann.me.id == before  # The guest's token was kept.
    async with crdtchat.connect(own_server.url, page=page_id) as late:
        assert [found.text for found in late.annotations] == ["online", "new offline"]


async def test_starting_offline(own_server: ServerProcess, page_id: str) -> None:
    own_server.kill()
    async with crdtchat.connect(own_server.url, page=page_id, name="Ann") as page:
        assert page.state in ("offline", "connecting")
        assert "cannot reach" in page.trouble
        assert page.me is None
        aid = await page.annotate("words", "before any server")
        assert page.annotations[0].author == ""
        own_server.restart()
        await page.wait_live()
        await page.wait_saved()
        assert page.me is not None
        assert page.annotations[0].author == page.me.id
        replica = Replica()
        replica.apply(page.export())
        assert replica.get("a", aid) is not None


async def test_leaving_with_unsaved_writes_says_so(own_server: ServerProcess, page_id: str) -> None:
    async def write_and_leave() -> None:
        async with crdtchat.connect(own_server.url, page=page_id, name="Ann") as page:
            page.flush_s = 0.01
            own_server.kill()
            await page.wait_for(lambda page: page.state == "offline")
            await page.annotate("words", "lost")

    with pytest.raises(NotSaved) as caught:
        await write_and_leave()
    assert caught.value.pending == 1


async def test_a_bad_token_is_told_at_once(server: ServerProcess, page_id: str) -> None:
    with pytest.raises(Stopped) as caught:
        async with crdtchat.connect(server.url, page=page_id, token="nonsense"):
            raise AssertionError("entered")
    assert caught.value.code == 4401


async def test_an_unknown_tenant_is_told_at_once(server: ServerProcess, page_id: str) -> None:
    with pytest.raises(Stopped) as caught:
        async with crdtchat.connect(server.url, tenant="nobody", page=page_id):
            raise AssertionError("entered")
    assert caught.value.code == 4404


async def test_a_viewer_cannot_write(own_server: ServerProcess, page_id: str) -> None:
    token = own_server.token("vic", "viewer")
    async with crdtchat.connect(own_server.url, page=page_id, token=token) as page:
        assert page.me is not None
        assert (page.me.id, page.me.role) == ("vic", "viewer")
        with pytest.raises(ReadOnly):
            await page.annotate("words", "no")


async def test_a_forged_edit_stops_the_page_and_keeps_the_text(
    server: ServerProcess, page_id: str
) -> None:
    async with crdtchat.connect(server.url, page=page_id, name="Ann") as ann:
        aid = await ann.annotate("words", "ann's")
        await ann.wait_saved()
        cid = ann.annotations[0].comments[0].cid
        async with crdtchat.connect(server.url, page=page_id, name="Mallory") as mallory:
            # Around what refuses it here.
            forged = mallory._actions.edit(aid, cid, "not ann's", mallory._tick())
            await mallory._submit(forged)
            with pytest.raises(NotSaved) as caught:
                await mallory.wait_saved()
            await mallory.wait_for(lambda page: page.state == "stopped")
        (draft,) = caught.value.drafts
        assert (draft.code, draft.text, draft.hard) == ("not-author", "not ann's", True)
        assert ann.state == "live"
        assert ann.annotations[0].text == "ann's"


async def test_a_write_that_raced_a_delete_becomes_a_draft(
    own_server: ServerProcess, page_id: str
) -> None:
    async with (
        crdtchat.connect(own_server.url, page=page_id, name="Ann") as ann,
        crdtchat.connect(own_server.url, page=page_id, name="Bob") as bob,
    ):
        aid = await ann.annotate("words", "first")
        await bob.wait_for(lambda page: bool(page.annotations))
        own_server.kill()
        await bob.wait_for(lambda page: page.state == "offline")
        await bob.reply(aid, "too late")
        await ann.delete(aid)
        own_server.restart()
        await ann.wait_saved()
        await bob.wait_for(lambda page: bool(page.drafts) or not page.unsaved)
        if bob.drafts:
            (draft,) = bob.drafts
            assert (draft.code, draft.text) == ("deleted", "too late")
            bob.discard(draft)
            assert bob.drafts == ()
        await bob.wait_saved()
        await bob.wait_for(lambda page: not page.annotations)


async def test_errors_of_the_body_pass_as_they_are(server: ServerProcess, page_id: str) -> None:
    with pytest.raises(ZeroDivisionError):
        async with crdtchat.connect(server.url, page=page_id):
            _ = 1 // 0


async def test_cancelling_ends_it(server: ServerProcess, page_id: str) -> None:
    with anyio.CancelScope() as scope:
        async with crdtchat.connect(server.url, page=page_id) as page:
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert page.state == "closed"


async def test_what_is_cancelled_is_not_written(server: ServerProcess, page_id: str) -> None:
    async with crdtchat.connect(server.url, page=page_id, name="Ann") as page:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await page.annotate("words", "too late")
        assert scope.cancelled_caught
        assert page.annotations == ()


async def test_a_page_that_was_left(server: ServerProcess, page_id: str) -> None:
    async with crdtchat.connect(server.url, page=page_id) as page:
        news = page.events()
        aid = await page.annotate("words", "x")
        await page.wait_saved()
    with pytest.raises(Closed):
        await page.reply(aid, "y")
    with pytest.raises(Closed):
        await page.wait_live()
    assert (page.people, page.people_count, page.connection_count) == ((), 0, 0)
    assert [event async for event in news] == []
    assert len(page.annotations) == 1
    with pytest.raises(RuntimeError):
        async with page:
            raise AssertionError("entered twice")


async def test_what_no_page_can_hold_is_refused_at_once(
    server: ServerProcess, page_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with crdtchat.connect(server.url, page=page_id) as page:
        with pytest.raises(InvalidRecord):
            await page.annotate("", "no words")
        with pytest.raises(InvalidRecord):
            await page.annotate("words", "x" * 10_001)
        with pytest.raises(InvalidRecord):
            await page.annotate("\U0001f600" * 8_192, "\U0001f600" * 10_000)
        with pytest.raises(UnknownRecord):
            await page.reply("none", "x")
        monkeypatch.setattr(page_module, "QUEUE", 0)
        with pytest.raises(QueueFull):
            await page.annotate("words", "x")
        assert page.annotations == ()


async def test_many_writes_at_once(server: ServerProcess, page_id: str) -> None:
    """More than may be in flight."""
    async with (
        crdtchat.connect(server.url, page=page_id, name="Ann") as ann,
        crdtchat.connect(server.url, page=page_id, name="Bob") as bob,
    ):
        for number in range(600):
            await ann.annotate("words", f"number {number}")
        await ann.wait_saved()
        await equal(ann, bob)
        assert len(bob.annotations) == 600


def test_no_server_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRDTCHAT_URL", raising=False)
    with pytest.raises(ValueError, match="CRDTCHAT_URL"):
        crdtchat.connect(page="x")
    with pytest.raises(ValueError, match="not a server"):
        crdtchat.connect("example.org", page="x")
    for odd in ("http://b\xfccher..example", f"http://\xfc{'x' * 70}.example"):
        with pytest.raises(ValueError, match="not a server's URL"):
            crdtchat.connect(odd, page="x")  # It ended the page in a group of errors.
    with pytest.raises(ValueError, match="no page"):
        crdtchat.connect("http://example.org", page="")
    with pytest.raises(ValueError, match=r"page 'file-\\udcff' holds half a surrogate pair"):
        crdtchat.connect("http://example.org", page="file-\udcff")
    with pytest.raises(ValueError, match=r"the token holds '\\n'"):
        crdtchat.connect("http://example.org", page="x", token="as read from a file\n")


async def test_server_and_token_from_the_environment(
    own_server: ServerProcess, page_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRDTCHAT_URL", own_server.url)
    monkeypatch.setenv("CRDTCHAT_TOKEN", own_server.token("ann"))
    async with crdtchat.connect(page=page_id) as page:
        assert page.me is not None
        assert page.me.id == "ann"


async def test_offsets_out_of_a_table_are_as_good_as_any(
    server: ServerProcess, page_id: str
) -> None:
    async with crdtchat.connect(server.url, page=page_id) as page:
        aid = await page.annotate("words", "text", start=Whole(4))
        text = "words words"
        again = await page.annotate("words", "text", page_text=text, start=Whole(6))
        last = await page.annotate("words", "text", start=7.0)  # type: ignore[arg-type]
        await page.show(selection=(Whole(4), Whole(9)))
        await page.wait_saved()
        found = {one.aid: (one.target.start_cp, one.target.end_cp) for one in page.annotations}
        assert found == {aid: (4, 9), again: (6, 11), last: (7, 12)}
        await page.wait_for(lambda page: page.people[0].selection_cp == (4, 9))
        with pytest.raises(TypeError):
            await page.annotate("words", "text", start=4.5)  # type: ignore[arg-type]
        with pytest.raises(InvalidRecord):
            await page.annotate("words", "text", start=2**53)
