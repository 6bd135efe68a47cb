"""Why a request failed is told as it is, whatever files are called."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.jupyter.notebooks import FOUR, write_notebook
from tests.jupyter.process import JupyterProcess, running_jupyter


def told(jupyter: JupyterProcess, path: str) -> tuple[int, str]:
    """How an export is refused."""
    with jupyter.client("ann") as client:
        answer = client.post("crdtchat/api/export", json={"path": path})
        return answer.status_code, answer.json()["message"]


def test_names_with_a_percent_sign_are_told_as_they_are(jupyter: JupyterProcess) -> None:
    first, copy = "100%.ipynb", "100% again.ipynb"
    write_notebook(jupyter.files / first, [(f"percent-{cell}", words) for cell, words in FOUR])
    jupyter.comment(jupyter.discussion("ann", first)["page"])
    shutil.copy(jupyter.files / first, jupyter.files / copy)
    status, message = told(jupyter, copy)
    assert (status, message.startswith(f"{copy} may be {first}, or a copy")) == (409, True), message
    status, message = told(jupyter, "99%.ipynb")
    assert (status, message) == (404, "No such file or directory: 99%.ipynb")


def test_the_requests_to_a_central_server_can_be_made_as_they_are_told(tmp_path: Path) -> None:
    arguments = [
        "--CrdtChatExtension.server_url=https://central.example",
        "--CrdtChatExtension.server_secret=a secret of more than thirty-two characters",
    ]
    with running_jupyter(tmp_path, arguments) as jupyter:
        write_notebook(jupyter.files / "one.ipynb", FOUR)
        status, message = told(jupyter, "one.ipynb")
        assert (status, "/export?page=jupyter%2Fone.ipynb " in message) == (409, True), message
