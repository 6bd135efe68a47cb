"""What moderators do on a page, in the client."""

from __future__ import annotations

from crdtchat.client.writing import MODERATING, Writing


class Moderating(Writing):
    """The moderators' share of `Page`."""

    async def hide(self, aid: str, cid: str = "") -> None:
        """Hide a comment, or without `cid` the whole annotation, from everybody but moderators.

        It stays in every replica of the page: delete or erase what must be gone. For moderators;
        raises as `reply` does, here and below.
        """
        await self._submit(self._actions.moderate(aid, cid, self._tick(), hidden=True))

    async def unhide(self, aid: str, cid: str = "") -> None:
        """Show everybody again what was hidden."""
        await self._submit(self._actions.moderate(aid, cid, self._tick(), hidden=False))

    async def lock(self, aid: str) -> None:
        """Let only moderators write comments under an annotation."""
        await self._submit(self._actions.moderate(aid, "", self._tick(), locked=True))

    async def unlock(self, aid: str) -> None:
        """Let everybody write comments under an annotation again."""
        await self._submit(self._actions.moderate(aid, "", self._tick(), locked=False))

    @property
    def _moderates(self) -> bool:
        """Whether this person is shown what moderators hid."""
        return self.me is not None and self.me.role in MODERATING
