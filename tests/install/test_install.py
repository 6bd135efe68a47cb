"""What `pip install` brings, on a machine without Node; the tests run in this order."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.install.conftest import Environment

EXTRAS = {
    "postgres": ["psycopg"],
    "notebook": ["crdtchat.client.notebook_widget"],
    "jupyter": ["crdtchat_jupyter.app", "jupyter_server_fileid"],
}
"""From the one that brings least to the one that brings most; each with what it is for."""


@pytest.mark.timeout(600)
def test_the_wheel_has_what_browsers_get_and_not_what_it_is_made_of(wheel: Path) -> None:
    with ZipFile(wheel) as files:
        names = files.namelist()
    for bundle in ("crdtchat.js", "notebook.js"):
        assert f"crdtchat/widget/dist/{bundle}" in names
    lab = [name.partition("/data/")[2] for name in names if "labextensions/@crdtchat/lab" in name]
    place = "share/jupyter/labextensions/@crdtchat/lab"
    assert {f"{place}/package.json", f"{place}/install.json"} <= set(lab)
    assert any("/static/remoteEntry." in name for name in lab)
    config = "etc/jupyter/jupyter_server_config.d/crdtchat_jupyter.json"
    assert any(name.endswith(config) for name in names)
    assert not [name for name in names if name.endswith((".ts", ".mjs")) or "node_modules" in name]


@pytest.mark.timeout(600)
def test_alone_it_serves_and_connects(
    wheel: Path, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.install(str(wheel))
    began = time.perf_counter()
    assert "serve" in environment.run("crdtchat", "--help")
    middle = time.perf_counter()
    environment.run("python", "-c", "from crdtchat import connect, connect_blocking")
    ended = time.perf_counter()
    with capsys.disabled():  # Told, and no more: machines differ.
        sys.stdout.write(f"\n--help {middle - began:.2f} s, import {ended - middle:.2f} s\n")
    installed = environment.run("python", "-m", "pip", "list", "--format=freeze")
    assert "jupyter" not in installed.replace("crdtchat", "")


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.timeout(600)
def test_each_extra_brings_what_it_is_for(
    wheel: Path, environment: Environment, extra: str
) -> None:
    environment.install(f"{wheel}[{extra}]")
    environment.run("python", "-c", "; ".join(f"import {name}" for name in EXTRAS[extra]))


@pytest.mark.timeout(600)
def test_jupyter_finds_both_halves(environment: Environment) -> None:
    environment.install("jupyterlab>=4.6,<5")
    listed = environment.run("jupyter", "server", "extension", "list")
    assert [line for line in listed.splitlines() if "crdtchat_jupyter" in line and "OK" in line]
    listed = environment.run("jupyter", "labextension", "list")
    (line,) = [line for line in listed.splitlines() if "@crdtchat/lab" in line]
    assert "enabled" in line
    assert "OK" in line
    environment.run("python", "-m", "pip", "check")
