"""Every package whose code is in what is shipped is on the list that is shipped with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from markdown_it import MarkdownIt

LIST = "dist-info/licenses/crdtchat/widget/THIRD-PARTY.md"


def listed(text: str) -> dict[str, str]:
    """The licence's words by the package's name and version."""
    tokens = MarkdownIt().parse(text)
    heads = [at for at, token in enumerate(tokens) if token.tag == "h2" and token.nesting == 1]
    return {
        tokens[head + 1].content: next(one.content for one in tokens[head:] if one.type == "fence")
        for head in heads
    }


def bundled(wheel: Path) -> set[str]:
    """What the bundlers say they have put into the files of the wheel."""
    checkout = wheel.parent / "checkout"
    packages: list[dict[str, Any]] = json.loads(
        (checkout / "crdtchat" / "widget" / "dist" / "meta.json").read_text()
    )["packages"]
    packages += json.loads((checkout / "jupyter_ext" / "ui" / "lib" / "packages.json").read_text())
    found = {f"{one['name']} {one['version']}" for one in packages}
    with ZipFile(wheel) as files:
        (told,) = [name for name in files.namelist() if name.endswith("third-party-licenses.json")]
        loaders = json.loads(files.read(told))["packages"]
    return found | {f"{one['name']} {one['versionInfo']}" for one in loaders}


def test_everything_bundled_is_listed_in_the_wheel(wheel: Path) -> None:
    with ZipFile(wheel) as files:
        (name,) = [name for name in files.namelist() if name.endswith(LIST)]
        found = listed(files.read(name).decode())
    packages = bundled(wheel)
    assert {"yjs", "preact", "style-loader"} <= {package.split(" ")[0] for package in packages}
    assert packages <= set(found), "npm run licences, in crdtchat/widget"
    # Rspack writes the loader, and lists everything but itself.
    assert {one for one in set(found) - packages if not one.startswith("@rspack/core ")} == set()
    assert all("permission" in words.lower() for words in found.values())
