"""Applications that move the element about (C3)."""

from __future__ import annotations

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.server_process import ServerProcess

def page(site: Site, server: ServerProcess, page_id: str) -> str:
    return site.page("/away", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")


def test_an_element_that_is_moved_keeps_its_marks(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """As a framework does that gives it other neighbours: to the browser it was away for a moment."""
    ann = readers(site.page("/moved", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}"))
    ann.annotate("every ship", "First", "Ann")
    ann.close()
    ann.expect_painted("every ship")
    for move in (
        "document.querySelector('main').append(document.querySelector('article'))",
        "document.body.prepend(document.querySelector('main'))",
    ):
        ann.page.evaluate(move)
        ann.expect_painted("every ship")
    ann.open("every ship")
    ann.reply("Second")
    ann.expect_live()
