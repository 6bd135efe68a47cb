"""What befalls a browser, done to a real one: its disk, its tabs, its sleep, its token.

Each fault is a function that ends when all is well again and fails with an AssertionError if words are lost, doubled,
or kept otherwise than is told. `tests/browser/test_faults.py` does each once, `python -m tests.reliability browser`
the races again and again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from playwright.sync_api import (
    BrowserContext,
    CDPSession,
    Page,
    expect,
)

from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import Site
from tests.browser.slow_line import SlowLine
from tests.browser.waiting import wait_until
from tests.server_process import ServerProcess

TENANT = "acme"
HOUR_MS = 3_600_000
EMPTY = "<!doctype html><title>Empty</title>"
LINE_DOWN = ["WebSocket connection to .* failed", "ERR_"]

# A function of a page that answers what the database holds, or -1 if there is none; it makes none itself.
COUNT = """(store) => new Promise((done) => {
  const open = indexedDB.open("crdtchat");
  open.onupgradeneeded = () => open.transaction.abort();
  open.onerror = () => done(-1);
  open.onsuccess = () => {
    const count = open.result.transaction(store).objectStore(store).count();
    count.onsuccess = () => { open.result.close(); done(count.result); };
  };
})"""

DELETE = """() => new Promise((done) => {
  const asked = indexedDB.deleteDatabase("crdtchat");
  asked.onblocked = () => done("blocked");
  asked.onsuccess = () => done("deleted");
})"""

# A newer version of the widget has been here.
UPGRADE = """() => new Promise((done) => {
  const open = indexedDB.open("crdtchat", 2);
  open.onsuccess = () => { open.result.close(); done(); };
})"""

DAMAGE = """(page) => new Promise((done) => {
  const open = indexedDB.open("crdtchat");
  open.onsuccess = () => {
    const transaction = open.result.transaction(["replica", "outbox"], "readwrite");
    const replica = transaction.objectStore("replica");
    replica.add({page, epoch: 1, sequence: 1, update: Uint8Array.of(1, 3, 200, 7, 7, 7)});
    const outbox = transaction.objectStore("outbox");
    outbox.put({page, broadcastId: "x", tab: "gone", operation: "not one"});
    outbox.put({page, broadcastId: "y", tab: "gone"});
    outbox.put({page, broadcastId: "z", tab: "gone", operation: {broadcastId: "z", user: 7, at: 1, intents: [{}]}});
    transaction.oncomplete = () => { open.result.close(); done(); };
  };
})"""


@dataclass(slots=True)
class Stage:
    """Where a fault happens: a server, a line to it that can be cut, and a site that is always there."""

    readers: OpenReader
    site: Site
    server: ServerProcess
    line: SlowLine
    page_id: str

    def page(self, name: str = "ann", more: str = "", *, direct: bool = False) -> str:
        """The address of a page whose widget reaches the server over the line, unless `direct`."""
        over = self.server.url if direct else self.line.url
        options = f"{{tenantId: {TENANT!r}, urlId: {self.page_id!r}, serverUrl: {over!r}{more}}}"
        return self.site.page(f"/{name}", self.server.url, options)

    def ann(self, *, beside: Reader | None = None, url: str = "") -> Reader:
        """She writes; her line is the one that is cut."""
        ann = self.readers(url or self.page(), beside=beside)
        ann.expected = [*LINE_DOWN]
        return ann

    def bob(self) -> Reader:
        """He sees what has reached the server."""
        return self.readers(self.page("bob", direct=True))

    def empty(self, beside: Reader) -> Page:
        """A page of the same origin without the widget."""
        page = beside.page.context.new_page()
        page.goto(self.site.add("/empty", EMPTY))
        return page

    @property
    def key(self) -> str:
        """Under which the page's rows are kept."""
        return f'["{self.line.url}","{TENANT}","{self.page_id}"]'

    def entries(self) -> tuple[int, int]:
        """Of people in the server's log of the page: how many operations, how many different ones."""
        with closing(sqlite3.connect(self.server.data / "crdtchat.sqlite3")) as database:
            row: tuple[int, int] = database.execute(
                "SELECT count(*), count(DISTINCT broadcast_id) FROM entry JOIN document ON document.id = document_id "
                "WHERE page = ? AND principal != ''",
                [self.page_id],
            ).fetchone()
        return row


def expect_kept(page: Page, count: int) -> None:
    """So many unsent operations are on the browser's disk."""
    wait_until(page, f"async (count) => (await ({COUNT})('outbox')) === count", count)


def expect_copy(page: Page, there: bool = True) -> None:
    """A copy of the discussions is on the browser's disk, in however many rows, or none is."""
    wait_until(page, f"async (there) => ((await ({COUNT})('replica')) > 0) === there", there)


def nudge(context: BrowserContext) -> None:
    """The system says that there is a network again: pages try at once."""
    context.set_offline(True)
    context.set_offline(False)


def storage(page: Page, site: Site) -> Callable[..., None]:
    """What the browser's own tools do to the storage of the site."""
    tools: CDPSession = page.context.new_cdp_session(page)

    def do(command: str, **more: object) -> None:
        tools.send(f"Storage.{command}", {"origin": site.origin, **more})

    return do


def begun(stage: Stage) -> tuple[Reader, Reader]:
    """Ann has written, Bob reads along."""
    ann = stage.ann()
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    bob = stage.bob()
    bob.open("every ship")
    expect(bob.comments).to_have_count(1)
    return ann, bob


def cut(stage: Stage, *windows: Reader) -> None:
    """Nothing reaches the server until the line is mended."""
    stage.line.cut()
    for window in windows:
        window.expect_state("Offline")


def texts(window: Reader) -> list[str]:
    """Of all comments, in order."""
    found: list[str] = window.page.evaluate(
        "chat.annotations.flatMap((one) => one.comments.map(({text}) => text))"
    )
    return found


def expect_texts(window: Reader, *wanted: str) -> None:
    """Exactly these, in any order."""
    window.page.wait_for_function(
        """(wanted) => JSON.stringify(chat.annotations.flatMap((one) => one.comments.map(({text}) => text)).sort())
          === JSON.stringify(wanted)""",
        arg=sorted(wanted),
    )


def full(stage: Stage) -> None:
    """There is no room in the browser: words are sent, what is not kept is told, and kept when there is room."""
    # Before it opens its database: after that Chromium asks for its room once in a while only.
    ann = stage.ann(url=stage.site.add("/empty", EMPTY))
    do = storage(ann.page, stage.site)
    do("overrideQuotaForOrigin", quotaSize=1)
    ann.page.goto(stage.page())
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    bob = stage.bob()
    bob.open("every ship")
    ann.reply("Sent at once")
    ann.expect_live()
    expect(bob.comment("Sent at once")).to_be_visible()
    expect(ann.page.locator(".notice")).to_have_count(0)

    cut(stage, ann)
    ann.reply("Only on the page")
    expect(ann.page.locator(".notice")).to_contain_text("cannot keep what you write")
    ann.expect_state("Keep open · 1 unsent")
    with ann.page.expect_event("dialog") as asked:
        ann.page.once("dialog", lambda dialog: dialog.dismiss())
        ann.page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"

    do("overrideQuotaForOrigin")
    ann.reply("With room again")
    ann.expect_state("Offline · 2 unsent")
    expect_kept(ann.page, 2)
    tab = stage.ann(beside=ann)
    ann.page.close()
    tab.expect_state("Offline · 2 unsent")
    stage.line.mend()
    nudge(tab.page.context)
    tab.expect_live()
    expect_texts(bob, "First", "Sent at once", "Only on the page", "With room again")
    expect_kept(tab.page, 0)


def deleted(stage: Stage) -> None:
    """The database goes while the page stands, in three ways: what is unsent is kept anew, and nobody waits."""
    ann, bob = begun(stage)
    cut(stage, ann)
    ann.reply("Before")
    expect_kept(ann.page, 1)
    storage(ann.page, stage.site)("clearDataForOrigin", storageTypes="indexeddb")
    expect_kept(ann.page, 1)
    empty = stage.empty(ann)
    assert empty.evaluate(DELETE) == "deleted", "the widget let go of it"
    expect_kept(ann.page, 1)
    ann.reply("Between")
    expect_kept(ann.page, 2)
    empty.close()
    tab = stage.ann(beside=ann)
    ann.page.close()
    tab.expect_state("2 unsent")
    stage.line.mend()
    nudge(tab.page.context)
    tab.expect_live()
    expect_texts(bob, "First", "Before", "Between")
    # A newer version of the widget has been here: the older one cannot keep anything, and says so.
    stage.empty(tab).evaluate(UPGRADE)
    cut(stage, tab)
    tab.open("every ship")
    tab.reply("Old and new")
    tab.expect_state("Keep open · 1 unsent")
    stage.line.mend()
    nudge(tab.page.context)
    tab.expect_live()
    expect_texts(bob, "First", "Before", "Between", "Old and new")


def damaged(stage: Stage) -> None:
    """Records that nobody can read: the others are read, and the server's replace what was copied of them."""
    ann, bob = begun(stage)
    expect_copy(ann.page)
    cut(stage, ann)
    ann.reply("Whole")
    expect_kept(ann.page, 1)
    empty = stage.empty(ann)
    ann.page.close()
    empty.evaluate(DAMAGE, stage.key)
    ann = stage.ann(beside=ann, url=stage.page())
    ann.expect_state("1 unsent")
    ann.expect_painted("every ship")
    stage.line.mend()
    nudge(ann.page.context)
    ann.expect_live()
    expect_texts(bob, "First", "Whole")
    expect_texts(ann, "First", "Whole")
    expect_copy(empty)


def evicted(stage: Stage) -> None:
    """The browser has thrown everything away between two visits: the next one begins with what the server has."""
    ann, bob = begun(stage)
    expect_copy(ann.page)
    empty = stage.empty(ann)
    clear = storage(empty, stage.site)
    ann.page.close()
    clear("clearDataForOrigin", storageTypes="all")
    ann = stage.ann(beside=ann)
    ann.expect_live()
    ann.open("every ship")
    expect_texts(ann, "First")
    ann.reply("Back", "Ann")
    ann.expect_live()
    expect_texts(bob, "First", "Back")

    cut(stage, ann)
    ann.reply("Gone with the rest")
    expect_kept(empty, 1)
    ann.page.close()
    clear("clearDataForOrigin", storageTypes="all")
    stage.line.mend()
    ann = stage.ann(beside=ann)
    ann.expect_live()
    expect(ann.page.locator(".link")).to_have_text("Live")
    expect_texts(ann, "First", "Back")
    ann.open("every ship")
    ann.reply("Alive", "Ann")
    ann.expect_live()
    expect_texts(bob, "First", "Back", "Alive")
