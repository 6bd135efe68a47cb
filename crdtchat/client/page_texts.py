"""The texts that annotations were made on: sent once somebody's own record names them, and fetched
where the page has changed since (PROTOCOL section 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crdtchat.client.api import Api
from crdtchat.client.intents import Operation
from crdtchat.client.outbox import Outbox
from crdtchat.document.page_version import VERSION_BYTES, is_version, version_of

_KEPT = 4
_TRIES = 3
_LATER = frozenset({0, 429, 500, 502, 503, 504})
"""Answers after which it is tried again."""


@dataclass(slots=True)
class _Owed:
    """A text that waits for its record to be saved."""

    operation: Operation
    version: str
    text: str
    tries: int = 0


class PageTexts:
    """Sends and fetches. A text that cannot be sent or had is no loss but of a witness."""

    def __init__(
        self,
        api: Api,
        outbox: Outbox,
        *,
        is_refused: Callable[[Operation], bool],
        is_offered: Callable[[], bool],
    ) -> None:
        """`is_refused(operation)`: whether it became a draft; `is_offered()`: whether the server
        keeps versions, as far as is known."""
        self._api = api
        self._is_offered = is_offered
        self._outbox = outbox
        self._is_refused = is_refused
        self._owed: dict[str, _Owed] = {}
        self._known: dict[str, str] = {}
        """Texts by version, the last used last; all are on the server or will be."""

    @property
    def owed(self) -> bool:
        """Whether texts wait to be sent."""
        return self._is_offered() and bool(self._owed)

    def name(self, text: str) -> str:
        """The version to write into a record for this text; empty if none is kept."""
        if not self._is_offered() or len(text.encode()) > VERSION_BYTES:
            return ""
        return version_of(text)

    def owe(self, operation: Operation, text: str) -> None:
        """This operation's records name the version of the text."""
        version = self.name(text)
        if version and version not in self._known:
            self._owed[version] = _Owed(operation, version, text)
            self._remember(version, text)

    async def send(self) -> None:
        """Send what is owed for records that are saved."""
        if not self._is_offered():
            self._owed.clear()
        for owed in list(self._owed.values()):
            if any(one is owed.operation for one in self._outbox):
                continue
            if self._is_refused(owed.operation) or await self._is_done(owed):
                self._owed.pop(owed.version, None)

    async def recall(self, version: str) -> str | None:
        """The text of a version; None if it cannot be had now."""
        text = self._known.get(version)
        if text is None and self._is_offered() and is_version(version):
            answer = await self._api.request("GET", f"versions/{version}")
            # Whoever stored it: a text is what its name says, or nothing.
            if answer.status == 200 and version_of(answer.body) == version:
                text = answer.body.decode("utf-8", "replace")
        if text is not None:
            self._remember(version, text)
        return text

    async def _is_done(self, owed: _Owed) -> bool:
        """Send one; answers whether there is nothing more to do."""
        owed.tries += 1
        path = f"versions/{owed.version}"
        answer = await self._api.request("HEAD", path)
        if answer.status == 404:
            kind = "text/plain; charset=utf-8"
            answer = await self._api.request("PUT", path, owed.text.encode(), kind=kind)
        return answer.status not in _LATER or owed.tries >= _TRIES

    def _remember(self, version: str, text: str) -> None:
        self._known.pop(version, None)
        self._known[version] = text
        while len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
