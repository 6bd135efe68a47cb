"""Retention while people are there: what had its time goes from their screens and from the disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import crdtchat
from tests.places import places
from tests.server_process import ServerProcess, running_server
from tests.story.test_erasure import MARK, PAGE, SECRET

HELD = "https://example.org/case-7/held"
CONFIG = """
[tenants.demo]
guests = "viewer"
retention_days = 30
retention_holds = ["https://example.org/case-7/*"]
"""


@pytest.fixture
def anyio_backend() -> str:
    """The client's loop is not in question here."""
    return "asyncio"


def old_thread(page: str, text: str) -> dict[str, object]:
    """A thread that was resolved long ago, as an export has it."""
    ann = {"creator": {"type": "Person", "id": "ann"}, "created": "2020-01-01T00:00:00Z"}
    body = {"type": "TextualBody", "value": text, "format": "text/markdown"}
    selector = [{"type": "TextQuoteSelector", "exact": text[:40], "prefix": "", "suffix": ""}]
    return {
        **{"id": "old1", "type": "Annotation", **ann, "resolved": True, "resolution": ann},
        "target": {"source": page, "selector": selector},
        "comments": [{"id": "c001", "type": "Annotation", **ann, "body": body}],
    }


async def test_readers_see_it_go_and_the_disk_forgets(tmp_path: Path) -> None:
    config = tmp_path / "crdtchat.toml"
    config.write_text(CONFIG)
    with running_server(tmp_path / "data", ["--config", str(config)]) as server:
        token = server.token("ann", "owner")
        bring(server, tmp_path)
        async with crdtchat.connect(server.url, page=PAGE, token=token) as reader:
            assert [one.aid for one in reader.annotations] == ["old1"]
            new = await reader.annotate("words", "A thread of today")
            await reader.wait_saved()
            assert places(server.data, MARK)
            server.run("compact", "--tenant", "demo", "--config", str(config))
            await reader.wait_for(lambda page: page.annotation("old1") is None)
            assert [one.aid for one in reader.annotations] == [new]
            # They go on where they were, and what they write is kept.
            await reader.reply(new, "Still here")
            await reader.wait_saved()
        assert places(server.data, MARK) == []
        async with crdtchat.connect(server.url, page=HELD, token=token) as reader:
            assert [one.text for one in reader.annotations] == ["kept whatever its age"]
        lines = server.run("audit", "--tenant", "demo").splitlines()
        expired = [line for line in map(json.loads, lines) if line["action"] == "expire"]
        assert [(line["page"], line["target"], line["via"]) for line in expired] == [
            (PAGE, "old1", "command")
        ]


async def test_a_server_goes_round_when_it_starts(tmp_path: Path) -> None:
    config = tmp_path / "crdtchat.toml"
    config.write_text(CONFIG)
    with running_server(tmp_path / "data") as server:  # the demo keeps for ever
        token = server.token("ann", "owner")
        bring(server, tmp_path)
        server.kill()
    assert places(tmp_path / "data", MARK)
    with running_server(tmp_path / "data", ["--config", str(config)]) as server:
        async with crdtchat.connect(server.url, page=PAGE, token=token) as reader:
            await reader.wait_for(lambda page: not page.annotations)
        # It may be writing the file anew still; the command waits for it, or does it.
        server.run("compact", "--tenant", "demo", "--config", str(config))
        assert places(server.data, MARK) == []


def bring(server: ServerProcess, folder: Path) -> None:
    """Old threads, as if they had been here all the time."""
    file = folder / "old.json"
    file.write_text(
        json.dumps([old_thread(PAGE, SECRET), old_thread(HELD, "kept whatever its age")])
    )
    server.run("import", "--tenant", "demo", "--restore", str(file))
