"""What somebody meets who has just installed the client: each is told what to do."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys

import pytest

import crdtchat


@pytest.mark.anyio
async def test_a_server_that_is_not_there_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """It was silent: whoever had named a wrong port waited for ever."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with caplog.at_level(logging.WARNING, "crdtchat"):
        async with crdtchat.connect(url, page="x", name="Ann") as page:
            await page.annotate("words", "Kept.")
            page.forget_unsaved()
    (record,) = caplog.records
    told = record.getMessage()
    assert f"not connected to {url} yet" in told
    assert f"cannot reach 127.0.0.1:{port}" in told
    assert "what is written waits" in told


def test_without_a_server_and_without_jupyter_it_says_what_to_give() -> None:
    """The entry point of the extension needs Jupyter's packages, which need not be here."""
    program = (
        "import sys; sys.modules['jupyter_core'] = None\n"
        "import crdtchat\n"
        "crdtchat.connect('', page='x')"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stderr.splitlines()[-1].startswith("ValueError: no server: give its URL")
