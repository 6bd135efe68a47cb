"""Writing on a page: what people do, one call each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import SupportsIndex

from crdtchat.client.actions import Actions
from crdtchat.client.errors import ReadOnly
from crdtchat.client.greeting import Principal
from crdtchat.client.intents import Operation
from crdtchat.client.page_texts import PageTexts
from crdtchat.client.place import place_in, well_formed, whole
from crdtchat.document.records import Target
from crdtchat.document.schema import CONTEXT_CP

MODERATING = ("moderator", "owner")


class Writing(ABC):
    """The writing half of `Page`."""

    _actions: Actions
    _texts: PageTexts

    @property
    @abstractmethod
    def me(self) -> Principal | None:
        """Who the server says you are."""

    @abstractmethod
    def _tick(self) -> int: ...

    @abstractmethod
    def _check_text(self, text: str) -> None: ...

    @abstractmethod
    async def _submit(self, operation: Operation, text: str | None = None) -> None: ...

    async def annotate(
        self,
        quote: str,
        text: str,
        *,
        prefix: str = "",
        suffix: str = "",
        start: SupportsIndex = 0,
        kind: str = "text",
        part: str = "",
        page_text: str | None = None,
    ) -> str:
        """Annotate the words `quote` with a comment; answers the annotation's id.

        prefix, suffix: what stands around the words; the nearest 128 characters are kept.
        start: where the words begin in the page's text, in code points.
        kind, part: what is annotated (PROTOCOL section 3), for notebooks.
        page_text: the page's text. Then the words are looked up in it, the surroundings are taken
        from it, and it is kept beside the page as the version that the annotation was made on;
        prefix, suffix and start only tell equal words apart.
        Raises InvalidRecord (a ValueError) for what no page can hold, and as `reply` does.
        """
        target = self._target(quote, prefix, suffix, start, page_text, kind=kind, part=part)
        self._check_text(text)
        aid, operation = self._actions.annotate(target, text, self._tick())
        await self._submit(operation, page_text)
        return aid

    async def reply(self, aid: str, text: str, *, parent: str = "") -> str:
        """Comment on an annotation, or on the comment `parent` there; answers the comment's id.

        Raises UnknownRecord, InvalidRecord, ReadOnly, Stopped or QueueFull; nothing is written
        then. What the server refuses later becomes a draft.
        """
        self._check_text(text)
        cid, operation = self._actions.reply(aid, text, parent, self._tick())
        await self._submit(operation)
        return cid

    async def edit(self, aid: str, cid: str, text: str) -> None:
        """Give your own comment another text. Raises ReadOnly for somebody else's, and as `reply`
        does."""
        self._check_text(text)
        # The server takes it for forgery, and ends the connection for good; so below.
        if self.me is not None and self._actions.comment(aid, cid).author != self.me.id:
            raise ReadOnly("only the author of a comment edits it")
        await self._submit(self._actions.edit(aid, cid, text, self._tick()))

    async def resolve(self, aid: str) -> None:
        """Mark a thread as resolved. Raises as `reply` does."""
        await self._submit(self._actions.resolve(aid, True, self._tick()))

    async def reopen(self, aid: str) -> None:
        """Open a resolved thread again. Raises as `reply` does."""
        await self._submit(self._actions.resolve(aid, False, self._tick()))

    async def reattach(
        self,
        aid: str,
        quote: str,
        *,
        prefix: str = "",
        suffix: str = "",
        start: SupportsIndex = 0,
        page_text: str | None = None,
    ) -> None:
        """Attach an annotation to the words `quote`: by hand, to confirm a suggestion, or to
        refresh what is kept around words that were surely found. Arguments as in `annotate`.

        Everybody receives it as an update; `Annotation.original` keeps what it was made on.
        Raises ReadOnly unless you are its author or a moderator, and as `reply` does.
        """
        annotation = self._actions.annotation(aid)
        if not self._may_change(annotation.author):
            raise ReadOnly("only the author of an annotation or a moderator re-attaches it")
        kind, part = annotation.target.kind, annotation.target.part
        target = self._target(quote, prefix, suffix, start, page_text, kind=kind, part=part)
        await self._submit(self._actions.reattach(aid, target, self._tick()), page_text)

    async def delete(self, aid: str, cid: str = "") -> None:
        """Delete a comment, or without `cid` the whole annotation. Raises ReadOnly unless you are
        its author or a moderator, and as `reply` does."""
        record = self._actions.comment(aid, cid) if cid else self._actions.annotation(aid)
        if not self._may_change(record.author):
            what = "a comment" if cid else "an annotation"
            raise ReadOnly(f"only the author of {what} or a moderator deletes it")
        await self._submit(self._actions.delete(aid, cid, self._tick()))

    async def react(self, aid: str, cid: str, emoji: str) -> None:
        """Give a comment an emoji. Raises as `reply` does."""
        await self._submit(self._actions.react(aid, cid, emoji, True, self._tick()))

    async def unreact(self, aid: str, cid: str, emoji: str) -> None:
        """Take an emoji back. Raises as `reply` does."""
        await self._submit(self._actions.react(aid, cid, emoji, False, self._tick()))

    def _may_change(self, author: str) -> bool:
        """Whether this person may re-attach or delete what is `author`'s, as far as is known."""
        return self.me is None or author == self.me.id or self.me.role in MODERATING

    def _target(
        self,
        quote: str,
        prefix: str,
        suffix: str,
        start: SupportsIndex,
        page_text: str | None,
        *,
        kind: str,
        part: str,
    ) -> Target:
        at = whole(start)
        if page_text is None:
            before, after = prefix[-CONTEXT_CP:], suffix[:CONTEXT_CP]
            return Target(quote, before, after, at, at + len(quote), kind, part)
        well_formed(page_text, "the page's text")
        found = place_in(page_text, quote, prefix, suffix, at)
        return replace(found, kind=kind, part=part, version=self._texts.name(page_text))
