"""The notebooks run from top to bottom, and their outputs say what their words promise."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
CLAIMS = {
    "analysis": [
        "added: 40 annotations",
        r"exact +40",
        r"answered: \d+ of 40, half of them within \d+\.\d hours",
    ],
    "classroom": [
        "51 people are here",
        "first half: {'threads': 50, 'comments': 100}",
        "of which unsaved: 100",
        "51 copies, of which different: 1",
        "100 threads, 200 comments: everything is there",
        "most discussed: The second bulge",
    ],
    "merging": [
        "waiting to be sent: Ann 3 and Bob 3",
        "equal, and nothing is missing: 6 comments",
        "Ann's twice: 2 comments",
    ],
    "quickstart": [
        r"Ann: Why is there one at all\?\n +Bob: Because the moon",
        r"updated-text-chat: by Bob\? True\nresolved on Ann's copy: True",
        "changed, certainty .*\n“The second bulge, .* is a little harder to understand”",
        "NotebookWidget",
    ],
    "wire": [
        r"a new annotation: [4-9]\d\d bytes for \d+ bytes of words",
        r"(?s)← +welcome.*← +batch",
        r"coming back cost \d\.\d% of the whole page",
    ],
}
"""Patterns that occur in this order."""
PICTURES = {"analysis": 4, "classroom": 2, "merging": 3, "quickstart": 0, "wire": 2}


def test_all_are_here() -> None:
    assert set(CLAIMS) == set(PICTURES) == set(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_stored_without_outputs(name: str) -> None:
    notebook = _read(FOLDER / f"{name}.ipynb")
    nbformat.validate(notebook)
    assert notebook.cells[0].source.startswith("# ")
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert not cell.get("execution_count")
        assert not cell.metadata
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


@pytest.mark.parametrize("name", NOTEBOOKS)
@pytest.mark.timeout(600)
def test_it_keeps_its_promises(name: str, tmp_path: Path) -> None:
    source, executed = FOLDER / f"{name}.ipynb", tmp_path / "executed.ipynb"
    command = [sys.executable, "-c", "from nbclient.cli import main; main()"]
    ran = subprocess.run(
        [*command, "--startup_timeout=600", f"--output={executed.with_suffix('')}", str(source)],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    said, pictures = [], 0
    for cell in _read(executed).cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output.text
            data = output.get("data", {})
            said.append(output.get("text", "") or data.get("text/plain", ""))
            pictures += "image/png" in data
    text, at = "\n".join(said), 0
    for claim in CLAIMS[name]:
        found = re.compile(claim).search(text, at)
        assert found, f"no {claim!r} in {text[at:]}"
        at = found.end()
    assert pictures == PICTURES[name]


def _read(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)  # type: ignore[no-untyped-call]
    assert isinstance(notebook, nbformat.NotebookNode)
    return notebook
