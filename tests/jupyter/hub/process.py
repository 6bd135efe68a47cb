"""A real JupyterHub behind its real proxy, and a central crdtchat server beside it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import httpx

from tests.conformance.node_packages import install
from tests.jupyter.process import PYTHONPATH
from tests.server_process import ServerProcess, running_server

HERE = Path(__file__).parent
ADMIN = "the-token-of-the-tests"
SECRET = "a secret of more than thirty-two characters"
USERS = ("ann", "bob", "cy")
"""Ann and Bob share the discussions of the central server: Ann by a token that the hub gave her
server, Bob by the tenant's secret. Cy's server keeps its discussions itself."""

_HUB = """
import time

import jwt

c = get_config()


def sign_in(spawner):
    user = spawner.user.name
    if user == "ann":
        claims = {{"sub": user, "name": user, "role": "commenter", "pages": "jupyter/*"}}
        claims["exp"] = int(time.time()) + 86_400
        spawner.environment["CRDTCHAT_TOKEN"] = jwt.encode(claims, "{secret}", "HS256")


c.Spawner.pre_spawn_hook = sign_in
c.JupyterHub.bind_url = "{url}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.db_url = "sqlite:///{home}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{home}/cookie_secret"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = ["node", "{proxy}"]
c.ConfigurableHTTPProxy.pid_file = "{home}/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allowed_users = {users}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{home}/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {{
    "JUPYTER_CONFIG_DIR": "{home}/config",
    "JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp",
}}
c.Spawner.start_timeout = c.Spawner.http_timeout = 600
c.JupyterHub.services = [{{"name": "tests", "api_token": "{admin}"}}]
scopes = ["admin:users", "admin:servers", "tokens"]
c.JupyterHub.load_roles = [{{"name": "tests", "services": ["tests"], "scopes": scopes}}]
"""
_SINGLE = """
import os
c = get_config()
c.ServerApp.allow_unauthenticated_access = False
others = ("jupyterlab", "notebook", "notebook_shim", "jupyter_lsp")  # nobody looks at them here
c.ServerApp.jpserver_extensions = dict.fromkeys(others, False)
user = os.environ["JUPYTERHUB_USER"]
if user != "cy":
    c.CrdtChatExtension.server_url = "{central}"
    c.CrdtChatExtension.server_tenant = "class"
if user == "bob":
    c.CrdtChatExtension.server_secret = "{secret}"
"""


class HubProcess:
    """A hub over a folder that holds its users' homes."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home / "hub.log"
        self._ports = _free_ports(3)
        self.url = f"http://127.0.0.1:{self._ports[0]}"
        self._process: subprocess.Popen[bytes] | None = None
        self._reader = Thread()

    def start(self, central: ServerProcess) -> None:
        """Start, and return once it answers."""
        (self.home / "config").mkdir()
        for user in USERS:
            (self.home / user).mkdir()
        proxy = install(HERE / "node") / "node_modules/configurable-http-proxy/bin"
        config = self.home / "jupyterhub_config.py"
        config.write_text(
            _HUB.format(
                url=self.url,
                hub_port=self._ports[1],
                proxy_port=self._ports[2],
                home=self.home,
                proxy=proxy / "configurable-http-proxy",
                users=set(USERS),
                admin=ADMIN,
                secret=SECRET,
            )
        )
        single = _SINGLE.format(central=central.url, secret=SECRET)
        (self.home / "config" / "jupyter_server_config.py").write_text(single)
        environment = os.environ | {"PYTHONPATH": PYTHONPATH, "PYTHONUNBUFFERED": "1"}
        environment.pop("CONFIGPROXY_AUTH_TOKEN", None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            env=environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        running = Event()
        self._reader = Thread(target=self._read, args=(self._process, running))
        self._reader.start()
        running.wait()
        assert "JupyterHub is now running" in self.log.read_text(), self.log.read_text()

    def stop(self) -> None:
        """Stop it, its proxy and its users' servers."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        process.wait()
        self._reader.join()

    def start_server(self, user: str) -> None:
        """Start a user's Jupyter server, and return once it is ready."""
        headers = {"Authorization": f"token {ADMIN}"}
        address = f"{self.url}/hub/api/users/{user}"
        with httpx.Client(headers=headers, timeout=None) as client:
            if client.get(address).status_code == 404:
                client.post(address).raise_for_status()
            client.post(f"{address}/server").raise_for_status()
            with client.stream("GET", f"{address}/server/progress") as progress:
                told = [line for line in progress.iter_lines() if line.startswith("data:")]
        assert '"ready": true' in told[-1], f"{told}\n{self.log.read_text()}"

    def token_of(self, user: str) -> str:
        """A new API token of a user's, as from their hub's token page."""
        headers = {"Authorization": f"token {ADMIN}"}
        address = f"{self.url}/hub/api/users/{user}/tokens"
        token: str = httpx.post(address, headers=headers, timeout=None).json()["token"]
        return token

    def program(self, user: str, server: str = "") -> httpx.Client:
        """A program that shows a user's token to their server, or to another's."""
        headers = {"Authorization": f"token {self.token_of(user)}"}
        base = f"{self.url}/user/{server or user}/"
        return httpx.Client(base_url=base, headers=headers, timeout=None)

    @contextmanager
    def browser(self, user: str) -> Iterator[httpx.Client]:
        """A browser in which a user signed in, and opened their server."""
        base = f"{self.url}/user/{user}/"
        with httpx.Client(base_url=base, follow_redirects=True, timeout=None) as client:
            form = client.get(f"{self.url}/hub/login").text
            xsrf = re.search(r'name="_xsrf" value="([^"]+)"', form)
            assert xsrf is not None
            data = {"username": user, "password": "any", "_xsrf": xsrf[1]}
            client.post(f"{self.url}/hub/login", data=data, follow_redirects=False)
            # A page of the server's sends them to the hub, and the hub back, signed in.
            client.get("files/talk.ipynb").raise_for_status()
            yield client

    def _read(self, process: subprocess.Popen[bytes], running: Event) -> None:
        """Keep the log, and tell when the hub runs or has ended."""
        assert process.stdout is not None
        with process.stdout as lines, self.log.open("ab") as log:
            for line in lines:
                log.write(line)
                log.flush()
                if b"JupyterHub is now running" in line:
                    running.set()
        running.set()


@contextmanager
def running_hub(home: Path) -> Iterator[tuple[HubProcess, ServerProcess]]:
    """A hub and a central server for the length of a block."""
    hub = HubProcess(home)
    config = home / "central.toml"
    config.write_text(f'[tenants.class]\nsecret = "{SECRET}"\norigins = ["{hub.url}"]\n')
    with ExitStack() as stack:
        central = stack.enter_context(running_server(home / "central", ["--config", str(config)]))
        stack.callback(hub.stop)
        hub.start(central)
        yield hub, central


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
