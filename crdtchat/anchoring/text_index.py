"""A text that is asked for many annotations."""

from __future__ import annotations

from crdtchat.anchoring.engine import anchor_in
from crdtchat.anchoring.page_diff import PageDiff
from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.results import Anchoring
from crdtchat.anchoring.selectors import Selectors


class TextIndex:
    """A text, prepared on first need and then shared by all questions about it.

    The last old text it was compared with is kept too, so that the annotations of one page
    version pay for one comparison.
    """

    def __init__(self, text: str) -> None:
        self._page = PageIndex(text)
        self._diff: PageDiff | None = None

    @property
    def text(self) -> str:
        """The text itself."""
        return self._page.text

    def anchor(self, selectors: Selectors, *, previous: TextIndex | str | None = None) -> Anchoring:
        """Where the passage stands in this text; offsets are in code points.

        `previous` is the text that the selectors were made on, if it is known. It is a witness
        only: a text in which the passage does not stand at its offsets is not listened to.
        """
        if previous is None:
            return anchor_in(self._page, selectors)
        return anchor_in(self._page, selectors, self._compare(previous))

    def _compare(self, previous: TextIndex | str) -> PageDiff:
        text = previous if isinstance(previous, str) else previous.text
        if self._diff is None or self._diff.old.text != text:
            page = PageIndex(previous) if isinstance(previous, str) else previous._page
            self._diff = PageDiff(page, self._page)
        return self._diff
