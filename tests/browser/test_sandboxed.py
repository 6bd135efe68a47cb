"""A page without an origin, as in a sandboxed frame or with storage forbidden: nothing is kept in the browser."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.site import TEXT, Site
from tests.server_process import running_server

REWORD = """() => {
  const [words] = document.querySelectorAll("article p");
  words.innerHTML = words.innerHTML.replace("wrote down", "noted");
}"""
CONFIG = '[tenants.demo]\nguests = "commenter"\norigins = ["null"]\n'


def test_a_page_without_an_origin_has_all_but_storage(
    readers: OpenReader, site: Site, tmp_path: Path
) -> None:
    config = tmp_path / "crdtchat.toml"
    config.write_text(CONFIG)
    with running_server(tmp_path / "data", ["--config", str(config)]) as server:
        url = site.page(
            "/sandboxed",
            server.url,
            "{tenantId: 'demo', urlId: 'sandboxed'}",
            body=TEXT,
            headers={"Content-Security-Policy": "sandbox allow-scripts"},
        )
        ann, bob = readers(url), readers(url)
        assert ann.page.evaluate("origin") == "null"
        ann.annotate("every ship", "All of them?", "Ann")
        ann.expect_live()
        bob.open("every ship")
        bob.reply("Each.", "Bob")
        bob.expect_live()
        expect(ann.comment("Each.")).to_be_visible()
        # What it is about is renewed when the page was edited, as anywhere.
        ann.page.evaluate(REWORD)
        for reader in (ann, bob):
            reader.page.wait_for_function("news.some(({ kind }) => kind === 'updated-text-chat')")
        ann.page.reload()
        expect(ann.bar).to_contain_text("1 discussion")
