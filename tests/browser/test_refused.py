"""What the server does not take comes back with a reason, and the text stays (E1, E2, B7)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.server_process import ServerProcess

OPERATION, BATCH = 65, 66


def page(site: Site, server: ServerProcess, page_id: str) -> str:
    return site.page("/refused", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")


class Line:
    """The wire between a page and the real server, with a hand on it."""

    def __init__(self) -> None:
        self.hold = False
        self.forge: Callable[[bytes], bytes] = lambda frame: frame
        self._held: list[bytes | str] = []
        self._route: WebSocketRoute | None = None

    def __call__(self, route: WebSocketRoute) -> None:
        self._route = route
        server = route.connect_to_server()

        def to_server(frame: bytes | str) -> None:
            forged = (
                self.forge(frame) if isinstance(frame, bytes) and frame[0] == OPERATION else frame
            )
            server.send(forged)

        def to_page(frame: bytes | str) -> None:
            if self.hold and frame[0] == BATCH:
                self._held.append(frame)
            else:
                route.send(frame)

        route.on_message(to_server)
        server.on_message(to_page)

    def let_go(self) -> None:
        assert self._route is not None
        self.hold = False
        for frame in self._held:
            self._route.send(frame)
        self._held.clear()


def test_a_reply_to_what_was_deleted_becomes_a_draft(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    bob = readers(url)
    bob.annotate("every ship", "Soon gone", "Bob")
    bob.expect_live()
    bob.close()
    bob.annotate("steel pen", "This stays")
    bob.expect_live()

    line = Line()
    ann = readers("about:blank")
    ann.page.route_web_socket(re.compile("/sync/"), line)
    ann.page.goto(url)
    ann.open("steel pen")
    ann.reply("I am here", "Ann")
    ann.expect_live()
    ann.close()
    ann.open("every ship")
    # She does not hear of the deletion before her reply is on its way.
    line.hold = True
    bob.close()
    bob.open("every ship")
    bob.do("Soon gone", "Delete")
    bob.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    bob.expect_live()
    ann.type("A long and careful answer")
    ann.page.keyboard.press("Control+Enter")
    line.let_go()
    expect(ann.page.locator(".notice")).to_contain_text("deleted meanwhile")
    ann.expect_painted("steel pen")
    ann.show_panel()
    expect(ann.panel.locator(".drafts")).to_contain_text("A long and careful answer")
    expect(ann.panel.locator(".drafts")).to_contain_text("deleted meanwhile")
    ann.expect_live()

    # She is not forked: what she writes next is taken.
    ann.rows.filter(has_text="steel pen").click()
    ann.reply("Still here")
    ann.expect_live()
    bob.open("steel pen")
    expect(bob.comment("Still here")).to_be_visible()


def test_a_discussion_that_goes_while_it_is_read_says_so(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """What was being written in it stays, and is not offered to be continued where that is gone."""
    url = page(site, server, page_id)
    bob = readers(url)
    bob.annotate("every ship", "Soon gone", "Bob")
    bob.close()
    bob.annotate("steel pen", "This stays")
    bob.reply("This goes")
    bob.expect_live()
    ann = readers(url)
    ann.open("every ship")
    ann.type("A long and careful answer")
    # In another window Bob writes on in what he deletes in this one.
    other = readers(url, beside=bob)
    other.open("steel pen")
    other.do("This goes", "Edit")
    other.page.get_by_label("Edit", exact=True).fill("This goes on")

    def delete(text: str) -> None:
        bob.do(text, "Delete")
        asked = bob.page.get_by_role("alertdialog")
        asked.get_by_role("button", name="Delete").click()

    bob.front()
    delete("This goes")
    bob.close()
    bob.open("every ship")
    delete("Soon gone")
    bob.expect_live()
    notice = ann.page.locator(".notice")
    expect(notice).to_have_text("This discussion was removed. Your text is kept with your drafts.")
    expect(ann.card).to_have_count(0)
    for reader, text in ((ann, "A long and careful answer"), (other, "This goes on")):
        reader.front()
        reader.show_panel()
        draft = reader.panel.locator(".drafts li", has_text=text)
        expect(draft.get_by_role("button")).to_have_text(["Copy text", "Discard"])
    expect(bob.page.locator(".notice")).to_have_count(0)


def test_a_forged_operation_is_refused_and_reaches_nobody(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    bob = readers(url)
    bob.annotate("every ship", "Mine", "Bob")
    bob.expect_live()
    bob_id = bob.page.evaluate("chat.annotations[0].author").encode()

    line = Line()
    ann = readers("about:blank")
    ann.expected = ["the server refused the connection"]
    # The hand on the wire passes on what the page said before it heard that the server has closed.
    ann.expected += ["already in CLOSING or CLOSED state"]
    ann.page.route_web_socket(re.compile("/sync/"), line)
    ann.page.goto(url)
    ann.open("every ship")
    ann.reply("As myself", "Ann")
    ann.expect_live()
    expect(bob.comment("As myself")).to_be_visible()
    ann_id = ann.page.evaluate("chat.annotations[0].comments[1].author").encode()
    assert len(ann_id) == len(bob_id)
    line.forge = lambda frame: frame.replace(ann_id, bob_id)
    ann.type("As somebody else")
    ann.page.keyboard.press("Control+Enter")
    ann.expect_state("Not connected")
    line.forge = lambda frame: frame
    ann.page.get_by_role("button", name="Try again").click()
    ann.expect_live()
    expect(ann.comments).to_have_count(2)
    expect(bob.comments).to_have_count(2)
    ann.close()
    ann.show_panel()
    expect(ann.panel.locator(".drafts")).to_contain_text("As somebody else")


def test_a_machine_whose_clock_is_ahead(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """The server refuses what is dated ahead: the widget dates by the server's clock (PROTOCOL 4)."""
    url = page(site, server, page_id)
    ann, bob = readers("about:blank"), readers(url)
    ann.page.clock.install(time=time.time() + 86_400)
    ann.page.goto(url)
    ann.page.clock.resume()
    ann.annotate("every ship", "From tomorrow", "Ann")
    ann.expect_live()
    bob.open("every ship")
    expect(bob.comment("From tomorrow")).to_contain_text("now")
    expect(ann.comment("From tomorrow")).to_contain_text("now")
    # What it learned holds for what is written before the next welcome.
    ann.page.reload()
    ann.expect_painted("every ship")
    ann.offline()
    ann.expect_state("Offline")
    ann.open("every ship")
    ann.reply("Also from tomorrow")
    ann.offline(False)
    ann.expect_live()
    expect(bob.comment("Also from tomorrow")).to_be_visible()


def test_who_tries_again_keeps_the_focus(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Also when the button goes, as it is of no use any more."""
    ann = readers("about:blank")
    ann.expected = ["the server refused the connection"]
    closed = True

    def door(socket: WebSocketRoute) -> None:
        if closed:
            socket.close(code=4403, reason="not yet")
        else:
            socket.connect_to_server()

    ann.page.route_web_socket(re.compile("/sync/"), door)
    ann.page.goto(page(site, server, page_id))
    again = ann.page.get_by_role("button", name="Try again")
    again.press("Enter")
    ann.expect_state("Not connected")
    expect(again).to_be_focused()
    closed = False
    again.press("Enter")
    ann.expect_live()
    expect(ann.bar.locator(".open-panel")).to_be_focused()


def test_a_page_id_that_is_too_long_is_called_so(
    readers: OpenReader, site: Site, server: ServerProcess
) -> None:
    """The server reads no address that long, and cannot say so to a socket."""
    for number, letter in enumerate("x語"):
        ann = readers("about:blank")
        ann.expected = ["the server refused the connection: .* too long"]
        ann.page.goto(
            site.page(
                f"/long-{number}",
                server.url,
                f"{{tenantId: 'demo', urlId: {letter!r}.repeat(20_000)}}",
            )
        )
        ann.expect_state("Not connected")
        ann.page.get_by_role("button", name="Try again").click()
        ann.expect_state("Not connected")
        assert any("too long" in text for text in ann._complaints)
