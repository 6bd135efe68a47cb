"""What can go wrong for a program that uses the client.

ClientError
 ├── Closed         the page was left
 ├── Stopped        the server ended it for good: sign in, other page, other server
 ├── NotSaved       something written here was refused, or is not on the server yet
 ├── ReadOnly       the role, or the page, does not allow to write, or it is somebody else's
 ├── UnknownRecord  no such annotation or comment (a LookupError too)
 ├── QueueFull      too much was written while offline
 └── RequestFailed  the server did not do what was asked of it over HTTP
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from crdtchat.client.effects import Draft


class ClientError(Exception):
    """Root of this tree. All of them can be pickled, and so go from one process to another."""


class Closed(ClientError):
    """The page was left: open it again."""

    def __init__(self) -> None:
        super().__init__("the page was left; open it again")

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:
        return type(self), ()


class Stopped(ClientError):
    """The server closed the connection with a code that says not to try again."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(
            f"the server ended the connection for good: {reason or 'no reason given'} ({code})"
        )
        self.code = code
        self.reason = reason

    def __reduce__(self) -> tuple[type[Self], tuple[int, str]]:
        return type(self), (self.code, self.reason)


class NotSaved(ClientError):
    """Operations were refused (`drafts` keep their text), or are still waiting (`pending`)."""

    def __init__(self, drafts: Sequence[Draft], pending: int) -> None:
        parts = [f"refused ({draft.code}): {draft.reason}" for draft in drafts]
        if pending:
            parts.append(f"{pending} operations have not reached the server")
        super().__init__("; ".join(parts))
        self.drafts = tuple(drafts)
        self.pending = pending

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Draft, ...], int]]:
        return type(self), (self.drafts, self.pending)


class ReadOnly(ClientError):
    """Writing this is not allowed here."""


class UnknownRecord(ClientError, LookupError):
    """There is no such annotation or comment on this page."""


class QueueFull(ClientError):
    """So many operations wait for a connection that no more are taken."""


class RequestFailed(ClientError):
    """The server answered a request with an error, or (`status` 0) not at all."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"the server did not do it: {detail}" + (f" ({status})" if status else ""))
        self.status = status
        self.detail = detail

    def __reduce__(self) -> tuple[type[Self], tuple[int, str]]:
        return type(self), (self.status, self.detail)
