"""The server extension: settings, routes, beginning and end."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir
from jupyter_server.extension.application import ExtensionApp
from traitlets import Unicode, default

from crdtchat_jupyter.bridge import RestHandler
from crdtchat_jupyter.discussions import Discussions, own_page, shared_page
from crdtchat_jupyter.file_handlers import DiscussionHandler, ExportHandler, ImportHandler
from crdtchat_jupyter.files import Files
from crdtchat_jupyter.page_socket import PageSocket
from crdtchat_jupyter.running import RunningHub
from crdtchat_jupyter.sharing import Central

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
        help="The tenant's secret on the central server: this server signs its users in with it.",
    ).tag(config=True)

    @default("data_dir")
    def _default_data_dir(self) -> str:
        return str(Path(jupyter_data_dir()) / "crdtchat")

    def initialize_settings(self) -> None:
        """Make what the handlers share."""
        server = self.serverapp
        assert server is not None
        if bool(self.server_url) != bool(self.server_secret):
            raise ValueError("CrdtChatExtension.server_url and server_secret go together: set both")
        central = None
        if self.server_url:
            url = self.server_url.rstrip("/")
            central = Central(url, self.server_tenant, self.server_secret)
        data = Path(self.data_dir)
        self.central = central
        self.running = RunningHub(data, version("crdtchat"))
        self.discussions = Discussions(
            Files(data / "files.sqlite3"),
            server.contents_manager,
            # Asked for late: its extension may be loaded after this one.
            lambda: server.web_app.settings.get("file_id_manager"),
            own_page if central is None else shared_page,
        )
        events = self.settings.get("event_logger")
        if events is not None:
            events.add_listener(schema_id=CONTENTS_EVENTS, listener=self._on_contents)

    def initialize_handlers(self) -> None:
        """Routes below Jupyter's base URL."""
        about_files = {
            "discussions": self.discussions,
            "central": self.central,
            "running": self.running,
        }
        self.handlers.extend(
            [
                (r"/crdtchat/sync/jupyter/(.+)", PageSocket, {"running": self.running}),
                (r"/crdtchat/(api/v1/.+)", RestHandler, {"running": self.running}),
                (r"/crdtchat/api/discussion", DiscussionHandler, about_files),
                (r"/crdtchat/api/export", ExportHandler, about_files),
                (r"/crdtchat/api/import", ImportHandler, about_files),
            ]
        )

    async def stop_extension(self) -> None:
        """Commit what waits; also when nothing was ever started."""
        await self.running.close()

    async def _on_contents(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        if data.get("action") == "rename" and data.get("source_path"):
            await self.discussions.renamed(data["source_path"], data["path"])
