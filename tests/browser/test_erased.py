"""A page that was erased in part while its readers were there, or away (E8)."""

from __future__ import annotations

import subprocess
import sys

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.browser.waiting import wait_until
from tests.server_process import ServerProcess

MARK = "vanish-7Q4K9XW2"
# The text of everything that this browser keeps for the site: IndexedDB and localStorage.
KEPT = """async (mark) => {
  const db = await new Promise((done) => {
    const open = indexedDB.open("crdtchat");
    open.onsuccess = () => done(open.result);
  });
  const all = (store) => new Promise((done) => {
    const request = db.transaction(store).objectStore(store).getAll();
    request.onsuccess = () => done(request.result);
  });
  const rows = [...await all("replica"), ...await all("outbox")];
  db.close();
  const text = (row) => row.update ? new TextDecoder().decode(row.update) : JSON.stringify(row);
  return rows.some((row) => text(row).includes(mark)) || JSON.stringify(localStorage).includes(mark);
}"""


def test_the_erased_leaves_every_browser_and_unsent_words_stay(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/erased", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")
    ann, bob = readers(url), readers(url)
    ann.annotate("every ship", f"First {MARK}", "Ann")
    ann.close()
    ann.annotate("steel pen", "What stays")
    ann.expect_live()
    bob.open("every ship")
    bob.reply(f"Hello {MARK}", "Bob")
    bob.close()
    bob.expect_painted("every ship", "steel pen")
    doomed = next(event["aid"] for event in bob.news() if event["kind"] == "new-text-chat")
    for reader in (ann, bob):
        wait_until(reader.page, KEPT, MARK)

    bob.offline()
    bob.expect_state("Offline")
    bob.annotate("eleven minutes", "Written offline")

    command = [sys.executable, "-m", "crdtchat", "erase", "--tenant", "demo", "--yes"]
    command += ["--page", page_id, "--annotation", str(doomed), "--data", str(server.data)]
    subprocess.run(command, check=True, capture_output=True)

    ann.expect_painted("steel pen")
    bob.offline(False)
    bob.expect_live()
    for reader in (ann, bob):
        reader.expect_painted("steel pen", "eleven minutes")
        wait_until(reader.page, f"async (mark) => !await ({KEPT})(mark)", MARK)
    ann.close()
    ann.open("eleven minutes")
    expect(ann.comment("Written offline")).to_be_visible()
