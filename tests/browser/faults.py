"""What befalls a browser, done to a real one: its disk, its tabs, its sleep, its token.

Each fault is a function that ends when all is well again and fails with an AssertionError if words are lost, doubled,
or kept otherwise than is told. `tests/browser/test_faults.py` does each once, `python -m tests.reliability browser`
the races again and again.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import jwt
from playwright.sync_api import (
    BrowserContext,
    CDPSession,
    Error,
    Page,
    Playwright,
    WebSocket,
    expect,
)

from tests.browser.conftest import FLAGS, SECRET, OpenReader, chromium, opened_windows
from tests.browser.reader import Reader
from tests.browser.site import Site
from tests.browser.slow_line import SlowLine
from tests.reliability.machine import Machine, Shim
from tests.server_process import ServerProcess

TENANT = "acme"
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


def expect_kept(page: Page, count: int, store: str = "outbox") -> None:
    """So many rows are on the browser's disk."""
    page.wait_for_function(
        f"async ([store, count]) => (await ({COUNT})(store)) === count", arg=[store, count]
    )


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
    expect_kept(ann.page, 1, "replica")
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
    expect_kept(empty, 1, "replica")


def evicted(stage: Stage) -> None:
    """The browser has thrown everything away between two visits: the next one begins with what the server has."""
    ann, bob = begun(stage)
    expect_kept(ann.page, 1, "replica")
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


RELOAD = "setTimeout(() => location.reload())"


def race(stage: Stage, rounds: int, seed: int = 0) -> int:
    """Two tabs with words waiting meet again in one moment, in many ways; answers how many operations there were."""
    chance = random.Random(seed)
    ann, bob = begun(stage)
    written = ["First"]
    tabs = [ann, stage.ann(beside=ann)]
    for number in range(rounds):
        for tab in tabs:
            tab.expect_live()
        stage.line.cut()
        for name, tab in enumerate(tabs):
            tab.expect_state("Offline")
            tab.front()
            tab.open("every ship")
            for part in range(chance.randint(1, 2)):
                written.append(f"{number} of tab {name}, {part}")
                tab.reply(written[-1])
        for tab in tabs:
            expect_texts(tab, *written)
        expect_kept(tabs[0].page, len(written) - len(texts(bob)))
        tabs = MEETINGS[number % len(MEETINGS)](stage, tabs, chance)
        for window in (*tabs, bob):
            expect_texts(window, *written)
        for tab in tabs:
            tab.expect_live()
        expect_kept(tabs[0].page, 0)
    assert stage.entries() == (len(written), len(written))
    return len(written)


def both_come_back(stage: Stage, tabs: list[Reader], chance: random.Random) -> list[Reader]:
    stage.line.mend()
    nudge(tabs[0].page.context)
    return tabs


def both_load_anew(stage: Stage, tabs: list[Reader], chance: random.Random) -> list[Reader]:
    for tab in tabs:
        tab.page.evaluate(RELOAD)
    tabs[0].page.wait_for_timeout(chance.random() * 100)
    stage.line.mend()
    return tabs


def one_closes(stage: Stage, tabs: list[Reader], chance: random.Random) -> list[Reader]:
    stage.line.mend()
    nudge(tabs[0].page.context)
    gone = tabs.pop(chance.randrange(2))
    gone.page.close()
    return [*tabs, stage.ann(beside=tabs[0])]


def one_dies(stage: Stage, tabs: list[Reader], chance: random.Random) -> list[Reader]:
    dead = tabs.pop(chance.randrange(2))
    tabs[0].page.evaluate(RELOAD)
    stage.line.mend()
    with dead.page.expect_event("crash"):
        try:
            dead.page.goto("chrome://crash")
        except Error as error:
            assert "crash" in str(error)  # noqa: PT017
    dead.page.close()
    return [*tabs, stage.ann(beside=tabs[0])]


def both_close(stage: Stage, tabs: list[Reader], chance: random.Random) -> list[Reader]:
    empty = stage.empty(tabs[0])
    stage.line.mend()
    nudge(empty.context)
    for tab in tabs:
        tab.page.close()
    first = stage.ann(beside=tabs[0])
    second = stage.ann(beside=first)
    empty.close()
    return [first, second]


Meeting = Callable[[Stage, list[Reader], random.Random], list[Reader]]
MEETINGS: list[Meeting] = [both_come_back, both_load_anew, one_closes, one_dies, both_close]


HOUR_MS = 3_600_000


@contextmanager
def signing_machine(folder: Path) -> Iterator[Machine]:
    """A server whose clock can be set, with a tenant that knows its users by token and lets guests write."""
    (folder / "crdtchat.toml").write_text(
        f'[tenants.{TENANT}]\nguests = "commenter"\nsecret = "{SECRET}"\norigins = ["*"]\n'
    )
    machine = Machine(folder, ["--config", str(folder / "crdtchat.toml")])
    machine.server.start()
    try:
        yield machine
    finally:
        machine.server.kill()


class Laptop:
    """A Chromium of its own, whose processes stand still while its lid is closed and whose clock can be set."""

    def __init__(self, playwright: Playwright, folder: Path) -> None:
        self._shim = Shim(folder)
        self._mark = f"CRDTCHAT_SHIM={folder}".encode()
        environment: dict[str, str | float | bool] = {**self._shim.environment}
        self.browser = playwright.chromium.launch(
            executable_path=chromium(), args=FLAGS, env=environment
        )

    def set_clock(self, milliseconds: int) -> None:
        """So far is its wall clock off."""
        self._shim.set(clock_ms=milliseconds)

    @contextmanager
    def lid_closed(self) -> Iterator[None]:
        """SIGSTOP, SIGCONT."""
        processes = [
            int(one.name)
            for one in Path("/proc").iterdir()
            if one.name.isdigit() and self._is_ours(one)
        ]
        assert len(processes) > 1, "a browser, and what draws its pages"
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def _is_ours(self, process: Path) -> bool:
        try:
            return self._mark in (process / "environ").read_bytes()
        except OSError:  # another user's, or gone
            return False


def asleep(stage: Stage, laptop: Laptop, seconds: float = 0.0) -> None:
    """An hour with the lid closed, a word on the way. `seconds`: of real sleep; without, the server is told at once
    what its heartbeat would find out."""
    laptop.set_clock(-HOUR_MS)
    with opened_windows(laptop.browser) as open_window:
        ann = open_window(stage.page())
        ann.expected = [*LINE_DOWN]
        ann.annotate("every ship", "First", "Ann")
        ann.expect_live()
        assert abs(ann.page.evaluate("Date.now()") - 1e3 * time.time() + HOUR_MS) < HOUR_MS / 2
        bob = stage.bob()
        bob.open("every ship")
        for window in (ann, bob):
            window.expect_people(2)
        connections: list[list[int]] = []

        def count(socket: WebSocket) -> None:
            sent: list[int] = []
            connections.append(sent)
            socket.on(
                "framesent", lambda frame: sent.append(frame[0] if isinstance(frame, bytes) else 0)
            )

        ann.page.on("websocket", count)
        stage.line.freeze()
        ann.reply("Closing the lid")
        expect_kept(ann.page, 1)
        with laptop.lid_closed():
            time.sleep(seconds)
            stage.line.forget()
            bob.expect_people(1)
            for number in range(3):
                bob.reply(f"You sleep, {number}", "Bob" if number == 0 else "")
            bob.expect_live()
            laptop.set_clock(0)
        ann.expect_live()
        for window in (ann, bob):
            expect_texts(
                window, "First", "Closing the lid", *(f"You sleep, {number}" for number in range(3))
            )
            window.expect_people(2)
        expect_kept(ann.page, 0)
        assert [sent.count(RESYNC) for sent in connections] == [1], (
            "one connection, and one question"
        )
        assert stage.entries() == (5, 5)


RESYNC = 70


def token(user: str, hours: float) -> str:
    """A commenter's, for so long."""
    claims = {
        "sub": user,
        "name": user.title(),
        "role": "commenter",
        "exp": int(time.time() + 3_600 * hours),
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")


ASK = ", sso: () => fetch('/token').then((answer) => answer.ok ? answer.text() : Promise.reject(answer.status))"


def expired(stage: Stage, machine: Machine) -> None:
    """A token runs out while its owner writes offline; the words wait for a good one, over a reload too."""
    site = stage.site
    site.add("/token", token("zoe", 0.5), kind="text/plain")
    zoe = stage.ann(url=stage.page("zoe", ASK))
    zoe.annotate("every ship", "First")
    zoe.expect_live()
    bob = stage.bob()
    bob.open("every ship")

    # The host page cannot tell a new one: its own sign-in ran out as well.
    cut(stage, zoe)
    zoe.reply("In the tunnel")
    expect_kept(zoe.page, 1)
    machine.set_clock(HOUR_MS)
    site.remove("/token")
    zoe.expected += ["404", "the page gave no token"]
    with zoe.page.expect_response("**/token"):
        stage.line.mend()
        nudge(zoe.page.context)
    zoe.expect_state("1 unsent")
    zoe.page.reload()
    zoe.open("every ship")
    expect(zoe.comment("In the tunnel")).to_be_visible()
    zoe.expect_state("1 unsent")
    site.add("/token", token("zoe", 2), kind="text/plain")
    nudge(zoe.page.context)
    zoe.expect_live()
    expect_texts(bob, "First", "In the tunnel")

    # A page whose token is a text can get no other: it says so, and the next page sends what waits.
    cut(stage, zoe)
    zoe.reply("In the next")
    expect_kept(zoe.page, 1)
    machine.set_clock(3 * HOUR_MS)
    stage.line.mend()
    zoe.expected.append("the server refused the connection")
    zoe.page.goto(stage.page("fixed", f", sso: {token('zoe', 2)!r}"))
    zoe.expect_state("Sign in to take part")
    zoe.open("every ship")
    expect(zoe.comment("In the next")).to_be_visible()
    zoe.page.goto(stage.page("again", f", sso: {token('zoe', 4)!r}"))
    zoe.expect_live()
    expect_texts(bob, "First", "In the tunnel", "In the next")
    expect_kept(zoe.page, 0)
    assert stage.entries() == (3, 3)
    machine.set_clock(0)


def forgotten(stage: Stage, machine: Machine) -> None:
    """The server knows a guest no more: what they wrote offline becomes a draft of whom they are now."""
    ann = stage.ann(url=stage.page("guest"))
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    cut(stage, ann)
    ann.reply("As who I was")
    expect_kept(ann.page, 1)
    machine.server.kill()
    with closing(sqlite3.connect(machine.server.data / "crdtchat.sqlite3")) as database, database:
        database.execute("DELETE FROM secret WHERE name = 'guest-tokens'")
    machine.server.restart()
    # Of a page version that she owed: she is not its author any more.
    ann.expected.append("409")
    stage.line.mend()
    nudge(ann.page.context)
    ann.expect_live()
    expect_texts(ann, "First")
    expect_kept(ann.page, 0)
    ann.page.reload()
    ann.expect_live()
    ann.show_panel()
    expect(ann.panel.locator(".drafts")).to_contain_text("As who I was")
    expect(ann.panel.locator(".drafts")).to_contain_text("your sign-in ran out")
