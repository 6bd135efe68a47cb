"""What pages do to a widget in them, and what it does to them (A14)."""

from __future__ import annotations

from playwright.sync_api import WebSocket

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.server_process import ServerProcess


def page(site: Site, server: ServerProcess, page_id: str, more: str = "") -> str:
    return site.page("/host", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}, {more}}}")


def test_a_callback_that_throws_stops_nothing(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    throws = "commentCountUpdated: (count) => { throw new Error(`the host's own ${count}`); }"
    ann, bob = (
        readers(page(site, server, page_id, throws)),
        readers(site.page("/sane", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")),
    )
    ann.expected = ["the host's own"]
    ann.expect_live()
    again: list[WebSocket] = []
    ann.page.on("websocket", lambda socket: again.append(socket))
    bob.annotate("every ship", "First", "Bob")
    ann.expect_painted("every ship")
    ann.annotate("steel pen", "Second", "Ann")
    ann.expect_live()
    bob.reply("Third")
    ann.page.wait_for_function("chat.annotations[0].comments.length === 2")
    assert any("the host's own 3" in text for text in ann._complaints)
    assert len(again) == 1, "when she chose a name, and not for the host's mistakes"


FRAME = """<!doctype html><title>Framed</title><style>
  * {{ margin: 0 }}
  body {{ display: flex; flex-direction: column; justify-content: space-between; gap: 20px; height: 100vh }}
  body > * {{ position: relative; z-index: 1 }}
  * {{ letter-spacing: 4px; text-transform: uppercase }}
  header {{ position: fixed; z-index: 10; width: 100%; height: 80px; background: #dde }}
</style><body><header>A head</header><nav>Elsewhere</nav><main id="text">{text}</main><footer>A foot</footer>
<script src="{server}/crdtchat.js"></script>"""
PLACES = (
    "() => [...document.body.children].slice(0, 4).map((one) => one.getBoundingClientRect().top)"
)
MAKE = "(page) => { window.chat = CrdtChat(document.getElementById('text'), {tenantId: 'demo', urlId: page}); }"


ASKS = """() => {
  const leaving = new Event("beforeunload", {cancelable: true});
  dispatchEvent(leaving);
  return leaving.defaultPrevented;
}"""
