"""Annotations of another program (C4): marked where their words stand, and told apart from words written here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.server_process import ServerProcess

ROWS = [
    {
        "id": "h1",
        "created": "2024-05-01T10:00:00Z",
        "updated": "2024-05-01T10:00:00Z",
        "user": "acct:kim@hypothes.is",
        "text": "with a quote and nothing else",
        "uri": "https://example.org/lighthouse",
        "target": [
            {"selector": [{"type": "TextQuoteSelector", "exact": "never crossed anything out"}]}
        ],
    },
    {
        "id": "h2",
        "created": "2024-05-01T11:00:00Z",
        "updated": "2024-05-01T11:00:00Z",
        "user": "acct:kim@hypothes.is",
        "text": "about words that are gone",
        "uri": "https://example.org/lighthouse",
        "target": [
            {"selector": [{"type": "TextQuoteSelector", "exact": "rowed ashore for tobacco"}]}
        ],
    },
]


def test_imported_annotations_are_marked_and_say_where_they_come_from(
    server: ServerProcess, site: Site, readers: OpenReader, page_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "rows.json"
    file.write_text(json.dumps({"rows": ROWS}), encoding="utf-8")
    subprocess.run(
        [
            *(sys.executable, "-m", "crdtchat", "import", "--data", str(server.data)),
            *("--tenant", "demo", "--page", page_id, str(file)),
        ],
        check=True,
        capture_output=True,
    )
    reader = readers(
        site.page("/imported", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")
    )
    reader.expect_painted("never crossed anything out")
    reader.open("never crossed anything out")
    comment = reader.comment("with a quote and nothing else")
    expect(comment.locator(".imported")).to_contain_text("imported")
    expect(comment.locator(".imported")).to_have_attribute(
        "title", "Brought in from elsewhere: nobody here vouches for the name"
    )
    reader.annotate("steel pen", "written here", "Ann")
    expect(reader.comment("written here").locator(".imported")).to_have_count(0)
