"""What the provider wants done in the world, in order."""

from __future__ import annotations

from typing import NamedTuple

from crdtchat.client.intents import Operation
from crdtchat.client.news import PageEvent
from crdtchat.document.records import read_annotation, read_comment
from crdtchat.document.replica import Write


class Send(NamedTuple):
    """Send a frame on the connection that is open."""

    frame: bytes


class Hangup(NamedTuple):
    """Close the connection; `receive_closed` is to follow, and a new attempt later."""

    code: int
    reason: str


class WakeAt(NamedTuple):
    """Call `receive_time` at this time (milliseconds since 1970); replaces an earlier wish."""

    at: int


class Happened(NamedTuple):
    """Tell those who listen."""

    event: PageEvent


Effect = Send | Hangup | WakeAt | Happened


class Draft(NamedTuple):
    """An operation that was refused: its text stays with its author."""

    code: str
    """A reject code of PROTOCOL section 5."""
    reason: str
    """The same for people."""
    at: int
    """When it was written, in milliseconds since 1970."""
    broadcast_id: bytes
    intents: tuple[Write, ...]
    hard: bool = False

    @property
    def text(self) -> str:
        """The text of the comment that was refused; empty if it was another kind of change."""
        found = (read_comment(value) for root, _, value in self.intents if root == "c")
        return next((comment.text for comment in found if comment), "")

    @property
    def quote(self) -> str:
        """The words a refused annotation was about; empty if it was another kind of change."""
        found = (read_annotation(value) for root, _, value in self.intents if root == "a")
        return next((annotation.target.exact for annotation in found if annotation), "")

    @property
    def aid(self) -> str:
        """The annotation it was about."""
        return self.intents[0][1].partition("/")[0]


def drafted(operation: Operation, code: str, reason: str, *, hard: bool = False) -> Draft:
    """Keep a refused operation."""
    return Draft(code, reason, operation.at, operation.broadcast_id, operation.intents, hard)
