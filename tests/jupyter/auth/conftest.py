"""pytest-jupyter's fixtures, in this folder alone: its hooks take over every coroutine test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403
from traitlets.config import Config

from tests.jupyter.server_config import configure


@pytest.fixture  # type: ignore[no-redef]
def jp_server_config(tmp_path: Path) -> Any:
    """The users and the authorizer of the other tests; every route must ask who you are, or
    loading us would raise: warnings are errors here."""
    config = Config()
    configure(config)
    config.ServerApp.jpserver_extensions = {
        "crdtchat_jupyter": True,
        # Has a route that does not ask.
        "jupyter_server_terminals": False,
    }
    config.CrdtChatExtension.data_dir = str(tmp_path / "discussions")
    return config
