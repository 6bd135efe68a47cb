"""What an honest person may do with what they see, chosen by plain numbers."""

from __future__ import annotations

from typing import Protocol

from crdtchat.client.actions import Actions
from crdtchat.client.intents import Operation
from crdtchat.document.ids import RandomBytes
from crdtchat.document.records import Target, read_annotation, read_comment
from crdtchat.sync.session import Peer
from crdtchat.sync.update import Value

KINDS = ("annotate", "reply", "edit", "resolve", "reopen", "react", "unreact", "delete", "remove")
_EMOJI = ("👍", "❤", "🎉")


class Page(Protocol):
    """What a person sees."""

    @property
    def user(self) -> str:
        """Who they are."""

    def get(self, root: str, key: str) -> Value | None:
        """One value."""

    def values(self, root: str) -> dict[str, Value]:
        """All values of a root."""


class Deeds:
    """Makes operations of one person on one page. The numbers `a` and `b` choose among what is
    there; a deed that is not possible becomes an annotation."""

    def __init__(self, page: Page, peer: Peer, mark: str, random: RandomBytes) -> None:
        """`mark` begins every text."""
        self._page = page
        self._peer = peer
        self._mark = mark
        self._count = 0
        self._actions = Actions(page, random)

    def make(self, kind: str, a: int, b: int, now: int) -> Operation:
        """Make an operation of a kind."""
        self._count += 1
        text = f"{self._mark} {self._peer.user} {self._count}"
        aids = self._annotations(mine=kind == "remove")
        comments = self._comments(mine=kind in ("edit", "delete"))
        if kind in ("resolve", "reopen", "remove") and aids:
            aid = aids[a % len(aids)]
            if kind == "remove":
                return self._actions.delete(aid, "", now)
            return self._actions.resolve(aid, kind == "resolve", now)
        if kind == "reply" and aids:
            aid = aids[a % len(aids)]
            parents = ["", *(cid for owner, cid in self._comments(mine=False) if owner == aid)]
            return self._actions.reply(aid, text, parents[b % len(parents)], now)[1]
        if kind in ("edit", "delete", "react", "unreact") and comments:
            aid, cid = comments[a % len(comments)]
            if kind == "edit":
                return self._actions.edit(aid, cid, text, now)
            if kind == "delete":
                return self._actions.delete(aid, cid, now)
            return self._actions.react(aid, cid, _EMOJI[b % len(_EMOJI)], kind == "react", now)
        target = Target(f"{self._mark} words", "before", "behind", a % 100, a % 100 + b % 50)
        return self._actions.annotate(target, text, now)[1]

    def _annotations(self, *, mine: bool) -> list[str]:
        gone = self._page.values("d")
        return [
            aid
            for aid, value in sorted(self._page.values("a").items())
            if aid not in gone
            and (record := read_annotation(value)) is not None
            and (not mine or self._peer.may_moderate or record.author in ("", self._page.user))
        ]

    def _comments(self, *, mine: bool) -> list[tuple[str, str]]:
        gone = self._page.values("d")
        threads = set(self._annotations(mine=False))
        found: list[tuple[str, str]] = []
        for key, value in sorted(self._page.values("c").items()):
            aid, _, cid = key.partition("/")
            record = read_comment(value)
            if record is None or aid not in threads or key in gone:
                continue
            if not mine or record.author in ("", self._page.user):
                found.append((aid, cid))
        return found
