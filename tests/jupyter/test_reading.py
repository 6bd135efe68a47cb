"""Files that are asked about while somebody saves them: Jupyter empties a file, then writes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

import anyio
import anyio.lowlevel
import pytest
from crdtchat_jupyter.discussions import Discussions, own_page
from crdtchat_jupyter.files import Files
from crdtchat_jupyter.reading import Reader
from crdtchat_jupyter.recognition import Known
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from tests.jupyter.notebooks import FOUR, write_notebook
from tests.jupyter.process import JupyterProcess

SAVED, BUSY = ([(f"{name}{number}", name) for number in range(4)] for name in ("saved", "busy"))


@pytest.fixture
def contents(tmp_path: Path) -> AsyncLargeFileManager:
    return AsyncLargeFileManager(root_dir=str(tmp_path))


def test_a_save_that_is_under_way_is_left_alone(jupyter: JupyterProcess) -> None:
    """Jupyter takes such a file for damaged, and takes back the one of before."""
    file = jupyter.files / "saving.ipynb"
    write_notebook(file, SAVED)
    page = jupyter.discussion("ann", file.name)["page"]
    before = file.with_name(f".~{file.name}")
    text = file.read_text()
    before.write_text(text)
    with file.open("w") as saving, jupyter.client("ann") as client:
        answer = client.post("crdtchat/api/discussion", json={"path": file.name})
        # One that passes by itself: the interface asks again.
        assert answer.status_code == 503
        saving.write(text)
    before.unlink()
    assert not list(jupyter.files.glob("*.invalid"))
    assert jupyter.discussion("ann", file.name)["page"] == page


def test_nobody_is_refused_or_loses_anything_while_it_is_saved(jupyter: JupyterProcess) -> None:
    file = jupyter.files / "busy.ipynb"
    write_notebook(file, BUSY)
    page = jupyter.discussion("ann", file.name)["page"]
    notebook = json.loads(file.read_text())
    done = Event()
    statuses = []

    def save() -> None:
        with jupyter.client("bob") as client:
            for number in range(40):
                notebook["metadata"]["number"] = number
                body = {"type": "notebook", "format": "json", "content": notebook}
                statuses.append(client.put("api/contents/busy.ipynb", json=body).status_code)
        done.set()

    saving = Thread(target=save)
    saving.start()
    with jupyter.client("ann") as client:
        while not done.is_set():
            answer = client.post("crdtchat/api/discussion", json={"path": file.name})
            assert answer.status_code in (200, 503), answer.text
            assert answer.json().get("page", page) == page
    saving.join()
    assert set(statuses) == {200}
    assert json.loads(file.read_text())["metadata"]["number"] == 39


async def test_a_notebook_is_read_once_it_is_written(
    contents: AsyncLargeFileManager, tmp_path: Path
) -> None:
    file = tmp_path / "late.ipynb"
    file.touch()
    found = []

    async def read() -> None:
        found.append(await Reader(contents, tmp_path).read(file.name))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await anyio.lowlevel.checkpoint()
        write_notebook(file, FOUR)
    assert [cell["source"] for cell in found[0]["content"]["cells"]] == [one for _, one in FOUR]


async def test_a_text_that_is_empty_for_a_moment_is_no_other(
    contents: AsyncLargeFileManager, tmp_path: Path
) -> None:
    file, text = tmp_path / "notes.md", "A line that tells which file this is.\n"
    file.write_text(text)

    async def kept() -> Sequence[Known]:
        return ()

    async def quotes(page: str) -> Sequence[str]:
        # It is asked whether the words are there: just then the rest of the file is written.
        file.write_text(text)
        return ["which file this is"]

    discussions = Discussions(
        Files(tmp_path / "files.sqlite3"), contents, lambda: None, own_page, tmp_path, kept, quotes
    )
    page = (await discussions.of(file.name)).page
    file.write_text("")
    assert (await discussions.of(file.name)).page == page
