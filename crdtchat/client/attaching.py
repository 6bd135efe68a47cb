"""Finding a page's annotations in its text, and following them through its changes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from crdtchat.client.place import well_formed
from crdtchat.client.writing import Writing
from crdtchat.document.page_version import version_of
from crdtchat.document.records import Target
from crdtchat.document.view import Annotation

if TYPE_CHECKING:
    from crdtchat.anchoring import Anchoring, Selectors, TextIndex

# crdtchat.anchoring is imported on use: it loads NumPy, which most programs do not need.


class Attaching(Writing):
    """The anchoring half of `Page`."""

    @property
    @abstractmethod
    def annotations(self) -> tuple[Annotation, ...]:
        """All annotations with their threads."""

    async def page_text(self, version: str) -> str | None:
        """The text that annotations were made on whose target names this version.

        None if the server has none, or cannot be asked now. The text is what its version says; that
        the page ever showed it only the one who named it says. Raises InvalidRecord (a ValueError)
        for half a surrogate pair.
        """
        return await self._texts.recall(well_formed(version, "the version"))

    async def anchor_all(self, text: str) -> dict[str, Anchoring]:
        """Find all annotations that quote words in `text`, the page's text now; by annotation id.

        The text that an annotation was made on is fetched where it is another, as a witness; one in
        which the quote does not stand where it should is not listened to. Offsets are code points.
        Raises InvalidRecord (a ValueError) for half a surrogate pair.
        """
        from crdtchat.anchoring import TextIndex

        index, version = TextIndex(well_formed(text, "the page's text")), version_of(text)
        groups: dict[str, list[Annotation]] = {}
        for annotation in self.annotations:
            if annotation.target.exact:
                groups.setdefault(annotation.target.version, []).append(annotation)
        found: dict[str, Anchoring] = {}
        for named, group in groups.items():
            old = await self.page_text(named) if named and named != version else None
            found |= await run_sync(_anchor, index, group, old)
        return {one.aid: found[one.aid] for one in self.annotations if one.aid in found}

    async def follow(self, text: str) -> list[str]:
        """Store anew what is kept about words that were surely found in `text`, the page's text
        now, among other words than before, so that small edits never add up; answers whose.

        Done where this person may (author or moderator); for a program that publishes the page.
        Raises as `reply` does.
        """
        from crdtchat.anchoring.refresh import renewed

        followed: list[str] = []
        anchored = await self.anchor_all(text)
        for annotation in self.annotations:
            place = anchored.get(annotation.aid)
            if place is None or not self._may_change(annotation.author):
                continue
            stored, made_on = _selectors(annotation.target), _selectors(annotation.original)
            fresh = renewed(text, stored, place, made_on=made_on)
            if fresh is None:
                continue
            target = Target(
                *(fresh.exact, fresh.prefix, fresh.suffix, fresh.start_cp, fresh.end_cp),
                *(annotation.target.kind, annotation.target.part, self._texts.name(text)),
            )
            now = self._tick()
            operation = self._actions.reattach(annotation.aid, target, now, followed=True)
            await self._submit(operation, text)
            followed.append(annotation.aid)
        return followed


def _anchor(
    index: TextIndex, annotations: Sequence[Annotation], old: str | None
) -> dict[str, Anchoring]:
    from crdtchat.anchoring import TextIndex

    previous = None if old is None else TextIndex(old)
    return {
        annotation.aid: index.anchor(_selectors(annotation.target), previous=previous)
        for annotation in annotations
    }


def _selectors(target: Target) -> Selectors:
    from crdtchat.anchoring import Selectors

    return Selectors(target.exact, target.prefix, target.suffix, target.start_cp, target.end_cp)
