"""A wheel built from a clean checkout without Node, and an environment to install it in."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path, path: str | None = None) -> str:
    """Run a command; answers all that it said."""
    environment = {name: value for name, value in os.environ.items() if "CRDTCHAT" not in name}
    if path is not None:
        environment["PATH"] = path
    ran = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


@pytest.fixture(scope="session")
def no_node(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which everything of this machine is but Node."""
    tools = tmp_path_factory.mktemp("tools")
    for folder in ("/usr/local/bin", "/usr/bin", "/bin"):
        for tool in Path(folder).iterdir():
            link = tools / tool.name
            if tool.name not in ("node", "nodejs", "npm", "npx") and not link.is_symlink():
                link.symlink_to(tool)
    return str(tools)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory, no_node: str) -> Path:
    """Built as `pip install .` builds it in what git has."""
    folder = tmp_path_factory.mktemp("wheel")
    archive = subprocess.run(
        ["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    ).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(folder / "checkout", filter="data")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(folder), "."]
    run(*command, cwd=folder / "checkout", path=no_node)
    (built,) = folder.glob("*.whl")
    return built


class Environment:
    """A virtual environment with nothing in it but what is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run(sys.executable, "-m", "venv", folder, cwd=folder)

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of the environment; answers all that it said."""
        return run(self.folder / "bin" / program, *arguments, cwd=self.folder)

    def install(self, *wanted: str) -> None:
        """Install with pip."""
        self.run("python", "-m", "pip", "install", "--quiet", "--no-compile", *wanted)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment"))
