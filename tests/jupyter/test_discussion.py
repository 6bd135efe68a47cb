"""A file's discussion follows the file: through a real Jupyter server."""

from __future__ import annotations

import asyncio
import shutil
from uuid import UUID

import httpx

from crdtchat.sync import message
from tests.jupyter.notebooks import FOUR, write_notebook
from tests.jupyter.process import JupyterProcess
from tests.raw_client import raw_client


def test_the_same_file_has_the_same_discussion_for_everybody(jupyter: JupyterProcess) -> None:
    write_notebook(jupyter.files / "same.ipynb", [("s1", "x"), ("s2", "y")])
    found = jupyter.discussion("ann", "same.ipynb")
    assert found["url"] == "/far/down/crdtchat"
    assert found["tenant"] == "jupyter"
    assert found["similar"] == []
    assert (found["user"], found["role"]) == ("ann", "commenter")
    assert jupyter.discussion("vic", "same.ipynb")["page"] == found["page"]
    assert jupyter.discussion("vic", "same.ipynb")["role"] == "viewer"
    assert jupyter.discussion("mod", "/same.ipynb")["role"] == "moderator"


async def test_those_who_open_it_at_the_same_moment_have_one_discussion(
    jupyter: JupyterProcess,
) -> None:
    """As where a notebook and a preview of it are restored, or a class opens what it was given."""
    write_notebook(jupyter.files / "given.ipynb", [("u1", "x"), ("u2", "y")])
    write_notebook(jupyter.files / "handed-on.ipynb", [("u1", "x"), ("u2", "y")])

    async def pages(*bodies: dict[str, str]) -> set[str]:
        headers = {"Authorization": "token ann-token"}
        async with httpx.AsyncClient(base_url=jupyter.url, headers=headers, timeout=60) as client:
            asked = [client.post("crdtchat/api/discussion", json=body) for body in bodies]
            return {answer.json()["page"] for answer in await asyncio.gather(*asked)}

    (given,) = await pages(*[{"path": "given.ipynb"}] * 12)
    assert jupyter.discussion("bob", "given.ipynb")["page"] == given
    # Each was asked whose discussion it is, and they do not agree: the first answer counts.
    copy = {"path": "handed-on.ipynb"}
    (one,) = await pages(*[copy | {"continue": choice} for choice in ("new", given) * 6])
    assert jupyter.discussion("bob", "handed-on.ipynb")["page"] == one


def test_it_follows_a_rename_and_a_move_of_its_folder(jupyter: JupyterProcess) -> None:
    write_notebook(jupyter.files / "old.ipynb", [("r1", "x"), ("r2", "y")])
    page = jupyter.discussion("ann", "old.ipynb")["page"]
    jupyter.rename("old.ipynb", "new.ipynb")
    assert jupyter.discussion("ann", "new.ipynb")["page"] == page
    (jupyter.files / "folder").mkdir()
    jupyter.rename("new.ipynb", "folder/new.ipynb")
    jupyter.discussion("ann", "folder/new.ipynb")
    jupyter.rename("folder", "other")
    assert jupyter.discussion("ann", "other/new.ipynb")["page"] == page


def test_it_follows_mv_and_an_edit(jupyter: JupyterProcess) -> None:
    write_notebook(jupyter.files / "here.ipynb", [("m1", "x"), ("m2", "y"), ("m3", "z")])
    page = jupyter.discussion("ann", "here.ipynb")["page"]
    (jupyter.files / "here.ipynb").unlink()
    write_notebook(jupyter.files / "there.ipynb", [("m1", "x"), ("m3", "z"), ("new", "n")])
    assert jupyter.discussion("ann", "there.ipynb")["page"] == page


def test_a_copy_asks_before_it_begins_or_goes_on(jupyter: JupyterProcess) -> None:
    write_notebook(jupyter.files / "first.ipynb", FOUR)
    page = jupyter.discussion("ann", "first.ipynb")["page"]
    jupyter.comment(page)
    for name in ("fork.ipynb", "twin.ipynb"):
        shutil.copy(jupyter.files / "first.ipynb", jupyter.files / name)
    asked = jupyter.discussion("ann", "fork.ipynb")
    assert asked["similar"] == [{"page": page, "path": "first.ipynb", "lost": False}]
    assert asked["page"] != page
    forked = jupyter.discussion("ann", "fork.ipynb", **{"continue": "new"})
    assert forked["page"] != page
    assert jupyter.discussion("bob", "fork.ipynb") | {"user": "ann"} == forked
    joined = jupyter.discussion("ann", "twin.ipynb", **{"continue": page})
    assert joined["page"] == page
    assert jupyter.discussion("ann", "twin.ipynb")["similar"] == []


def test_a_link_to_a_file_is_the_file(jupyter: JupyterProcess) -> None:
    """It was asked about as a copy, and a text of few words began a discussion of its own."""
    deep = jupyter.files / "deep"
    write_notebook(deep / "real.ipynb", [("l1", "x"), ("l2", "y")])
    (deep / "note.md").write_text("Short.")
    pages = {}
    for name in ("real.ipynb", "note.md"):
        pages[name] = jupyter.discussion("ann", f"deep/{name}")["page"]
        jupyter.comment(pages[name])
        (jupyter.files / f"link-{name}").symlink_to(deep / name)
    (jupyter.files / "shallow").symlink_to("deep")
    for name, page in pages.items():
        for path in (f"link-{name}", f"shallow/{name}", f"deep/{name}"):
            found = jupyter.discussion("bob", path)
            assert (found["page"], found["similar"]) == (page, []), path
    # Also where the link was opened first.
    write_notebook(deep / "late.ipynb", [("l3", "x"), ("l4", "y")])
    page = jupyter.discussion("ann", "shallow/late.ipynb")["page"]
    jupyter.comment(page)
    found = jupyter.discussion("ann", "deep/late.ipynb")
    assert (found["page"], found["similar"]) == (page, [])
    # What is saved by way of the link is known, and a file in its place is a copy.
    with jupyter.client("ann") as ann:
        model = ann.get("api/contents/link-real.ipynb").json()
        for cell, name in zip(model["content"]["cells"], ("l5", "l6"), strict=True):
            cell |= {"id": name, "source": name}
            ann.put("api/contents/link-real.ipynb", json=model).raise_for_status()
    (deep / "real.ipynb").rename(deep / "moved.ipynb")
    assert jupyter.discussion("ann", "deep/moved.ipynb")["page"] == pages["real.ipynb"]
    (jupyter.files / "link-real.ipynb").unlink()
    shutil.copy(deep / "moved.ipynb", jupyter.files / "link-real.ipynb")
    (asked,) = jupyter.discussion("ann", "link-real.ipynb")["similar"]
    assert asked["page"] == pages["real.ipynb"]


def test_what_it_continues_must_be_like_it(jupyter: JupyterProcess) -> None:
    write_notebook(jupyter.files / "mine.ipynb", [("o1", "x")])
    write_notebook(jupyter.files / "alien.ipynb", [("p1", "x")])
    page = jupyter.discussion("ann", "mine.ipynb")["page"]
    with jupyter.client("ann") as client:
        body = {"path": "alien.ipynb", "continue": page}
        assert client.post("crdtchat/api/discussion", json=body).status_code == 409
        assert client.post("crdtchat/api/discussion", json={"path": "no.ipynb"}).status_code == 404
        assert client.post("crdtchat/api/discussion", json={"path": 7}).status_code == 400
        assert client.post("crdtchat/api/discussion", content=b"{").status_code == 400


def test_a_text_file_and_an_old_notebook_are_files_too(jupyter: JupyterProcess) -> None:
    (jupyter.files / "page.md").write_text("# A page about something\n\nWith a few lines.\n")
    page = jupyter.discussion("ann", "page.md")["page"]
    (jupyter.files / "page.md").rename(jupyter.files / "moved.md")
    assert jupyter.discussion("ann", "moved.md")["page"] == page
    write_notebook(jupyter.files / "v44.ipynb", [("", "first cell"), ("", "second")], minor=4)
    page = jupyter.discussion("ann", "v44.ipynb")["page"]
    (jupyter.files / "v44.ipynb").rename(jupyter.files / "v44b.ipynb")
    assert jupyter.discussion("ann", "v44b.ipynb")["page"] == page


async def test_two_users_discuss_a_notebook_and_its_file_stays_as_it_is(
    jupyter: JupyterProcess,
) -> None:
    path = jupyter.files / "talk.ipynb"
    write_notebook(path, [("t1", "x"), ("t2", "y")])
    before = path.read_bytes()
    page = jupyter.discussion("ann", "talk.ipynb")["page"]
    tenant = "jupyter"
    async with (
        raw_client(jupyter.socket_url, page, token="ann-token", tenant=tenant) as ann,
        raw_client(jupyter.socket_url, page, token="bob-token", tenant=tenant) as bob,
    ):
        await ann.join()
        await bob.join()
        assert (ann.user, bob.user) == ("ann", "bob")
        target = ("y", "", "", 0, 1, "source", "cell=t2")
        await ann.write(1, "a", "anno", ("ann", 1_700_000_000_000, *target))
        batch = await bob.until(message.Batch)
        assert batch.events[0].by == "ann"
        assert UUID(bytes=batch.events[0].broadcast_id).int == 1
        assert bob.replica.get("a", "anno") == ("ann", 1_700_000_000_000, *target)
    assert path.read_bytes() == before
    assert sorted(file.name for file in path.parent.iterdir() if file.stem == "talk") == [path.name]
