"""The blocking facade: threads, waiting, interrupts, forgotten pages, interpreter exit."""

from __future__ import annotations

import gc
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal

import crdtchat
from crdtchat.client import line
from crdtchat.client.blocking import BlockingPage
from crdtchat.client.errors import Closed, NotSaved, Stopped, UnknownRecord
from crdtchat.client.news import Happening
from crdtchat.client.page import Page
from tests.server_process import ServerProcess


def test_a_thread_in_two_copies(server: ServerProcess, page_id: str) -> None:
    with (
        crdtchat.connect_blocking(server.url, page=page_id, name="Ann") as ann,
        crdtchat.connect_blocking(server.url, page=page_id, name="Bob") as bob,
    ):
        assert ann.state == "live"
        assert ann.me is not None
        assert bob.me is not None
        assert ann.token
        news = bob.events()
        aid = ann.annotate("words", "first", prefix="before ", suffix=" after", start=3)
        ann.wait_saved()
        event = next(news)
        assert (event.kind, event.aid, event.by) == (Happening.NEW, aid, ann.me.id)
        cid = bob.reply(aid, "second")
        bob.react(aid, cid, "👍")
        bob.unreact(aid, cid, "👍")
        bob.react(aid, cid, "🎉")
        bob.edit(aid, cid, "second, better")
        bob.resolve(aid)
        bob.show(typing=aid)
        bob.wait_saved(timeout=30)
        ann.wait_for(lambda page: page.annotations[0].resolved, timeout=30)
        ann.wait_for(lambda page: any(person.typing for person in page.people), timeout=30)
        found = ann.annotation(aid)
        assert found is not None
        assert found == ann.annotations[0] == bob.annotations[0]
        assert [comment.text for comment in found.comments] == ["first", "second, better"]
        assert found.comments[1].reactions[0].users == (bob.me.id,)
        assert (ann.people_count, ann.connection_count, len(ann.people)) == (2, 2, 2)
        bob.reopen(aid)
        bob.delete(aid, cid)
        bob.wait_saved()
        ann.delete(aid)
        ann.wait_saved()
        assert ann.annotations == ()
        assert (ann.drafts, ann.unsaved, ann.trouble) == ((), 0, "")
        assert len(ann.export()) > 2
        kinds = [event.kind for event in bob.events(timeout=0)]
        assert kinds == []  # Events are those from now on.
    assert ann.state == "closed"
    with pytest.raises(Closed):
        ann.annotate("words", "x")
    ann.close()


def test_it_has_all_that_a_page_has() -> None:
    assert {name for name in dir(Page) if not name.startswith("_")} <= set(dir(BlockingPage))


def test_what_is_unsaved_may_be_given_up(page_id: str) -> None:
    page = crdtchat.connect_blocking("http://127.0.0.1:9", page=page_id, name="Ann")
    page.annotate("words", "never sent")
    page.forget_unsaved()
    page.close()  # at once, and without NotSaved
    assert page.state == "closed"


def test_events_end_when_nothing_happens(server: ServerProcess, page_id: str) -> None:
    with crdtchat.connect_blocking(server.url, page=page_id) as page:
        assert list(page.events(timeout=0.01)) == []


def test_many_threads_write(server: ServerProcess, page_id: str) -> None:
    with crdtchat.connect_blocking(server.url, page=page_id) as page:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: page.annotate("words", str(number)), range(200)))
        page.wait_saved()
        texts = {annotation.text for annotation in page.annotations}
        assert texts == {str(number) for number in range(200)}


def test_errors_arrive_where_the_call_is(server: ServerProcess, page_id: str) -> None:
    with pytest.raises(ValueError, match="not a server"):
        crdtchat.connect_blocking("nonsense", page=page_id)
    with pytest.raises(Stopped):
        crdtchat.connect_blocking(server.url, page=page_id, token="nonsense")
    with crdtchat.connect_blocking(server.url, page=page_id) as page:
        with pytest.raises(UnknownRecord):
            page.reply("none", "x")
        with pytest.raises(TimeoutError):
            page.wait_for(lambda _: False, timeout=0.01)
        page.annotate("words", "still alive")


def test_leaving_offline_says_what_is_lost(own_server: ServerProcess, page_id: str) -> None:
    page = crdtchat.connect_blocking(own_server.url, page=page_id)
    own_server.kill()
    page.wait_for(lambda page: page.state == "offline")
    page.annotate("words", "offline")
    page.call(_hurry)
    with pytest.raises(NotSaved):
        page.close()


async def _hurry(page: Page) -> None:
    page.flush_s = 0.01


def test_an_error_in_the_block_does_not_wait(own_server: ServerProcess, page_id: str) -> None:
    def fail() -> None:
        with crdtchat.connect_blocking(own_server.url, page=page_id) as page:
            own_server.kill()
            page.wait_for(lambda page: page.state == "offline")
            page.annotate("words", "offline")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A run that a shell put into the background was told to ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_wait_and_not_the_page(server: ServerProcess, page_id: str) -> None:
    with crdtchat.connect_blocking(server.url, page=page_id) as page:
        asked = 0

        def interrupt(_: Page) -> bool:
            nonlocal asked
            asked += 1
            if asked == 1:
                main = threading.main_thread().ident
                assert main is not None
                signal.pthread_kill(main, signal.SIGINT)
            return False

        with pytest.raises(KeyboardInterrupt):
            page.wait_for(interrupt)
        page.annotate("words", "still alive")
        page.wait_saved()


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_connect_leaves_nobody_on_the_page(
    page_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be there later, as somebody more, for as long as the notebook runs."""
    monkeypatch.setattr(line, "DIAL_S", float("inf"))
    main = threading.main_thread().ident
    assert main is not None

    def answer_nothing() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4_096)
            signal.pthread_kill(main, signal.SIGINT)
            while connection.recv(4_096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        gone = pool.submit(answer_nothing)
        port = listener.getsockname()[1]
        with pytest.raises(KeyboardInterrupt):
            crdtchat.connect_blocking(f"http://127.0.0.1:{port}", page=page_id)
        gone.result(timeout=30)


def interrupt_the_next_start(monkeypatch: pytest.MonkeyPatch, after: threading.Event) -> None:
    """As soon as its task has come so far, and before its starter knows the task."""
    start = BlockingPortal.start_task_soon

    def interrupted(*about: Any, **named: Any) -> None:
        monkeypatch.setattr(BlockingPortal, "start_task_soon", start)
        start(*about, **named)
        assert after.wait(30)
        raise KeyboardInterrupt

    monkeypatch.setattr(BlockingPortal, "start_task_soon", interrupted)


def test_a_connect_that_is_interrupted_at_its_start_leaves_nobody(
    server: ServerProcess, page_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "DIAL_S", float("inf"))
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        come = threading.Event()

        def answer_nothing() -> None:
            connection, _ = listener.accept()
            with connection:
                while connection.recv(4_096):
                    come.set()

        with crdtchat.connect_blocking(server.url, page=page_id):  # the thread is there
            gone = pool.submit(answer_nothing)
            port = listener.getsockname()[1]
            interrupt_the_next_start(monkeypatch, come)
            with pytest.raises(KeyboardInterrupt):
                crdtchat.connect_blocking(f"http://127.0.0.1:{port}", page=page_id)
            gone.result(timeout=30)


def test_a_connect_that_is_interrupted_at_its_end_leaves_nobody(
    server: ServerProcess, page_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crdtchat.connect_blocking(server.url, page=page_id, name="Ann") as ann:
        asked, come = threading.Event(), threading.Event()

        def two_are_here(page: Page) -> bool:
            asked.set()
            if page.people_count == 2:
                come.set()
            return come.is_set()

        with ThreadPoolExecutor(1) as pool:
            seen = pool.submit(ann.wait_for, two_are_here)
            assert asked.wait(30)
            interrupt_the_next_start(monkeypatch, come)
            with pytest.raises(KeyboardInterrupt):
                crdtchat.connect_blocking(server.url, page=page_id, name="Bob")
            seen.result(timeout=30)
        ann.wait_for(lambda page: page.people_count == 1, timeout=30)


def test_a_wait_that_is_interrupted_at_its_start_ends(
    server: ServerProcess, page_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crdtchat.connect_blocking(server.url, page=page_id) as page:
        asked: list[int] = []
        come = threading.Event()

        def condition(page: Page) -> bool:
            asked.append(len(page.annotations))
            come.set()
            return False

        interrupt_the_next_start(monkeypatch, come)
        with pytest.raises(KeyboardInterrupt):
            page.wait_for(condition)
        page.annotate("words", "nobody waits for")
        page.wait_saved()
        assert 1 not in asked


def test_a_forgotten_page_is_left(server: ServerProcess, page_id: str) -> None:
    with crdtchat.connect_blocking(server.url, page=page_id, name="Ann") as ann:
        bob = crdtchat.connect_blocking(server.url, page=page_id, name="Bob")
        ann.wait_for(lambda page: page.people_count == 2)
        del bob
        gc.collect()
        ann.wait_for(lambda page: page.people_count == 1)


def test_all_pages_share_one_thread(server: ServerProcess, page_id: str) -> None:
    with crdtchat.connect_blocking(server.url, page=page_id):
        before = threading.active_count()
        with crdtchat.connect_blocking(server.url, page=page_id):
            assert threading.active_count() == before


async def test_inside_a_running_event_loop(server: ServerProcess, page_id: str) -> None:
    """As in a notebook, whose cells run inside the kernel's loop."""
    with crdtchat.connect_blocking(server.url, page=page_id) as page:
        page.annotate("words", "from a cell")
        page.wait_saved()


EXIT = """
import sys, crdtchat
page = crdtchat.connect_blocking(sys.argv[1], page=sys.argv[2], name="Script")
page.annotate("words", "written at the end")
"""


def test_a_script_that_just_ends_has_saved(server: ServerProcess, page_id: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXIT, server.url, page_id],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    with crdtchat.connect_blocking(server.url, page=page_id) as page:
        assert [annotation.text for annotation in page.annotations] == ["written at the end"]


UNSAVED = """
import crdtchat
async def hurry(page):
    page.flush_s = 0
pages = [crdtchat.connect_blocking("http://127.0.0.1:9", page=name, name="Ann") for name in "ab"]
for count, page in enumerate(pages, 1):
    page.call(hurry)
    for _ in range(count):
        page.annotate("words", "never sent")
"""


def test_a_script_that_just_ends_tells_of_all_that_is_not_saved() -> None:
    done = subprocess.run([sys.executable, "-c", UNSAVED], capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if line.startswith("crdtchat.client.errors.")]
    assert sorted(line.partition(": ")[2][0] for line in told) == ["1", "2"]


FORK = """
import os, sys, crdtchat
page = crdtchat.connect_blocking(sys.argv[1], page=sys.argv[2], name="Parent")
child = os.fork()
if child == 0:
    try:
        page.annotate("words", "in the wrong process")
    except RuntimeError:
        pass
    with crdtchat.connect_blocking(sys.argv[1], page=sys.argv[2], name="Child") as own:
        own.annotate("words", "child")
    page.close()
    with page:
        pass
    sys.exit(0)
_, status = os.waitpid(child, 0)
page.annotate("words", "parent")
page.close()
sys.exit(status)
"""


def test_a_forked_child_has_a_thread_of_its_own(server: ServerProcess, page_id: str) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK]
    subprocess.run([*command, server.url, page_id], check=True)
    with crdtchat.connect_blocking(server.url, page=page_id) as page:
        assert {annotation.text for annotation in page.annotations} == {"child", "parent"}
