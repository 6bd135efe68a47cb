"""A page without an origin, as in a sandboxed frame or with storage forbidden: nothing is kept in the browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Response, expect

from tests.browser.conftest import OpenReader
from tests.browser.site import TEXT, Site
from tests.server_process import ServerProcess, running_server

REWORD = """() => {
  const [words] = document.querySelectorAll("article p");
  words.innerHTML = words.innerHTML.replace("wrote down", "noted");
}"""
CONFIG = '[tenants.demo]\nguests = "commenter"\norigins = ["null"]\n'


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One that lets such pages in."""
    home = tmp_path_factory.mktemp("server")
    config = home / "crdtchat.toml"
    config.write_text(CONFIG)
    with running_server(home / "data", ["--config", str(config)]) as running:
        yield running


def is_brought(answer: Response) -> bool:
    """Whether it is about a text of the page that the server has now."""
    return "/versions/" in answer.url and answer.request.method == "PUT" and answer.ok


def test_a_page_without_an_origin_has_all_but_storage(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page(
        "/sandboxed",
        server.url,
        f"{{tenantId: 'demo', urlId: {page_id!r}}}",
        body=TEXT,
        headers={"Content-Security-Policy": "sandbox allow-scripts"},
    )
    ann, bob = readers(url), readers(url)
    bob.expected = ["404"]  # he may ask for the page's text before she has brought it
    assert ann.page.evaluate("origin") == "null"
    with ann.page.expect_response(is_brought):
        ann.annotate("every ship", "All of them?", "Ann")
    ann.expect_live()
    bob.open("every ship")
    bob.reply("Each.", "Bob")
    bob.expect_live()
    expect(ann.comment("Each.")).to_be_visible()
    # What it is about is renewed when the page was edited, as anywhere.
    with ann.page.expect_response(is_brought):
        ann.page.evaluate(REWORD)
    for reader in (ann, bob):
        reader.page.wait_for_function("news.some(({ kind }) => kind === 'updated-text-chat')")
    ann.page.reload()
    expect(ann.bar).to_contain_text("1 discussion")
