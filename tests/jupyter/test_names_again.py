"""A name is used again: by the same file in another version, or by another file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.jupyter.notebooks import write_notebook
from tests.jupyter.process import JupyterProcess

Cells = list[tuple[str, str]]


@pytest.fixture
def path(jupyter: JupyterProcess, request: pytest.FixtureRequest) -> Path:
    """Where this test's notebook lies."""
    return jupyter.files / f"{request.node.name}.ipynb"


def version(path: Path, number: int) -> Cells:
    """Cells of this test's own; two versions have nothing in common."""
    return [(f"{path.stem[-20:]}-{number}-{cell}", f"words of {number}") for cell in range(2)]


def comment(jupyter: JupyterProcess, path: str, words: str = "words") -> str:
    """Comment on words of a file; answers its page."""
    page: str = jupyter.discussion("ann", path)["page"]
    jupyter.comment(page, words)
    return page


def put(jupyter: JupyterProcess, path: str, cells: Cells) -> None:
    """Save a notebook through Jupyter, as JupyterLab does."""
    code: dict[str, object] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
    }
    body = [{**code, "id": cell, "source": source} for cell, source in cells]
    notebook = {"cells": body, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    with jupyter.client("ann") as ann:
        model = {"type": "notebook", "content": notebook}
        ann.put(f"api/contents/{path}", json=model).raise_for_status()


def delete(jupyter: JupyterProcess, path: str) -> None:
    """Delete a file or folder through Jupyter."""
    with jupyter.client("ann") as ann:
        ann.delete(f"api/contents/{path}").raise_for_status()


def checkout(path: Path, cells: Cells) -> None:
    """Replace a file at once, as git and many editors do."""
    new = path.with_suffix(".new")
    write_notebook(new, cells)
    os.replace(new, path)


def test_a_new_file_under_the_name_of_a_deleted_one(jupyter: JupyterProcess, path: Path) -> None:
    put(jupyter, path.name, version(path, 1))
    old = comment(jupyter, path.name)
    delete(jupyter, path.name)
    put(jupyter, path.name, [])  # as JupyterLab begins one
    new = jupyter.discussion("ann", path.name)
    assert (new["page"] != old, new["similar"]) == (True, [])
    put(jupyter, path.name, version(path, 2))
    assert comment(jupyter, path.name) == new["page"]
    # Out of the trash, over the new one; and the new one again.
    checkout(path, version(path, 1))
    assert jupyter.discussion("ann", path.name)["page"] == old
    checkout(path, version(path, 2))
    assert jupyter.discussion("ann", path.name)["page"] == new["page"]


def test_a_new_file_in_the_place_of_a_deleted_folder(jupyter: JupyterProcess, path: Path) -> None:
    inside = f"{path.stem}/one.ipynb"
    write_notebook(jupyter.files / inside, version(path, 1))
    old = comment(jupyter, inside)
    delete(jupyter, path.stem)
    write_notebook(jupyter.files / inside, version(path, 2))
    assert jupyter.discussion("ann", inside)["page"] != old
    jupyter.rename(path.stem, f"{path.stem}-2")
    moved = jupyter.files / f"{path.stem}-2" / "back.ipynb"
    write_notebook(moved, version(path, 1))
    assert jupyter.discussion("ann", f"{path.stem}-2/back.ipynb")["page"] == old


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_file_that_has_nothing_of_what_was_discussed(
    jupyter: JupyterProcess, path: Path, goes_on: bool
) -> None:
    write_notebook(path, version(path, 1))
    old = comment(jupyter, path.name)
    path.unlink()  # unseen by Jupyter
    write_notebook(path, version(path, 2))
    asked = jupyter.discussion("ann", path.name)
    assert asked["similar"] == [{"page": old, "path": path.name, "lost": False}]
    assert asked["replaces"]
    told = jupyter.discussion("ann", path.name, **{"continue": old if goes_on else "new"})
    new = told["page"]
    assert (new == old, told["similar"]) == (goes_on, [])
    comment(jupyter, path.name)
    # A checkout of the one and of the other is not asked about again.
    for number, page in ((1, old), (2, new), (1, old), (2, new)):
        checkout(path, version(path, number))
        found = jupyter.discussion("ann", path.name)
        assert (found["page"], found["similar"], found["replaces"]) == (page, [], False)


def test_a_program_that_writes_a_file_anew(jupyter: JupyterProcess, path: Path) -> None:
    # Other cell ids each time: the words say that it is the same.
    write_notebook(path, [*version(path, 1), (f"{path.stem[-20:]}-w", "the telling words")])
    page = comment(jupyter, path.name, "the telling words")
    checkout(path, [*version(path, 2), (f"{path.stem[-20:]}-x", "print('the telling\nwords')")])
    found = jupyter.discussion("ann", path.name)
    assert (found["page"], found["similar"]) == (page, [])
    # Or the code, as where a notebook is kept as a script and is given ids when it is opened.
    for number in range(3, 6):
        ids = (cell for cell, _ in version(path, number))
        checkout(path, [(cell, f"x = {index}") for index, cell in enumerate(ids)])
        found = jupyter.discussion("ann", path.name, **({"continue": page} if number == 3 else {}))
        assert (found["page"], found["similar"]) == (page, [])


def test_what_was_moved_is_not_what_comes_under_its_old_name(
    jupyter: JupyterProcess, path: Path
) -> None:
    write_notebook(path, version(path, 1))
    page = comment(jupyter, path.name)
    path.rename(path.with_name(f"{path.stem}-moved.ipynb"))
    assert jupyter.discussion("ann", f"{path.stem}-moved.ipynb")["page"] == page
    write_notebook(path, version(path, 2))
    new = jupyter.discussion("ann", path.name)
    assert (new["page"] != page, new["similar"]) == (True, [])
    assert jupyter.discussion("ann", f"{path.stem}-moved.ipynb")["page"] == page


def test_a_copy_of_what_was_moved_is_asked_about(jupyter: JupyterProcess, path: Path) -> None:
    """It went on with the discussion as what had vanished from the old name."""
    write_notebook(path, version(path, 1))
    page = comment(jupyter, path.name)
    moved, copy = (path.with_name(f"{path.stem}-{what}.ipynb") for what in ("moved", "copy"))
    path.rename(moved)
    assert jupyter.discussion("ann", moved.name)["page"] == page
    write_notebook(copy, version(path, 1))
    offered = [{"page": page, "path": moved.name, "lost": False}]
    assert jupyter.discussion("ann", copy.name)["similar"] == offered
    # Two files of one discussion: the other is where it was.
    jupyter.discussion("ann", copy.name, **{"continue": page})
    copy.rename(path)
    assert jupyter.discussion("ann", path.name)["page"] == page
    # From branch to branch it is called otherwise.
    for old, new in ((moved, copy), (copy, moved)) * 2:
        old.rename(new)
        found = jupyter.discussion("ann", new.name)
        assert (found["page"], found["similar"]) == (page, [])


def test_a_file_is_known_as_it_was_saved(jupyter: JupyterProcess, path: Path) -> None:
    put(jupyter, path.name, [])
    page = jupyter.discussion("ann", path.name)["page"]
    put(jupyter, path.name, version(path, 1))
    path.rename(path.with_name(f"{path.stem}-moved.ipynb"))
    assert jupyter.discussion("ann", f"{path.stem}-moved.ipynb")["page"] == page


def test_a_copy_is_asked_about_once_there_is_a_discussion(
    jupyter: JupyterProcess, path: Path
) -> None:
    def copied(name: str) -> dict[str, object]:
        write_notebook(path.with_name(name), version(path, 1))
        return jupyter.discussion("ann", name)

    write_notebook(path, version(path, 1))
    page = jupyter.discussion("ann", path.name)["page"]
    first = copied(f"{path.stem}-copy.ipynb")
    assert (first["page"] != page, first["similar"]) == (True, [])
    comment(jupyter, path.name)
    offered = [{"page": page, "path": path.name, "lost": False}]
    assert copied(f"{path.stem}-again.ipynb")["similar"] == offered
    # Two files of one discussion are one answer, and a discussion of which nothing is left is none.
    jupyter.discussion("ann", f"{path.stem}-again.ipynb", **{"continue": page})
    assert len(copied(f"{path.stem}-third.ipynb")["similar"]) == 1  # type: ignore[arg-type]
    with jupyter.client("ann") as ann:
        where, of = "crdtchat/api/v1/jupyter/annotations", {"page": page}
        (item,) = ann.get(where, params=of).json()["items"]
        ann.delete(f"{where}/{item['id']}", params=of).raise_for_status()
    assert copied(f"{path.stem}-fourth.ipynb")["similar"] == []
