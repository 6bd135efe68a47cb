"""What is asked about a file: where it is discussed, and its side file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from crdtchat.access.principal import Principal
from crdtchat.access.roles import Action
from crdtchat.stores.base import StoreError
from crdtchat_jupyter.discussions import Discussion, Discussions
from crdtchat_jupyter.principal import RESOURCE, TENANT, principal_of, require
from crdtchat_jupyter.running import RunningHub
from crdtchat_jupyter.sharing import Central, NotTheirs, RunOut
from crdtchat_jupyter.side_files import SideFile
from crdtchat_jupyter.wording import words_of


class FileHandler(APIHandler):
    """A request about one file, whose path is in the body."""

    auth_resource = RESOURCE

    def initialize(
        self, discussions: Discussions, central: Central | None, running: RunningHub
    ) -> None:
        """`central`: the server that is shared with others; None for this one."""
        self.discussions = discussions
        self.central = central
        self.running = running

    def asked(self) -> tuple[str, str]:
        """The body's `path`, and its `continue` or "". Raises HTTPError 400."""
        body: Any = self.get_json_body()
        fields = body if isinstance(body, dict) else {}
        path, continued = fields.get("path"), fields.get("continue", "")
        if not isinstance(path, str) or not path.strip("/") or not isinstance(continued, str):
            raise web.HTTPError(400, "the body names a path, and perhaps what it continues")
        return path.strip("/"), continued

    async def discussion(self, path: str, continued: str = "") -> Discussion:
        """Where a file is discussed. Raises HTTPError."""
        try:
            return await self.discussions.of(path, continued=continued)
        except LookupError as error:
            raise web.HTTPError(409, str(error)) from None
        except IsADirectoryError as error:
            raise web.HTTPError(404, str(error)) from None
        except StoreError as error:
            raise web.HTTPError(503 if error.retry else 500, str(error)) from None
        except sqlite3.Error as error:
            raise web.HTTPError(503, f"the table of files cannot be used: {error}") from None

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """JSON, as all of Jupyter's interfaces answer."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        if words := words_of(error):
            self.set_header("Content-Type", "application/json")
            self.log.warning("crdtchat: %s", words)
            self.finish(json.dumps({"message": words, "reason": getattr(error, "reason", None)}))
        else:
            cast(Any, super()).write_error(status_code, **kwargs)


class DiscussionHandler(FileHandler):
    """`crdtchat/api/discussion`: where a file is discussed, and how to get there."""

    @web.authenticated
    async def post(self) -> None:
        """Body {"path", "continue"?}; answers {"url", "tenant", "page", "token", "similar",
        "replaces"}.

        `similar` names files that this one may be a copy of, and, where the table of files was
        `lost`, discussions that may be this one's; the file that was under this path before is the
        first, if this one `replaces` it and has nothing in common with it. While it is not empty
        the question is open: ask again with `continue` set to the page of one of them, or to "new".
        """
        principal = await principal_of(self)
        found = await self.discussion(*self.asked())
        answer: dict[str, Any] = {
            "url": url_path_join(self.base_url, "crdtchat"),
            "tenant": TENANT,
            "page": found.page,
            "token": None,
            "user": principal.user,
            "role": principal.role.value,
            "similar": [
                {"page": one.page, "path": one.path, "lost": one.lost} for one in found.similar
            ],
            "replaces": found.replaces,
        }
        if self.central is not None:
            answer["url"], answer["tenant"] = self.central.url, self.central.tenant
            try:
                answer["token"] = self.central.token_of(principal, found.page)
            except (NotTheirs, RunOut) as error:
                raise web.HTTPError(403, str(error)) from None
        self.finish(json.dumps(answer))


class SideFileHandler(FileHandler):
    """Requests about a side file."""

    async def side_file(self) -> SideFile:
        """That of the file in the body. Raises HTTPError, StoreError."""
        path, _ = self.asked()
        found = await self.discussion(path)
        if self.central is not None:
            raise web.HTTPError(409, self.central.exchange(found.page))
        if found.replaces:
            raise web.HTTPError(
                409, f"{path} has nothing in common with what was discussed: open it and say first"
            )
        if found.similar:
            other = found.similar[0].path
            raise web.HTTPError(409, f"{path} may be {other}, or a copy: open it and say first")
        return SideFile(path, found.page, self.contents_manager, (await self.running.wait()).hub)


class ExportHandler(SideFileHandler):
    """`crdtchat/api/export`: write a file's discussion beside it."""

    @web.authenticated
    async def post(self) -> None:
        """Body {"path"}; answers {"path": of the side file, "annotations": how many it holds}.

        For who may read the discussion and write files. What moderators hid only they export.
        """
        principal = await principal_of(self)
        await require(self, "write", "contents")
        with store_errors():
            side_file = await self.side_file()
            count = await side_file.write(principal)
        self.finish(json.dumps({"path": side_file.side, "annotations": count}))


class ImportHandler(SideFileHandler):
    """`crdtchat/api/import`: merge a file's side file into its discussion."""

    @web.authenticated
    async def post(self) -> None:
        """Body {"path"}; answers {"path": of the side file, "added", "known", "left_out": counts,
        "report": lines for people}. For who moderates."""
        principal = await principal_of(self)
        require_moderator(principal)
        await require(self, "read", "contents")
        with store_errors():
            side_file = await self.side_file()
            tally = await side_file.merge(principal)
        answer = {
            "path": side_file.side,
            "added": tally.added.total(),
            "known": tally.known.total(),
            "left_out": tally.left_out.total(),
            "report": list(tally.lines()),
        }
        self.finish(json.dumps(answer))


def require_moderator(principal: Principal) -> None:
    """Raises HTTPError 403."""
    if not principal.may(Action.MODERATE):
        raise web.HTTPError(403, "to import, one must be allowed to moderate (`execute`)")


@contextmanager
def store_errors() -> Iterator[None]:
    """A store that cannot be used now, as HTTP says it."""
    try:
        yield
    except StoreError as error:
        raise web.HTTPError(503 if error.retry else 500, str(error)) from None
