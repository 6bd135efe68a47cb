"""A page that cannot be read back, beside others: commands that go through all pages do the rest.

They stopped at it, and whoever was to be erased stayed on all pages that came behind.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import httpx
import pycrdt
import pytest

from crdtchat.access.directory import Directory
from crdtchat.access.tenants import Tenant
from crdtchat.document import rebuild
from crdtchat.document.schema import ROOTS
from crdtchat.host.damage import Damage
from crdtchat.host.folding import replica_of
from crdtchat.host.hub import Hub
from crdtchat.host.importing import import_items
from crdtchat.host.sources import Sources
from crdtchat.server.cli import main
from crdtchat.server.retention import keep_retention
from crdtchat.stores.base import Append, DocumentKey, Entry, StoreCorrupt
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync.session import Peer
from crdtchat.testing.store_contract import opened
from tests.server.conftest import Api
from tests.server_process import running_server

Capture = pytest.CaptureFixture[str]
PAGES = ("one", "bad", "two")
OLD = 1_600_000_000_000
DAMAGE = """UPDATE entry SET "update" = x'00' WHERE document_id =
    (SELECT id FROM document WHERE page = 'bad')"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three pages with a thread that was resolved long ago; that in the middle is damaged."""
    path = tmp_path / "data" / "crdtchat.sqlite3"
    anyio.run(fill, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute(DAMAGE).rowcount == 1
    return path


async def fill(path: Path) -> None:
    """Write the pages."""
    async with opened(SqliteStore(path)) as store:
        for page in PAGES:
            content: rebuild.Content = {root: {} for root in ROOTS}
            content["a"]["quiet"] = ("ann", OLD, "words", "", "", 0, 5)
            content["c"]["quiet/c001"] = ("ann", OLD, "a text of hers")
            content["s"]["quiet"] = (1, "ann", OLD)
            entry = Entry(rebuild.encode_content(content, 1), "ann", OLD)
            await store.append([Append(DocumentKey("demo", page), 1, 0, (entry,))])


async def read(path: Path) -> dict[str, tuple[int, set[str]]]:
    """Epoch and annotations of the pages that can be read."""
    found = {}
    async with opened(SqliteStore(path)) as store:
        for page in PAGES:
            key = DocumentKey("demo", page)
            if page == "bad":
                with pytest.raises(StoreCorrupt):
                    await store.load(key)
                continue
            loaded = await store.load(key)
            found[page] = (loaded.epoch, set(rebuild.read_content(replica_of(loaded))["a"]))
        assert not await store.unscrubbed()
    return found


def foreign(page: str, number: int) -> dict[str, object]:
    """An annotation of another program."""
    return {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "id": f"urn:{number}",
        "type": "Annotation",
        "creator": "mailto:bob@example.org",
        "bodyValue": "a text of his",
        "target": page,
    }


def run(path: Path, capsys: Capture, *command: str) -> str:
    """Run a command that tells of the damage; answers what it printed."""
    status = main([*command, "--data", str(path.parent)])
    printed = capsys.readouterr()
    assert status == 2
    assert printed.err.count("crdtchat: ") == 1
    assert "of page 'bad' of tenant 'demo'" in printed.err
    assert "The same is true" not in printed.err
    return printed.out


def test_a_user_is_erased_from_the_others(path: Path, capsys: Capture) -> None:
    out = run(path, capsys, "erase", "--tenant", "demo", "--user", "ann", "--yes")
    assert out.startswith("ann is erased from 2 pages")
    assert anyio.run(read, path) == {"one": (2, set()), "two": (2, set())}


def test_the_others_are_compacted(path: Path, capsys: Capture) -> None:
    config = path.parent / "crdtchat.toml"
    config.write_text("[tenants.demo]\nretention_days = 30\n")
    run(path, capsys, "compact", "--tenant", "demo", "--config", str(config))
    assert anyio.run(read, path) == {"one": (2, set()), "two": (2, set())}


def test_the_others_begin_anew(path: Path, capsys: Capture) -> None:
    run(path, capsys, "restored")
    found = anyio.run(read, path)
    assert all(epoch > 1 and aids == {"quiet"} for epoch, aids in found.values())


@pytest.mark.parametrize("output", [True, False])
def test_the_others_are_exported(path: Path, capsys: Capture, output: bool) -> None:
    """It stopped at the damaged page, and left no file at all."""
    file = path.parent / "export.json"
    out = run(path, capsys, "export", "--tenant", "demo", *(["--output", str(file)] * output))
    found = json.loads(file.read_text() if output else out)
    sources = [item["target"]["source"] for item in found["first"]["items"]]
    assert (sources, found["unread"]) == (["one", "two"], ["bad"])
    run(path, capsys, "export", "--tenant", "demo", "--page", "bad")
    # What is there can be brought in elsewhere.
    other = ("--data", str(path.parent / "other"))
    file.write_text(json.dumps(found))
    assert main(["import", "--tenant", "demo", str(file), *other]) == 0
    assert "added: 2 annotations" in capsys.readouterr().out


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_the_others_take_an_import(path: Path, capsys: Capture, more: list[str]) -> None:
    """It stopped at the damaged page: what came behind it in the file was not brought in."""
    file = path.parent / "import.jsonl"
    items = [foreign(page, number) for number, page in enumerate((*PAGES, "bad", "new"))]
    file.write_text("\n".join(json.dumps(item) for item in items))
    out = run(path, capsys, "import", "--tenant", "demo", str(file), *more)
    assert "added: 3 annotations, 3 comments" in out
    assert "left out: 2 x annotations of pages that cannot be read back (" in out
    found = anyio.run(read, path)
    assert [len(found[page][1]) for page in ("one", "two")] == ([1, 1] if more else [2, 2])
    run(path, capsys, "import", "--tenant", "demo", "--page", "bad", str(file), *more)


async def test_an_import_passes_over_what_the_rules_refuse(tmp_path: Path) -> None:
    """The engine reads it, so that it is found when it is written on."""
    document: pycrdt.Doc[pycrdt.Map[str]] = pycrdt.Doc()
    document.get("none of ours", type=pycrdt.Map)["key"] = "value"
    entry = Entry(document.get_update(), "ann", OLD)
    async with opened(SqliteStore(tmp_path / "crdtchat.sqlite3")) as store:
        await store.append([Append(DocumentKey("demo", "bad"), 1, 0, (entry,))])
        damage = Damage()
        peer = Peer("a", "", "owner", may_comment=True, may_moderate=True, may_import=True)
        async with Hub(store) as hub:
            items = [foreign(page, number) for number, page in enumerate(PAGES)]
            tally = await import_items(hub, "demo", items, peer, damage=damage)
            with pytest.raises(StoreCorrupt, match="of page 'bad' of tenant 'demo'") as caught:
                await import_items(hub, "demo", items, peer)
    assert caught.value.told == "this page's stored document cannot be read back"
    assert (tally.added["annotations"], tally.left_out.total()) == (2, 1)
    assert damage.pages == ["bad"]


@pytest.mark.parametrize(
    "more",
    [
        "DELETE FROM entry",
        "INSERT INTO snapshot SELECT id, 1, x'00', 0, 0 FROM document",
        "INSERT INTO lease SELECT id, 7, 'ann', 'n', 0 FROM document",
    ],
)
def test_it_is_erased_whole(path: Path, capsys: Capture, more: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        where = "document_id" if more.startswith("DELETE") else "id"
        connection.execute(f"{more} WHERE {where} = (SELECT id FROM document WHERE page = 'bad')")
    erase = ("erase", "--tenant", "demo", "--page", "bad", "--yes")
    run(path, capsys, *erase, "--annotation", "quiet")
    data = ("--data", str(path.parent))
    assert main([*erase, *data]) == 0
    assert capsys.readouterr().out.startswith("bad could not be read back, and is erased whole")
    assert main(["export", "--tenant", "demo", *data]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [item["target"]["source"] for item in found["first"]["items"]] == ["one", "two"]
    assert "unread" not in found
    assert main(["audit", "--tenant", "demo", "--page", "bad", *data]) == 0
    assert json.loads(capsys.readouterr().out)["action"] == "erase"


class Enough(Exception):
    """The round is over."""


async def test_retention_goes_by_in_the_others(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def pause(seconds: float) -> None:
        raise Enough

    async with opened(SqliteStore(path)) as store:
        tenant = Tenant("demo", retention_days=30)
        with pytest.raises(Enough), caplog.at_level(logging.WARNING):
            await keep_retention(store, Directory({"demo": tenant}, store), Sources(), pause)
    assert "of page 'bad' of tenant 'demo'" in caplog.text
    assert await read(path) == {"one": (2, set()), "two": (2, set())}


def test_a_server_goes_on_with_the_others(tmp_path: Path, capsys: Capture) -> None:
    """One such page answered 500 for all that moderators had decided in the tenant, and broke an
    export of all pages off, and the log said nothing; erased, it is a page like any other."""
    with running_server(tmp_path / "data") as server, httpx.Client(verify=False) as http:
        token = server.token("own", "owner")
        apis = {page: Api(http, server.url, page, token) for page in PAGES}
        for api in apis.values():
            assert api("PUT", f"/annotations/{api.annotate()['id']}/hidden").status_code == 204
        server.stop()
        with closing(sqlite3.connect(server.data / "crdtchat.sqlite3")) as connection, connection:
            assert connection.execute(DAMAGE).rowcount
        server.restart()
        root, signed = f"{server.url}/api/v1/demo", {"Authorization": f"Bearer {token}"}
        for _ in range(2):
            shown = http.get(f"{root}/moderated", headers=signed).json()
            assert [one["page"] for one in shown["items"]] == ["two", "one"]
            assert shown["unread"] == ["bad"]
            found = http.get(f"{root}/export", headers=signed).json()
            assert len(found["first"]["items"]) == 2 and found["unread"] == ["bad"]
        for _ in range(3):
            refused = apis["bad"]("GET")
            assert refused.status_code == 500
            assert refused.json()["detail"] == "the server's database is damaged"
        (line,) = (line for line in server.log.read_text().splitlines() if '"error"' in line)
        assert "page 'bad' of tenant 'demo' cannot be read back" in json.loads(line)["message"]
        items = [foreign(page, number) for number, page in enumerate(PAGES)]
        came = http.post(f"{root}/import", headers=signed, json=items)
        assert (came.json()["added"]["annotations"], came.json()["unread"]) == (2, ["bad"])
        assert apis["bad"]("GET", "/moderated").status_code == 500
        assert apis["bad"]("GET", "/export").status_code == 500
        assert "unread" not in apis["two"]("GET", "/moderated").json()
        data = ("--data", str(server.data))
        assert main(["erase", "--tenant", "demo", "--page", "bad", "--yes", *data]) == 0
        assert apis["bad"]("GET").json()["items"] == []
        apis["bad"].annotate()
        assert "unread" not in http.get(f"{root}/export", headers=signed).json()
