"""`jupyter crdtchat export|import`, through the running server."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import crdtchat_jupyter
import httpx

from tests.certificates import certified
from tests.jupyter.notebooks import write_notebook
from tests.jupyter.process import JupyterProcess


def command(jupyter: JupyterProcess, *arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Run it where the server's runtime files are; answers status, output and complaints."""
    environment = os.environ | {"JUPYTER_RUNTIME_DIR": str(jupyter.home / "runtime")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    ran = subprocess.run(
        ["jupyter", "crdtchat", *arguments],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
    )
    return ran.returncode, ran.stdout, ran.stderr


def test_out_and_in(plain: JupyterProcess, program: httpx.Client, tmp_path: Path) -> None:
    folder = plain.files / "papers"
    write_notebook(folder / "draft.ipynb", [("o1", "x"), ("o2", "y")])
    found = program.post("crdtchat/api/discussion", json={"path": "papers/draft.ipynb"}).json()
    address = "crdtchat/api/v1/jupyter/annotations"
    body = {"target": {"exact": "x", "start": 0}, "body": "Why x?"}
    program.post(address, params={"page": found["page"]}, json=body).raise_for_status()

    side = folder / "draft.ipynb.comments.jsonld"
    status, said, _ = command(plain, "export", "draft.ipynb", cwd=folder)
    assert (status, said) == (0, "papers/draft.ipynb.comments.jsonld: 1 annotations\n")
    text = side.read_text()
    assert "Why x?" in text
    status, said, _ = command(plain, "import", "draft.ipynb", cwd=folder)
    assert status == 0
    assert "draft.ipynb: nothing is new: nothing was changed\n" in said

    side.write_text(text[: text.index('"comments"')])
    status, said, _ = command(plain, "import", "draft.ipynb", cwd=folder)
    assert (status, "left out" in said) == (1, True)


def test_a_folder_that_is_a_link_to_another_disk(
    plain: JupyterProcess, program: httpx.Client, tmp_path: Path
) -> None:
    write_notebook(tmp_path / "far" / "linked.ipynb", [("f1", "x"), ("f2", "y")])
    (plain.files / "scratch").symlink_to(tmp_path / "far")
    program.post("crdtchat/api/discussion", json={"path": "scratch/linked.ipynb"})
    status, said, complaint = command(plain, "export", "scratch/linked.ipynb", cwd=plain.files)
    assert (status, complaint) == (0, "")
    assert said == "scratch/linked.ipynb.comments.jsonld: 0 annotations\n"


def test_without_jupyter_it_says_what_to_install(tmp_path: Path) -> None:
    """The command comes with every crdtchat; it ended in a traceback."""
    code = "from crdtchat_jupyter.command import main; main()"
    ran = subprocess.run(
        # Without what is installed beside us.
        [sys.executable, "-S", "-c", code, "export", "draft.ipynb"],
        env={"PYTHONPATH": str(Path(crdtchat_jupyter.__file__).parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1), ran.stderr
    assert 'pip install "crdtchat[jupyter]"' in ran.stderr


class Distant(BaseHTTPRequestHandler):
    """What answers an export."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"path": "draft.ipynb.comments.jsonld", "annotations": 3}')


def test_a_server_whose_certificate_nobody_knows(
    tmp_path: Path,
) -> None:
    """It said that no running server shows the file."""
    certificate, key = certified(tmp_path, days=1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with HTTPServer(("127.0.0.1", 0), Distant) as server, ThreadPoolExecutor() as threads:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threads.submit(server.serve_forever)
        url = f"https://127.0.0.1:{server.server_port}/"
        shown = {"url": url, "token": "", "root_dir": str(tmp_path)}
        (tmp_path / "jpserver-1.json").write_text(json.dumps(shown))
        environment = os.environ | {"JUPYTER_RUNTIME_DIR": str(tmp_path)}
        code = "from crdtchat_jupyter.command import main; main()"
        ask = [sys.executable, "-c", code, "export", "draft.ipynb"]
        try:
            for trusted in (False, True):
                if trusted:
                    environment["SSL_CERT_FILE"] = str(certificate)
                ran = subprocess.run(
                    ask, env=environment, cwd=tmp_path, capture_output=True, text=True
                )
                assert ran.returncode == (0 if trusted else 1), ran.stderr
                if not trusted:
                    assert f"at {url}, which shows it, cannot be asked: its cert" in ran.stderr
                    assert "set SSL_CERT_FILE" in ran.stderr
        finally:
            server.shutdown()


def test_what_cannot_be_done_is_said(plain: JupyterProcess, tmp_path: Path) -> None:
    status, _, complaint = command(plain, "export", "none.ipynb", cwd=plain.files)
    assert (status, "404" in complaint) == (1, True)
    status, said, complaint = command(plain, "export", ".", cwd=plain.files)
    assert (status, said, "is a folder: name a file in it" in complaint) == (1, "", True)
    (plain.home / "runtime" / "jpserver-1-gone.json").write_text(
        '{"url": "http://127.0.0.1:9/", "token": "", "root_dir": "/"}'
    )
    status, _, complaint = command(plain, "export", "alien.ipynb", cwd=tmp_path)
    assert status == 1
    assert "alien.ipynb: no running Jupyter server shows it: start one in its folder" in complaint
