"""Reactions travel by side files: also that they were taken back, and what took their place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import crdtchat
from tests.jupyter.notebooks import write_notebook
from tests.jupyter.process import JupyterProcess
from tests.jupyter.test_side_files import AT, TARGET, ask, side, write


async def test_reactions_are_taken_back_elsewhere_too(jupyter: JupyterProcess) -> None:
    """They stood there for ever, came back home as somebody else's, and a second one never came."""
    here, there, third = (f"{folder}/reacted.ipynb" for folder in ("home", "off", "third"))
    notebook, clone, other = (jupyter.files / path for path in (here, there, third))
    for path in (notebook, clone):
        write_notebook(path, [("reacted-1", "words"), ("reacted-2", "more")])
    write_notebook(other, [("reacted-3", "words")])
    comment = ("c", "anno/c001", ("ann", AT, "Ann asks."))
    await write(jupyter, "ann", here, ("a", "anno", ("ann", AT, *TARGET)), comment)
    await write(jupyter, "bob", here, ("r", "anno/c001/bob", "👍"))
    assert ask(jupyter, "ann", "export", here)[0] == 200
    jupyter.discussion("mod", there, **{"continue": "new"})

    def carry(there: Path, path: str, added: int, refused: str) -> dict[str, Any]:
        """Take the side file to the other clone, and import it; answers its one annotation."""
        here = clone if there == notebook else notebook
        shutil.copy(side(here), side(there))
        status, told = ask(jupyter, "ann", "export", path)
        assert (status, refused in told.get("message", "")) == (409 if refused else 200, True), told
        shutil.copy(side(here), side(there))
        status, told = ask(jupyter, "mod", "import", path)
        assert (status, told["added"], told["left_out"]) == (200, added, 0), told
        assert ask(jupyter, "ann", "export", path)[0] == 200
        item: dict[str, Any] = json.loads(side(there).read_bytes())["first"]["items"][0]
        return item

    item = carry(clone, there, 5, "comments that are not here")
    assert item["comments"][0]["reactions"] == {"👍": ["import:bob"]}
    await write(jupyter, "ann", there, ("r", "anno/c001/ann", "🚀"))
    assert ask(jupyter, "ann", "export", there)[0] == 200
    carry(notebook, here, 3, "1 reactions that are not here")  # and two names
    page = jupyter.discussion("bob", here)["page"]
    where = {"url": f"{jupyter.url}crdtchat", "tenant": "jupyter", "page": page}
    # Another one, one less, none, and one again.
    for gives, takes in (("🎉", ""), ("", "👍"), ("", "🎉"), ("👀", "")):
        async with crdtchat.connect(**where, token="bob-token") as bob:
            if gives:
                await bob.react("anno", "c001", gives)
            else:
                await bob.unreact("anno", "c001", takes)
            await bob.wait_saved()
            given = [
                one for one in bob.annotations[0].comments[0].reactions if one.users == ("bob",)
            ]
        assert ask(jupyter, "bob", "export", here)[0] == 200
        what = "reactions that are not here" if given else "reactions less than are here"
        item = carry(clone, there, 1, f"1 {what}")
        theirs = {one.emoji: ["import:bob"] for one in given}
        assert item["comments"][0]["reactions"] == {"🚀": ["ann"], **theirs}
        # Back home nothing of it is new, and what bob took back is not somebody else's.
        item = carry(notebook, here, 0, "")
        ours = {one.emoji: ["bob"] for one in given}
        assert item["comments"][0]["reactions"] == {"🚀": ["import:ann"], **ours}
        assert item.get("withdrawn") == (None if given else {"c001": ["bob"]})
        if not given:  # Whoever never had it passes it on.
            shutil.copy(side(notebook), side(other))
            assert ask(jupyter, "mod", "import", third)[1]["left_out"] == 0
            assert ask(jupyter, "mod", "export", third)[0] == 200
            told = json.loads(side(other).read_bytes())["first"]["items"][0]
            assert told["withdrawn"] == {"c001": ["bob"]}
    # What somebody of there gave only they take back.
    del item["comments"][0]["reactions"]["🚀"]
    told = {"first": {"items": [item | {"withdrawn": {"c001": ["ann"]}}]}}
    side(clone).write_text(json.dumps(json.loads(side(notebook).read_text()) | told))
    assert ask(jupyter, "mod", "import", there)[1]["added"] == 0
    assert ask(jupyter, "ann", "export", there)[0] == 200
    assert '"🚀": ["ann"]' in side(clone).read_text()
