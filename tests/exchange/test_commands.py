"""`crdtchat export` and `crdtchat import`, as people run them; the documentation's examples."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

import crdtchat
from crdtchat.document.foreign import Surroundings
from crdtchat.document.importable import portables
from crdtchat.document.portable import Portable
from crdtchat.document.tally import Tally
from crdtchat.server.exchange import output_to
from crdtchat.server.settings import BadSetting
from tests.exchange.test_foreign import TEXT, row
from tests.fork_server import run_crdtchat
from tests.server_process import ServerProcess, running_server

DOCS = Path(__file__).parents[2] / "docs" / "exchange.md"
PAGE = "https://example.org/ż"


def run(data: Path, *arguments: str, status: int = 0) -> str:
    """Run a command on a data directory; answer its standard output."""
    command, *rest = arguments
    ran = run_crdtchat(command, "--data", data, *rest)
    assert ran.returncode == status, ran.stderr + ran.stdout
    return ran.stdout


async def write_on(server: ServerProcess, page: str = PAGE) -> None:
    """A discussion of two people."""
    ann, bob = server.token("ann"), server.token("bob")
    async with crdtchat.connect(server.url, page=page, token=ann) as here:
        aid = await here.annotate("words 🙂", "Whose words?", prefix="select ", start=7)
        gone = await here.reply(aid, "nonsense")
        await here.wait_saved()
        async with crdtchat.connect(server.url, page=page, token=bob) as there:
            await there.wait_for(lambda seen: bool(seen.annotation(aid)))
            await there.reply(aid, "Anybody's.", parent=gone)
            await there.react(aid, there.annotations[0].comments[0].cid, "👍")
            await there.resolve(aid)
        await here.delete(aid, gone)
        await here.reattach(aid, "other words", start=70)


def rest_list(server: ServerProcess) -> Any:
    """The page over REST."""
    return httpx.get(
        f"{server.url}/api/v1/demo/annotations",
        params={"page": PAGE},
        headers={"Authorization": f"Bearer {server.token('ann')}"},
    ).json()


@pytest.fixture
def anyio_backend() -> str:
    """The commands choose their own event loop."""
    return "asyncio"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def test_out_and_in(data: Path, tmp_path: Path) -> None:
    with running_server(data) as server:
        await write_on(server)
        await write_on(server, "another page")
        listed = rest_list(server)
        server.stop()
    whole = run(data, "export", "--tenant", "demo")
    items = json.loads(whole)["first"]["items"]
    assert [item["target"]["source"] for item in items] == ["another page", PAGE]
    # The REST list has the same items.
    (from_rest,) = listed["items"]
    assert from_rest.pop("@context") == "http://www.w3.org/ns/anno.jsonld"
    assert from_rest == items[1]

    backup, copy = tmp_path / "backup.json", tmp_path / "copy"
    run(data, "export", "--tenant", "demo", "--output", str(backup))
    assert backup.read_text() == whole
    report = run(copy, "import", "--tenant", "demo", "--restore", str(backup))
    assert report.splitlines() == [
        "added: 2 anchors, 2 annotations, 4 comments, 4 names, 2 places of deleted comments, "
        "2 reactions, 2 states"
    ]
    assert run(copy, "export", "--tenant", "demo") == whole
    again = run(copy, "import", "--tenant", "demo", "--restore", str(backup))
    assert again.startswith("nothing is new: nothing was changed\nalready there: ")
    assert run(copy, "export", "--tenant", "demo") == whole

    one = run(data, "export", "--tenant", "demo", "--page", PAGE)
    assert json.loads(one)["first"]["items"] == [items[1]]
    (tmp_path / "one.json").write_text(one)
    run(copy, "import", "--tenant", "other", "--page", "new", str(tmp_path / "one.json"))
    with running_server(copy) as server:
        async with crdtchat.connect(server.url, page=PAGE, name="Gast") as page:
            await page.wait_live()
            assert [comment.text for comment in page.annotations[0].comments] == [
                *("Whose words?", "", "Anybody's."),
            ]
        server.stop()
    (moved,) = json.loads(run(copy, "export", "--tenant", "other"))["first"]["items"]
    assert moved["creator"] == {"type": "Person", "id": "import:ann", "name": "Ann"}
    assert moved["resolution"]["creator"]["id"] == "import:bob"
    assert moved["target"]["source"] == "new"


async def test_what_one_user_wrote(data: Path) -> None:
    with running_server(data) as server:
        await write_on(server)
        server.stop()
    (bobs,) = json.loads(run(data, "export", "--tenant", "demo", "--user", "bob"))["first"]["items"]
    assert [comment["body"]["value"] for comment in bobs["comments"]] == ["Anybody's."]
    assert "body" not in bobs
    assert bobs["target"]["selector"][0]["exact"] == "words 🙂"
    assert "Whose words?" not in json.dumps(bobs)
    assert (
        json.loads(run(data, "export", "--tenant", "demo", "--user", "cy"))["first"]["items"] == []
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_foreign_files(data: Path, tmp_path: Path, encoding: str) -> None:
    rows = {"total": 2, "rows": [row("r2", references=["r1"], text="A reply"), row("r1"), {"x": 1}]}
    file, text = tmp_path / "hypothesis.json", tmp_path / "page.txt"
    file.write_text(json.dumps(rows))
    text.write_text(TEXT, encoding=encoding)
    arguments = ("import", "--tenant", "demo", "--page", "mine", "--text", str(text), str(file))
    assert run(data, *arguments, status=1).splitlines() == [
        "added: 1 annotations, 2 comments, 1 names",
        "changed on the way: 1 x selectors of type RangeSelector: not kept (r1)",
        "left out: 1 x objects in none of the formats known",
    ]
    (item,) = json.loads(run(data, "export", "--tenant", "demo"))["first"]["items"]
    assert item["target"]["source"] == "mine"
    assert item["target"]["selector"][1] == {"type": "TextPositionSelector", "start": 6, "end": 23}


def test_a_file_commands_no_terminal(data: Path, tmp_path: Path) -> None:
    """Whoever wrote it says neither what the report looks like nor what the terminal does."""
    evil = "\x1b[2J\x1b]0;all is well\x07\nadded: 999 annotations \x9b31m\u202e"
    target = {"source": "p", "selector": {"type": evil, "value": "x"}}
    item = {"id": evil, "type": "Annotation", "body": "x", "target": target, evil: 1}
    file = tmp_path / "evil.json"
    file.write_text(json.dumps([item, {**item, evil * 99: 1}]))
    report = run(data, "import", "--tenant", "demo", str(file))
    assert all(line.isprintable() for line in report.splitlines())
    assert "(\\u001b[2J" in report
    assert len([line for line in report.splitlines() if line.startswith("added")]) == 1


def test_half_a_file(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "half.json"
    file.write_text(json.dumps([row("r1"), row("r2")])[:-200])
    report = run(data, "import", "--tenant", "demo", str(file), status=1)
    assert "added: 1 annotations" in report
    assert "left out: 1 x the rest of the file: the file ends in the middle" in report


def test_an_export_takes_no_place_but_a_files(tmp_path: Path) -> None:
    """With the rights to it, one to /dev/null put a file there."""
    pipe, target, link = tmp_path / "pipe", tmp_path / "target", tmp_path / "link"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as thread:
        read = thread.submit(pipe.read_text)
        with output_to(str(pipe)) as file:
            file.write("words")
        assert read.result() == "words"
    assert pipe.is_fifo()
    target.write_text("before")
    link.symlink_to(target)
    with output_to(str(link)) as file:
        file.write("words")
    assert link.is_symlink()
    assert target.read_text() == "words"
    with pytest.raises(BadSetting, match="Is a directory"), output_to(str(tmp_path)):
        pass


def test_two_exports_to_one_file_at_once(tmp_path: Path) -> None:
    """Each is whole, and the one that ends later stands; they wrote into one another's file."""
    path = tmp_path / "backup.json"
    with output_to(str(path)) as slow:
        slow.write("slow and " * 10_000)
        with output_to(str(path)) as quick:
            quick.write("quick")
        assert path.read_text() == "quick"
        slow.write("steady")
    assert path.read_text() == "slow and " * 10_000 + "steady"
    assert list(tmp_path.iterdir()) == [path]


def test_errors_are_a_sentence(data: Path, tmp_path: Path) -> None:
    run(data, "import", "--tenant", "demo", str(tmp_path / "none.json"), status=2)
    run(data, "export", "--tenant", "demo", "--output", str(tmp_path / "no" / "x.json"), status=2)
    for folder in (".", "/", str(tmp_path)):
        run(data, "export", "--tenant", "demo", "--output", folder, status=2)
    (tmp_path / "latin.json").write_bytes(b'["\xe9\xe8"]')
    report = run(data, "import", "--tenant", "demo", str(tmp_path / "latin.json"), status=1)
    assert "it is not UTF-8" in report


def _documented() -> list[Any]:
    return [json.loads(code) for code in re.findall(r"```json\n(.*?)```", DOCS.read_text(), re.S)]


def test_the_documented_annotation_is_read_whole() -> None:
    tally = Tally()
    (item,) = _documented()
    (found,) = portables([item], Surroundings(tally, 2**45))
    assert not tally.left_out
    assert not tally.altered
    assert isinstance(found, Portable)
    assert list(found.comments) == ["AZyq0kuAw2Lx9b", "AZyq3m1Cr2Xx7d"]
    assert found.status is not None
    assert found.reactions == {("AZyq0kuAw2Lx9b", "bob"): ("👍",)}
