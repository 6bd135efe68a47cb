"""A notebook finds its own discussion, as its server's user, without being told anything."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.jupyter.conftest import TOKEN
from tests.jupyter.kernels import Kernel, running_kernel
from tests.jupyter.notebooks import write_notebook
from tests.jupyter.process import JupyterProcess, running_jupyter

CONNECT = "import crdtchat; page = crdtchat.connect_blocking(); page.wait_live()"


@pytest.fixture(scope="module")
def kernel(plain: JupyterProcess, program: httpx.Client) -> Iterator[Kernel]:
    write_notebook(plain.files / "work" / "here.ipynb", [("k1", "x"), ("k2", "y")])
    with running_kernel(program, "work/here.ipynb") as found:
        yield found


def page_of(program: httpx.Client, path: str) -> str:
    """The page of a file, as Jupyter says."""
    answer = program.post("crdtchat/api/discussion", json={"path": path})
    page: str = answer.raise_for_status().json()["page"]
    return page


def test_nothing_has_to_be_said(kernel: Kernel, program: httpx.Client) -> None:
    assert kernel.run("import crdtchat, sys; print('jupyter_server' in sys.modules)") == "False"
    assert kernel.run(CONNECT) == ""
    assert kernel.run("print(page.state, page.me.id, page.me.role)") == (
        f"live {getpass.getuser()} moderator"
    )
    assert kernel.run("print('jupyter_server' in sys.modules)") == "False"
    written = "aid = page.annotate('x', 'From the kernel.', kind='source', part='k1')"
    assert kernel.run(f"{written}; page.wait_saved(); print(aid)")
    listed = program.get(
        "crdtchat/api/v1/jupyter/annotations", params={"page": page_of(program, "work/here.ipynb")}
    ).json()
    assert [one["creator"]["id"] for one in listed["items"]] == [getpass.getuser()]
    assert kernel.run("page.close()") == ""


def test_no_proxy_leads_to_the_server_that_runs_it(kernel: Kernel) -> None:
    """It may have a name of its own, as in a container, for which no `NO_PROXY` is set."""
    assert kernel.run("import crdtchat; print(crdtchat.connect()._address.direct)") == "True"
    assert kernel.run(
        "async def direct(page): return page._address.direct\n"
        "with crdtchat.connect_blocking() as page: print(page.call(direct))"
    ) == ("True")


def test_with_await_too(kernel: Kernel) -> None:
    code = (
        "async with crdtchat.connect() as page:\n    await page.wait_live()\n    print(page.state)"
    )
    assert kernel.run(f"import crdtchat\n{code}") == "live"


def test_another_page_and_its_own_name_may_be_said(kernel: Kernel) -> None:
    assert kernel.run(
        "with crdtchat.connect_blocking(page='jupyter/another') as other:\n"
        "    other.wait_live(); print(other.annotations, other.me.id)"
    ) == (f"() {getpass.getuser()}")


def test_it_is_the_same_person_each_time(
    plain: JupyterProcess, program: httpx.Client, kernel: Kernel
) -> None:
    write_notebook(plain.files / "again.ipynb", [("n1", "x")])
    with running_kernel(program, "again.ipynb") as again:
        assert again.run(CONNECT + "; print(page.me.id); page.close()") == getpass.getuser()


def test_a_browser_is_who_its_cookie_says(plain: JupyterProcess, program: httpx.Client) -> None:
    address = f"{plain.url}api/me?token={TOKEN}"
    with httpx.Client() as browser:
        user = browser.get(address).json()["identity"]["username"]
        body = {"path": "work/here.ipynb"}
        token = {"Authorization": f"token {TOKEN}"}
        answer = browser.post(f"{plain.url}crdtchat/api/discussion", json=body, headers=token)
    assert answer.json()["user"] == user != getpass.getuser()


def test_the_notebook_is_found_where_it_went(plain: JupyterProcess, program: httpx.Client) -> None:
    write_notebook(plain.files / "before.ipynb", [("w1", "x")])
    page = page_of(program, "before.ipynb")
    with running_kernel(program, "before.ipynb") as kernel:
        # As JupyterLab renames.
        program.patch("api/contents/before.ipynb", json={"path": "after.ipynb"}).raise_for_status()
        session = {"path": "after.ipynb", "type": "notebook"}
        address = f"api/sessions/{kernel.session['id']}"
        program.patch(address, json=session).raise_for_status()
        code = "from crdtchat.client.surroundings import locate; print(locate(*[None] * 5).page)"
        assert kernel.run(code) == page
    assert page_of(program, "after.ipynb") == page


def test_a_console_that_had_the_kernel_first_is_no_notebook(
    plain: JupyterProcess, program: httpx.Client
) -> None:
    write_notebook(plain.files / "joined.ipynb", [("j1", "x")])
    with running_kernel(program, "console-1") as kernel:
        console = f"api/sessions/{kernel.session['id']}"
        program.patch(console, json={"type": "console"}).raise_for_status()
        # As JupyterLab's "Use Kernel from Other Session".
        joined = {"path": "joined.ipynb", "type": "notebook", "name": ""}
        joined_to = {"kernel": {"id": kernel.session["kernel"]["id"]}}
        program.post("api/sessions", json=joined | joined_to).raise_for_status()
        assert kernel.run(CONNECT + "; print(page.state); page.close()") == "live"


def test_what_is_edited_together_is_found_too(plain: JupyterProcess, program: httpx.Client) -> None:
    """As sessions are called there: its path was no file's."""
    write_notebook(plain.files / "together.ipynb", [("t1", "x")])
    with running_kernel(program, "RTC:together.ipynb") as kernel:
        code = "from crdtchat.client.surroundings import locate; print(locate(*[None] * 5).page)"
        assert kernel.run(code) == page_of(program, "together.ipynb")


def test_a_copy_has_to_be_decided_about_first(plain: JupyterProcess, program: httpx.Client) -> None:
    for name in ("one.ipynb", "two.ipynb"):
        write_notebook(plain.files / name, [("d1", "x"), ("d2", "y")])
    page = page_of(program, "one.ipynb")
    api = "crdtchat/api/v1/jupyter/annotations"
    comment = {"target": {"exact": "x", "start": 0}, "body": "Which x?"}
    program.post(api, params={"page": page}, json=comment).raise_for_status()
    with running_kernel(program, "two.ipynb") as kernel:
        said = kernel.run("import crdtchat; crdtchat.connect_blocking()")
    assert said.startswith("ValueError: two.ipynb looks like a copy of one.ipynb: open it in")


def test_a_kernel_of_a_server_without_us_is_told(tmp_path: Path) -> None:
    arguments = [
        f"--IdentityProvider.token={TOKEN}",
        "--ServerApp.jpserver_extensions={'crdtchat_jupyter': False}",
    ]
    headers = {"Authorization": f"token {TOKEN}"}
    with (
        running_jupyter(tmp_path, arguments, config="") as jupyter,
        httpx.Client(base_url=jupyter.url, headers=headers, timeout=60) as client,
    ):
        write_notebook(jupyter.files / "x.ipynb", [("x1", "x")])
        with running_kernel(client, "x.ipynb") as kernel:
            said = kernel.run("import crdtchat; crdtchat.connect_blocking()")
    assert "has no crdtchat: install crdtchat[jupyter] where it runs" in said
    assert TOKEN not in said


@pytest.mark.parametrize(
    ("parent", "says"), [("", "no server: give its URL"), ("1", "none has a notebook with this")]
)
def test_elsewhere_it_says_what_to_do(tmp_path: Path, parent: str, says: str) -> None:
    environment = {name: value for name, value in os.environ.items() if "CRDTCHAT" not in name}
    environment["JUPYTER_RUNTIME_DIR"] = str(tmp_path)
    if parent:
        environment["JPY_PARENT_PID"] = parent
    code = "import crdtchat; crdtchat.connect_blocking()"
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 1
    last = ran.stderr.strip().splitlines()[-1]
    assert last.startswith("ValueError: ")
    assert says in last
