"""A wheel built from a clean checkout without Node, and an environment to install it in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
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


@pytest.fixture(scope="session")
def sdist(wheel: Path, no_node: str) -> Path:
    """Of the same checkout."""
    folder = wheel.parent / "sdist"
    command = [sys.executable, "-m", "build", "--sdist", "--outdir", str(folder), "."]
    run(*command, cwd=wheel.parent / "checkout", path=no_node)
    (built,) = folder.glob("*.tar.gz")
    return built


class Environment:
    """A virtual environment with nothing in it but what is installed."""

    def __init__(self, folder: Path, like: Environment | None = None) -> None:
        """`like`: what it begins with; none of its programs, which begin by naming its folder."""
        self.folder = folder
        # Without a pip of its own, which takes longer to unpack than what is tested.
        run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
        if like is not None:
            for place in ("lib", "etc", "share"):
                shutil.copytree(
                    like.folder / place, folder / place, copy_function=os.link, dirs_exist_ok=True
                )

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of the environment; answers all that it said."""
        return run(self.folder / "bin" / program, *arguments, cwd=self.folder)

    def pip(self, *arguments: str) -> str:
        """Our pip, working on it; answers all that it said."""
        pip = (sys.executable, "-m", "pip", "--python", str(self.folder / "bin" / "python"))
        return run(*pip, *arguments, cwd=self.folder)

    def install(self, *wanted: str) -> None:
        """Install with pip."""
        self.pip("install", "--quiet", "--no-compile", *wanted)

    def found(self, *modules: str) -> list[str]:
        """Which of these modules could be imported there."""
        found = "print(*(name for name in sys.argv[1:] if find_spec(name)))"
        code = f"import sys; from importlib.util import find_spec; {found}"
        return self.run("python", "-c", code, *modules).split()


@pytest.fixture(scope="session")
def environments(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    """One for each extra, and one without, by its name; made two at a time.

    Those with an extra begin with what the one without has, which is in each of them.
    """
    alone = Environment(tmp_path_factory.mktemp("environment") / "venv")
    alone.install(str(wheel))
    alone.run("python", "-c", "import crdtchat.client.page, crdtchat.server.serve")  # compiles it

    def made(extra: str) -> Environment:
        environment = Environment(tmp_path_factory.mktemp("environment") / "venv", like=alone)
        environment.install(f"{wheel}[{extra}]")
        return environment

    with ThreadPoolExecutor(2) as pool:
        return {"": alone, **dict(zip(EXTRAS, pool.map(made, EXTRAS), strict=True))}


EXTRAS = ("jupyter", "notebook", "postgres", "redis")
"""The longest first."""
