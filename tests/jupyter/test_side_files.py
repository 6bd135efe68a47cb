"""A discussion travels beside its file, and is merged where it arrives."""

from __future__ import annotations

import json
import shutil
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from crdtchat.sync.update import Value
from tests.jupyter.notebooks import write_notebook
from tests.jupyter.process import JupyterProcess
from tests.raw_client import raw_client

NUMBERS = count(1)
AT = 1_700_000_000_000
TARGET = ("words", "", "", 0, 5, "source", "cell=c1")


def ask(jupyter: JupyterProcess, user: str, what: str, path: str) -> tuple[int, dict[str, Any]]:
    """Ask for an export or an import."""
    with jupyter.client(user) as client:
        answer = client.post(f"crdtchat/api/{what}", json={"path": path})
        return answer.status_code, answer.json()


def side(path: Path) -> Path:
    """Where the side file of a file lies."""
    return path.with_name(path.name + ".comments.jsonld")


@pytest.fixture
def notebook(jupyter: JupyterProcess, request: pytest.FixtureRequest) -> Path:
    """A notebook of this test's own."""
    path = jupyter.files / f"{request.node.name}.ipynb"
    name = request.node.name
    write_notebook(path, [(f"{name[-20:]}-{number}", "words") for number in range(3)])
    return path


async def write(
    jupyter: JupyterProcess, user: str, path: str, *records: tuple[str, str, Value]
) -> None:
    """Write records (root, key, value...) on a file's page."""
    page = jupyter.discussion(user, path)["page"]
    token = f"{user}-token"
    async with raw_client(jupyter.socket_url, page, token=token, tenant="jupyter") as client:
        await client.join()
        for root, key, value in records:
            await client.write(next(NUMBERS), root, key, value)


async def test_it_goes_out_and_comes_back_without_a_word_twice(
    jupyter: JupyterProcess, notebook: Path
) -> None:
    here, there = notebook.name, f"clone/{notebook.name}"
    await write(
        jupyter,
        "ann",
        here,
        ("a", "anno", ("ann", AT, *TARGET)),
        ("c", "anno/c001", ("ann", AT, "Ann asks.")),
        ("r", "anno/c001/ann", "👍"),
        ("s", "anno", (1, "ann", AT)),
    )
    status, told = ask(jupyter, "ann", "export", here)
    assert (status, told) == (200, {"path": f"{here}.comments.jsonld", "annotations": 1})
    first = side(notebook).read_bytes()
    assert json.loads(first)["first"]["items"][0]["target"]["source"] == here
    assert ask(jupyter, "bob", "export", here)[0] == 200
    assert side(notebook).read_bytes() == first, "who exports leaves no trace"

    # A colleague's clone of the repository: another discussion, of the same cells.
    clone = jupyter.files / there
    clone.parent.mkdir(exist_ok=True)
    shutil.copy(notebook, clone)
    shutil.copy(side(notebook), side(clone))
    assert ask(jupyter, "mod", "import", there)[0] == 409, "is it a copy of the other?"
    jupyter.discussion("mod", there, **{"continue": "new"})
    status, told = ask(jupyter, "mod", "import", there)
    assert (status, told["left_out"]) == (200, 0)
    assert told["added"] == 5  # annotation, comment, reaction, state, name
    status, told = ask(jupyter, "mod", "import", there)
    assert (status, told["added"]) == (200, 0)
    await write(jupyter, "bob", there, ("c", "anno/c002", ("bob", AT, "Bob answers.")))
    assert ask(jupyter, "bob", "export", there)[0] == 200

    shutil.copy(side(clone), side(notebook))
    status, told = ask(jupyter, "ann", "export", here)
    assert (status, "import it first" in told["message"]) == (409, True)
    status, told = ask(jupyter, "mod", "import", here)
    assert (status, told["left_out"]) == (200, 0), told
    assert ask(jupyter, "ann", "export", here)[0] == 200
    item = json.loads(side(notebook).read_bytes())["first"]["items"][0]
    written = [(one["creator"]["id"], one["body"]["value"]) for one in item["comments"]]
    assert written == [("ann", "Ann asks."), ("import:bob", "Bob answers.")]
    assert item["comments"][0]["reactions"] == {"👍": ["ann"]}
    assert item["resolution"]["creator"]["id"] == "ann"


async def test_who_has_it_open_sees_what_is_imported(
    jupyter: JupyterProcess, notebook: Path
) -> None:
    await write(jupyter, "ann", notebook.name, ("a", "here", ("ann", AT, *TARGET)))
    assert ask(jupyter, "ann", "export", notebook.name)[0] == 200
    text = side(notebook).read_text().replace('"here"', '"came"')
    side(notebook).write_text(text)
    page = jupyter.discussion("ann", notebook.name)["page"]
    async with raw_client(jupyter.socket_url, page, token="ann-token", tenant="jupyter") as ann:
        await ann.join()
        assert ask(jupyter, "mod", "import", notebook.name)[0] == 200
        while ann.replica.get("a", "came") is None:
            await ann.next()
    assert ann.replica.get("a", "came") == ("import:ann", AT, *TARGET)


async def test_what_was_deleted_here_keeps_no_export_back(
    jupyter: JupyterProcess, notebook: Path
) -> None:
    await write(
        jupyter,
        "ann",
        notebook.name,
        ("a", "anno", ("ann", AT, *TARGET)),
        ("c", "anno/c001", ("ann", AT, "A slip.")),
    )
    assert ask(jupyter, "ann", "export", notebook.name)[0] == 200
    await write(jupyter, "ann", notebook.name, ("d", "anno", ("ann", AT)))
    status, told = ask(jupyter, "ann", "export", notebook.name)
    assert (status, told["annotations"]) == (200, 0)
    assert "A slip." not in side(notebook).read_text()


async def test_what_is_hidden_only_moderators_export(
    jupyter: JupyterProcess, notebook: Path
) -> None:
    await write(
        jupyter,
        "ann",
        notebook.name,
        ("a", "anno", ("ann", AT, *TARGET)),
        ("c", "anno/c001", ("ann", AT, "Rude words.")),
    )
    await write(jupyter, "mod", notebook.name, ("m", "anno/c001", (1, "mod", AT)))
    assert ask(jupyter, "bob", "export", notebook.name)[0] == 200
    assert "Rude words." not in side(notebook).read_text()
    assert ask(jupyter, "mod", "export", notebook.name)[0] == 200
    assert "Rude words." in side(notebook).read_text()


async def test_what_is_newer_elsewhere_is_not_overwritten(
    jupyter: JupyterProcess, notebook: Path
) -> None:
    here, there = notebook.name, f"other/{notebook.name}"
    clone = jupyter.files / there
    clone.parent.mkdir(exist_ok=True)
    shutil.copy(notebook, clone)
    comment = ("ann", AT, "Ann asks.")
    await write(
        jupyter, "ann", here, ("a", "anno", ("ann", AT, *TARGET)), ("c", "anno/c001", comment)
    )
    assert ask(jupyter, "ann", "export", here)[0] == 200
    jupyter.discussion("mod", there, **{"continue": "new"})
    shutil.copy(side(notebook), side(clone))
    assert ask(jupyter, "mod", "import", there)[0] == 200

    later: list[tuple[str, str, Value]] = [
        ("c", "anno/c001", ("ann", AT, "Ann asks better.", AT + 1)),
        ("s", "anno", (1, "ann", AT + 2)),
        ("t", "anno", ("ann", AT + 3, "other words", "", "", 0, 11, "source", "cell=c1")),
    ]
    for record in later:
        await write(jupyter, "ann", here, record)
        assert ask(jupyter, "ann", "export", here)[0] == 200
        shutil.copy(side(notebook), side(clone))  # as git merges it
        merged = side(clone).read_bytes()
        status, told = ask(jupyter, "ann", "export", there)
        assert (status, "1 newer changes: import it first" in told["message"]) == (409, True)
        assert side(clone).read_bytes() == merged
        status, told = ask(jupyter, "mod", "import", there)
        assert (status, told["added"], told["left_out"]) == (200, 1, 0), told
        assert ask(jupyter, "ann", "export", there)[0] == 200
    # What went the whole way round is older than nothing.
    shutil.copy(side(clone), side(notebook))
    assert ask(jupyter, "ann", "export", here)[0] == 200
    item = json.loads(side(notebook).read_bytes())["first"]["items"][0]
    assert item["comments"][0]["body"]["value"] == "Ann asks better."
    assert item["target"]["selector"][0]["exact"] == "other words"
    # And what is newer here is written over what was exported before.
    await write(jupyter, "ann", here, ("s", "anno", (0, "ann", AT + 4)))
    assert ask(jupyter, "ann", "export", here)[0] == 200
    assert not json.loads(side(notebook).read_bytes())["first"]["items"][0]["resolved"]


async def test_what_is_deleted_goes_elsewhere_too(jupyter: JupyterProcess, notebook: Path) -> None:
    """It stood in the side file again as soon as somebody exported who had imported it before."""
    here, there = notebook.name, f"far/{notebook.name}"
    clone = jupyter.files / there
    clone.parent.mkdir(exist_ok=True)
    shutil.copy(notebook, clone)
    mine: list[tuple[str, str, Value]] = []
    for aid in ("kept", "gone", "void", "ours"):
        mine.append(("a", aid, ("ann", AT, *TARGET)))
        mine.append(("c", f"{aid}/c001", ("ann", AT, f"A slip in {aid}.")))
    mine.append(("c", "kept/c002", ("ann", AT, "A slip at the end.")))
    await write(jupyter, "ann", here, *mine)
    assert ask(jupyter, "ann", "export", here)[0] == 200
    jupyter.discussion("mod", there, **{"continue": "new"})
    shutil.copy(side(notebook), side(clone))
    assert ask(jupyter, "mod", "import", there)[1]["left_out"] == 0
    await write(jupyter, "bob", there, ("c", "ours/c009", ("bob", AT, "Bob's own words.")))

    stones: list[tuple[str, str, Value]] = [
        ("d", key, ("ann", AT + 1)) for key in ("kept/c002", "gone", "void/c001", "ours")
    ]
    await write(jupyter, "ann", here, *stones)
    assert ask(jupyter, "ann", "export", here)[1]["annotations"] == 1
    assert side(notebook).read_text().count("A slip") == 2  # the body repeats it
    shutil.copy(side(notebook), side(clone))
    status, told = ask(jupyter, "bob", "export", there)
    assert (status, "3 deletions that are not here" in told["message"]) == (409, True), told
    status, told = ask(jupyter, "mod", "import", there)
    assert (status, told["added"], told["left_out"]) == (200, 3, 1), told
    assert any("3 deletions" in line for line in told["report"])
    assert any("what people of here wrote" in line for line in told["report"])
    assert ask(jupyter, "mod", "import", there)[1]["added"] == 0
    assert ask(jupyter, "bob", "export", there)[1]["annotations"] == 2
    text = side(clone).read_text()
    assert "Bob's own words." in text
    assert not any(f"A slip {where}" in text for where in ("at the end", "in gone", "in void"))

    # Of what never came here it is kept for those who have it.
    await write(jupyter, "ann", here, ("c", "kept/c003", ("ann", AT, "Another slip.")))
    await write(jupyter, "ann", here, ("d", "kept/c003", ("ann", AT + 2)))
    side(notebook).unlink()
    assert ask(jupyter, "ann", "export", here)[0] == 200
    shutil.copy(side(notebook), side(clone))
    status, told = ask(jupyter, "bob", "export", there)
    assert (status, "1 deletions that are not here" in told["message"]) == (409, True), told
    assert ask(jupyter, "mod", "import", there)[1]["added"] == 1
    assert ask(jupyter, "bob", "export", there)[0] == 200
    assert '"id": "c003", "deleted"' in side(clone).read_text()


async def test_a_deletion_is_passed_on_by_who_never_had_it(
    jupyter: JupyterProcess, notebook: Path
) -> None:
    await write(jupyter, "ann", notebook.name, ("a", "away", ("ann", AT, *TARGET)))
    await write(jupyter, "ann", notebook.name, ("d", "away", ("ann", AT)))
    assert ask(jupyter, "ann", "export", notebook.name)[0] == 200
    told = side(notebook).read_bytes()
    assert b'"id": "away"' in told
    clone = jupyter.files / "never" / notebook.name
    write_notebook(clone, [("never-had-it", "words of its own")])
    there = f"never/{notebook.name}"
    shutil.copy(side(notebook), side(clone))
    assert ask(jupyter, "mod", "import", there)[1]["left_out"] == 0
    assert ask(jupyter, "mod", "export", there)[0] == 200
    assert side(clone).read_bytes() == told


async def test_reactions_of_elsewhere_are_not_overwritten(
    jupyter: JupyterProcess, notebook: Path
) -> None:
    await write(
        jupyter,
        "ann",
        notebook.name,
        ("a", "anno", ("ann", AT, *TARGET)),
        ("c", "anno/c001", ("ann", AT, "Ann asks.")),
        ("r", "anno/c001/ann", "👍"),
    )
    assert ask(jupyter, "ann", "export", notebook.name)[0] == 200
    merged = side(notebook).read_text().replace('["ann"]', '["ann", "olga"]')
    side(notebook).write_text(merged)
    await write(jupyter, "ann", notebook.name, ("r", "anno/c001/ann", "🎉"))
    status, told = ask(jupyter, "ann", "export", notebook.name)
    assert (status, "1 reactions that are not here" in told["message"]) == (409, True), told
    assert side(notebook).read_text() == merged
    assert ask(jupyter, "mod", "import", notebook.name)[1]["left_out"] == 0
    assert ask(jupyter, "ann", "export", notebook.name)[0] == 200
    item = json.loads(side(notebook).read_text())["first"]["items"][0]
    assert item["comments"][0]["reactions"] == {"🎉": ["ann"], "👍": ["import:olga"]}


async def test_what_cannot_be_read_is_not_overwritten(
    jupyter: JupyterProcess, notebook: Path
) -> None:
    await write(
        jupyter,
        "ann",
        notebook.name,
        ("a", "anno", ("ann", AT, *TARGET)),
        ("c", "anno/c001", ("ann", AT, "Ours.")),
    )
    assert ask(jupyter, "ann", "export", notebook.name)[0] == 200
    head, ours, tail = side(notebook).read_text().split("\n", 2)
    theirs = ours.replace("anno", "nona").replace("Ours.", "Theirs.")
    for broken in (
        # As git leaves what two people exported.
        "\n".join((head, "<<<<<<< HEAD", ours, "=======", theirs, ">>>>>>> theirs", tail)),
        "\n".join((head, f"{ours},", theirs[:-9])),
        "\n".join((head, f"{ours},", theirs.replace('"creator"', '"maker"'), tail)),
    ):
        side(notebook).write_text(broken)
        status, told = ask(jupyter, "ann", "export", notebook.name)
        assert (status, "mend or remove it first" in told["message"]) == (409, True)
        assert side(notebook).read_text() == broken
    side(notebook).write_text("\n".join((head, f"{ours},", theirs, tail)))
    assert "import it first" in ask(jupyter, "ann", "export", notebook.name)[1]["message"]


def test_who_may(jupyter: JupyterProcess, notebook: Path) -> None:
    for user in ("", "out", "vic"):
        assert ask(jupyter, user, "export", notebook.name)[0] == 403
    assert not side(notebook).exists()
    for user in ("", "out", "vic", "ann"):
        assert ask(jupyter, user, "import", notebook.name)[0] == 403
    assert ask(jupyter, "mod", "import", notebook.name)[0] == 404
    assert ask(jupyter, "mod", "import", "none.ipynb")[0] == 404
    with jupyter.client("mod") as client:
        for body in (b"{}", b"[1]", b'{"path": "/"}', b"{"):
            assert client.post("crdtchat/api/export", content=body).status_code == 400


def test_a_broken_side_file_is_reported(jupyter: JupyterProcess, notebook: Path) -> None:
    side(notebook).write_text('{"type": "AnnotationCollection", "first": {"items": [{"id": 7}, ')
    status, told = ask(jupyter, "mod", "import", notebook.name)
    assert (status, told["added"], told["left_out"]) == (200, 0, 2), told
    assert any("left out" in line for line in told["report"])
