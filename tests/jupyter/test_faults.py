"""A discussion stays with its file whatever happens to the file, its ids and its servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from crdtchat_jupyter.files import Files
from crdtchat_jupyter.recognition import Seen

import crdtchat
from tests.jupyter.notebooks import FOUR, write_notebook
from tests.jupyter.process import JupyterProcess, running_jupyter


@pytest.fixture
def own(tmp_path: Path) -> Iterator[JupyterProcess]:
    """A server that a test may stop."""
    with running_jupyter(tmp_path / "own") as found:
        yield found


@pytest.fixture
def second(jupyter: JupyterProcess, tmp_path: Path) -> Iterator[JupyterProcess]:
    """Another server of the same account, started in the folder `project`: it has the same data."""
    arguments = [f"--CrdtChatExtension.data_dir={jupyter.data}"]
    with running_jupyter(tmp_path / "second", arguments) as found:
        yield found


def checkout(path: Path, cells: list[tuple[str, str]]) -> None:
    """Replace a file at once, as git and many editors do: another inode under the same name."""
    new = path.with_suffix(".new")
    write_notebook(new, cells)
    os.replace(new, path)


def test_a_checkout_of_other_versions_changes_nothing(jupyter: JupyterProcess) -> None:
    path = jupyter.files / "versions.ipynb"
    write_notebook(path, [("g1", "x"), ("g2", "y")])
    page = jupyter.discussion("ann", path.name)["page"]
    checkout(path, [("g1", "x"), ("g2", "changed"), ("g3", "z")])
    assert jupyter.discussion("ann", path.name)["page"] == page
    checkout(path, [("h1", "of a branch"), ("h2", "that has nothing in common")])
    assert jupyter.discussion("ann", path.name)["page"] == page
    # A branch without the file, and back.
    path.unlink()
    write_notebook(path, [("g1", "x"), ("g2", "y")])
    assert jupyter.discussion("ann", path.name)["page"] == page


def test_a_checkout_that_swaps_two_files(jupyter: JupyterProcess) -> None:
    first, other = jupyter.files / "swap-1.ipynb", jupyter.files / "swap-2.ipynb"
    write_notebook(first, [("w1", "x"), ("w2", "y")])
    write_notebook(other, [("v1", "x"), ("v2", "y")])
    pages = [jupyter.discussion("ann", path.name)["page"] for path in (first, other)]
    assert pages[0] != pages[1]
    checkout(first, [("v1", "x"), ("v2", "y")])
    other.unlink()
    assert jupyter.discussion("ann", first.name)["page"] == pages[1], "it went over the first"


def test_lost_file_ids(own: JupyterProcess) -> None:
    here = own.files / "here.ipynb"
    write_notebook(here, FOUR)
    page = own.discussion("ann", "here.ipynb")["page"]
    own.stop()
    lost = list((own.home / "data").glob("file_id_manager.db*"))
    assert lost
    for file in lost:
        file.unlink()
    here.rename(own.files / "there.ipynb")
    own.start()
    write_notebook(own.files / "first-indexed.ipynb", [("z1", "z")])
    assert own.discussion("ann", "first-indexed.ipynb")["page"] != page
    assert own.discussion("ann", "there.ipynb")["page"] == page


def comment(server: JupyterProcess, path: str, cell: str) -> str:
    """Comment on words of a file; answers its page."""
    page: str = server.discussion("ann", path)["page"]
    server.comment(page, part=cell and f"cell={cell}")
    return page


@pytest.mark.parametrize("damage", [None, b"no database at all"])
def test_a_lost_table_of_files(own: JupyterProcess, damage: bytes | None) -> None:
    write_notebook(own.files / "one.ipynb", [("l1", "x"), ("l2", "y")])
    write_notebook(own.files / "two.ipynb", [("m1", "x"), ("m2", "y")])
    (own.files / "notes.md").write_text("Words that are discussed here.")
    about = [("one.ipynb", "l2"), ("two.ipynb", "m1"), ("notes.md", "")]
    pages = {path: comment(own, path, cell) for path, cell in about}
    own.stop()
    table = own.data / "files.sqlite3"
    if damage is None:
        table.unlink()
    else:
        table.write_bytes(damage)
    (own.files / "two.ipynb").rename(own.files / "moved.ipynb")
    write_notebook(own.files / "other" / "one.ipynb", [("n1", "x"), ("n2", "y")])
    write_notebook(own.files / "fresh.ipynb", [("o1", "x"), ("o2", "y")])
    own.start()

    def similar(path: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = own.discussion("ann", path)["similar"]
        return found

    def offered(name: str) -> list[dict[str, object]]:
        return [{"page": pages[name], "path": name, "lost": True}]

    assert similar("fresh.ipynb") == []
    # The same name in another folder is asked about, and gets a discussion of its own.
    assert similar("other/one.ipynb") == offered("one.ipynb")
    apart = own.discussion("ann", "other/one.ipynb", **{"continue": "new"})["page"]
    assert apart not in pages.values()
    for path, name in (("one.ipynb",) * 2, ("moved.ipynb", "two.ipynb"), ("notes.md",) * 2):
        assert similar(path) == offered(name)
        own.discussion("ann", path, **{"continue": pages[name]})
        again = own.discussion("ann", path)
        assert (again["page"], again["similar"]) == (pages[name], [])
    assert own.discussion("ann", "other/one.ipynb")["page"] == apart
    aside = [path.read_bytes() for path in own.data.glob("files.sqlite3.damaged-*")]
    assert aside == [] if damage is None else [damage]


def test_where_nothing_can_be_kept_it_says_so(tmp_path: Path) -> None:
    """As in a home that is read-only: "Unhandled error", and nothing else."""
    (tmp_path / "file").write_text("not a folder")
    arguments = [f"--CrdtChatExtension.data_dir={tmp_path}/file/crdtchat"]
    with running_jupyter(tmp_path / "own", arguments) as own, own.client("ann") as ann:
        write_notebook(own.files / "one.ipynb", FOUR)
        answer = ann.post("crdtchat/api/discussion", json={"path": "one.ipynb"})
        assert answer.status_code == 503
        assert f"{tmp_path}/file/crdtchat" in answer.json()["message"]


async def test_a_file_that_cannot_be_looked_for_is_not_gone(own: JupyterProcess) -> None:
    write_notebook(own.files / "first.ipynb", [("d1", "x")])
    own.discussion("ann", "first.ipynb")
    # As on a disk that does not answer, or in a folder that was closed: the system says no.
    away = Seen(f"/{'away' * 100}/notes.ipynb", "", frozenset({"e1", "e2"}))
    await Files(own.data / "files.sqlite3").keep(away, "jupyter/away/notes.ipynb")
    own.comment("jupyter/away/notes.ipynb")
    write_notebook(own.files / "notes.ipynb", [("e1", "x"), ("e2", "y")])
    similar = own.discussion("ann", "notes.ipynb")["similar"]
    assert [one["page"] for one in similar] == ["jupyter/away/notes.ipynb"]


def test_two_projects_have_files_of_the_same_name(
    jupyter: JupyterProcess, second: JupyterProcess
) -> None:
    write_notebook(jupyter.files / "Untitled.ipynb", [("p1", "x"), ("p2", "y")])
    write_notebook(second.files / "Untitled.ipynb", [("q1", "x"), ("q2", "y")])
    page = jupyter.discussion("ann", "Untitled.ipynb")["page"]
    assert second.discussion("ann", "Untitled.ipynb")["page"] != page
    assert jupyter.discussion("ann", "Untitled.ipynb")["page"] == page
    # From one project to the other, beyond the folder of each server.
    (jupyter.files / "Untitled.ipynb").rename(second.files / "moved.ipynb")
    assert second.discussion("ann", "moved.ipynb")["page"] == page


async def test_two_servers_write_on_one_page(
    jupyter: JupyterProcess, second: JupyterProcess
) -> None:
    def come(server: JupyterProcess, user: str) -> crdtchat.Page:
        token = f"{user}-token"
        url = f"{server.url}crdtchat"
        return crdtchat.connect(url, tenant="jupyter", page="jupyter/two", token=token)

    async with come(jupyter, "ann") as ann, come(second, "bob") as bob:
        for page in (ann, bob, ann, bob):
            # Who is behind what the other server wrote is sent away, and comes back by themselves.
            await page.annotate("words", "A comment.")
            await page.wait_saved()
    async with come(second, "vic") as vic:
        await vic.wait_live()
        assert sorted(one.author for one in vic.annotations) == ["ann", "ann", "bob", "bob"]
