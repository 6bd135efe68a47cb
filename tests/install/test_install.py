"""What `pip install` brings, on a machine without Node; one environment for each extra."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.install.conftest import Environment, run

ALWAYS = ("crdtchat.anchoring", "crdtchat.client.page", "crdtchat.server.serve")
PROMISED = {
    "": (),
    "postgres": ("psycopg", "crdtchat.stores.postgres"),
    "redis": ("redis", "crdtchat.brokers.redis"),
    "notebook": ("anywidget", "crdtchat.client.notebook_widget"),
    "jupyter": ("jupyter_server", "crdtchat_jupyter.app", "jupyter_server_fileid"),
}
"""What each extra is for: the first is what it brings, and nothing else does."""


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
    assert {"crdtchat/py.typed", "crdtchat_jupyter/py.typed"} <= set(names)


@pytest.mark.timeout(600)
def test_the_sdist_makes_the_same_wheel(
    sdist: Path, wheel: Path, no_node: str, tmp_path: Path
) -> None:
    """Also without Node: the interface is built already."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", str(sdist)]
    run(*command, cwd=tmp_path, path=no_node)
    (again,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as first, ZipFile(again) as second:
        assert set(first.namelist()) == set(second.namelist())
        for name in first.namelist():
            if not name.endswith("/RECORD"):
                assert first.read(name) == second.read(name), name


@pytest.mark.timeout(600)
@pytest.mark.parametrize("extra", PROMISED, ids=lambda extra: extra or "none")
def test_each_extra_brings_what_it_is_for_and_not_what_others_are_for(
    environments: dict[str, Environment], extra: str
) -> None:
    environment = environments[extra]
    wanted = (*ALWAYS, *PROMISED[extra])
    environment.run("python", "-c", "; ".join(f"import {name}" for name in wanted))
    others = [names[0] for other, names in PROMISED.items() if names and other != extra]
    assert environment.found(*others) == []
    environment.pip("check")


PROGRAM = """
import crdtchat
from crdtchat.anchoring import describe
from crdtchat.client.blocking import BlockingPage
from crdtchat.client.errors import NotSaved
from crdtchat.client.news import PageEvent


async def look(url: str) -> str:
    async with crdtchat.connect(url, page="p", name="Ann") as page:
        aid: str = await page.annotate("words", "Whose?", page_text="words")
        try:
            await page.wait_saved()
        except NotSaved as error:
            print(error.drafts[0].text)
        async for event in page.events():
            heard: PageEvent = event
            print(heard.kind, page.annotations[0].comments[0].reactions)
        print(page.aid)  # WRONG
        return aid


def plain() -> BlockingPage:
    where = describe("words", 0, 5)
    page = crdtchat.connect_blocking(page="p")
    cid: str = page.reply(page.annotate(where.exact, "x", start=where.start_cp), "y", parent="")
    page.edit(cid, "c", texts="z")  # WRONG
    return page
"""


def test_what_uses_it_is_checked_against_its_types(
    environments: dict[str, Environment], tmp_path: Path
) -> None:
    """It said that it is typed, and type checkers passed over all of it, as nothing marked it."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    python = str(environments[""].folder / "bin" / "python")
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-executable",
        python,
        str(program),
    ]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = PROGRAM.splitlines()
    wrong = [f"program.py:{at}" for at, line in enumerate(lines, 1) if "WRONG" in line]
    said = [line for line in ran.stdout.splitlines() if ": error: " in line]
    assert [line.partition(": error")[0] for line in said] == wrong, ran.stdout


def test_alone_it_says_what_it_can(
    environments: dict[str, Environment], capsys: pytest.CaptureFixture[str]
) -> None:
    environment = environments[""]
    began = time.perf_counter()
    assert "serve" in environment.run("crdtchat", "--help")
    middle = time.perf_counter()
    environment.run("python", "-c", "from crdtchat import connect, connect_blocking")
    ended = time.perf_counter()
    with (
        capsys.disabled()
    ):  # Told, and no more: machines differ. What they load is tested elsewhere.
        sys.stdout.write(f"\n--help {middle - began:.2f} s, import {ended - middle:.2f} s\n")


@pytest.mark.timeout(600)
def test_jupyter_finds_both_halves(environments: dict[str, Environment]) -> None:
    environment = environments["jupyter"]
    environment.install("jupyterlab>=4.6,<5")
    listed = environment.run("jupyter", "server", "extension", "list")
    assert [line for line in listed.splitlines() if "crdtchat_jupyter" in line and "OK" in line]
    listed = environment.run("jupyter", "labextension", "list")
    (line,) = [line for line in listed.splitlines() if "@crdtchat/lab" in line]
    assert "enabled" in line
    assert "OK" in line
    environment.pip("check")
