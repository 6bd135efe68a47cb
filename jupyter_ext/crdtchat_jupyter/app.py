"""The server extension: settings, routes, beginning and end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.services.contents.filemanager import FileContentsManager
from jupyter_server.services.contents.manager import ContentsManager
from traitlets import Unicode, default

from crdtchat_jupyter.bridge import RestHandler
from crdtchat_jupyter.discussions import Discussions, own_page, shared_page
from crdtchat_jupyter.file_handlers import DiscussionHandler, ExportHandler, ImportHandler
from crdtchat_jupyter.files import Files
from crdtchat_jupyter.kept import kept_discussions, quotes_on
from crdtchat_jupyter.marks import marks_of
from crdtchat_jupyter.page_socket import PageSocket
from crdtchat_jupyter.recognition import Known
from crdtchat_jupyter.running import RunningHub
from crdtchat_jupyter.sharing import Central, owner_of

CONTENTS_EVENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"


class CrdtChatExtension(ExtensionApp):
    """Discussions of notebooks and files, served by Jupyter's own server."""

    name = "crdtchat_jupyter"
    load_other_extensions = True

    data_dir = Unicode(
        help="Folder of the discussions' database; by default `crdtchat` in Jupyter's data folder."
    ).tag(config=True)
    server_url = Unicode(
        "",
        help="URL of a central crdtchat server, as browsers reach it. Discussions are then there, "
        "shared by the users of many Jupyter servers, and a file's page id follows from its path.",
    ).tag(config=True)
    server_tenant = Unicode("jupyter", help="Our tenant on the central server.").tag(config=True)
    server_secret = Unicode(
        "",
        help="The tenant's secret on the central server: this server signs its users in with it. "
        "Only where the server's users cannot read its configuration.",
    ).tag(config=True)
    server_token = Unicode(
        help="A sign-in token for the central server, of the one user whose server this is: what "
        "JupyterHub gives its users' servers. By default the environment's CRDTCHAT_TOKEN."
    ).tag(config=True)

    @default("data_dir")
    def _default_data_dir(self) -> str:
        return str(Path(jupyter_data_dir()) / "crdtchat")

    @default("server_token")
    def _default_server_token(self) -> str:
        return os.environ.get("CRDTCHAT_TOKEN", "")

    def initialize_settings(self) -> None:
        """Make what the handlers share."""
        server = self.serverapp
        assert server is not None
        central = self._central()
        data = Path(self.data_dir)
        self.central = central
        self.running = RunningHub(data, version("crdtchat"))
        self.discussions = Discussions(
            Files(data / "files.sqlite3"),
            server.contents_manager,
            # Asked for late: its extension may be loaded after this one.
            lambda: server.web_app.settings.get("file_id_manager"),
            own_page if central is None else shared_page,
            _root(server.contents_manager),
            self._kept,
            self._quotes,
        )
        self._saving: dict[str, frozenset[str]] = {}
        events = self.settings.get("event_logger")
        if events is not None:
            events.add_listener(schema_id=CONTENTS_EVENTS, listener=self._on_contents)
            contents: Any = server.contents_manager
            contents.register_pre_save_hook(self._before_save)

    def _central(self) -> Central | None:
        if not self.server_url:
            if self.server_secret:
                raise ValueError("CrdtChatExtension.server_secret needs a server_url")
            return None
        if self.server_secret:
            token = ""
        elif self.server_token:
            token = self.server_token
            owner_of(token)
        else:
            raise ValueError(
                "CrdtChatExtension.server_url needs a server_secret, or a server_token in the "
                "environment's CRDTCHAT_TOKEN"
            )
        return Central(self.server_url.rstrip("/"), self.server_tenant, self.server_secret, token)

    async def _kept(self) -> list[Known]:
        """On a central server pages are called after paths: there is nothing to find again."""
        if self.central is not None:
            return []
        return await kept_discussions(Path(self.data_dir), self.running)

    async def _quotes(self, page: str) -> Sequence[str] | None:
        """Who asks a central server about a page are its users, not we."""
        if self.central is not None:
            return None
        return await quotes_on(Path(self.data_dir), self.running, page)

    def initialize_handlers(self) -> None:
        """Routes below Jupyter's base URL."""
        about_files = {
            "discussions": self.discussions,
            "central": self.central,
            "running": self.running,
        }
        if self.central is None:
            running = {"running": self.running}
            self.handlers.extend(
                [
                    (r"/crdtchat/sync/jupyter/(.+)", PageSocket, running),
                    (r"/crdtchat/(api/v1/.+)", RestHandler, running),
                ]
            )
        self.handlers.extend(
            [
                (r"/crdtchat/api/discussion", DiscussionHandler, about_files),
                (r"/crdtchat/api/export", ExportHandler, about_files),
                (r"/crdtchat/api/import", ImportHandler, about_files),
            ]
        )

    async def stop_extension(self) -> None:
        """Commit what waits; also when nothing was ever started."""
        await self.running.close()

    async def _on_contents(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        action, path = data.get("action"), data["path"]
        if action == "rename" and data.get("source_path"):
            await self.discussions.renamed(data["source_path"], path)
        elif action == "delete":
            await self.discussions.deleted(path)
        elif action == "save" and (marks := self._saving.pop(path.strip("/"), None)):
            await self.discussions.saved(path, marks)

    def _before_save(self, *, model: dict[str, Any], path: str, **_: Any) -> None:
        """What a file will be known by once it is saved. Of an upload in parts this has the first
        alone."""
        if "chunk" not in model:
            self._saving[path.strip("/")] = marks_of(model)


def _root(contents: ContentsManager) -> Path | None:
    """The folder that a contents manager shows, if it is one of files."""
    if not isinstance(contents, FileContentsManager):
        return None
    return Path(contents.root_dir).expanduser().resolve()
