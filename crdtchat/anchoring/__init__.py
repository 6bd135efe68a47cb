"""Finding an annotation's words again after the page was edited, never the wrong ones.

Pure: no input or output, no clock, no random. The TypeScript twin in `widget/src/anchoring` gives
the same answers to the same questions.
"""

from crdtchat.anchoring.results import Anchored, Anchoring, Orphaned, Place, Unsure
from crdtchat.anchoring.selectors import CONTEXT_CP, Selectors, describe
from crdtchat.anchoring.text_index import TextIndex

__all__ = [
    "CONTEXT_CP",
    "Anchored",
    "Anchoring",
    "Orphaned",
    "Place",
    "Selectors",
    "TextIndex",
    "Unsure",
    "anchor",
    "describe",
]


def anchor(text: str, selectors: Selectors, *, previous_text: str | None = None) -> Anchoring:
    """Finds the selectors in `text`; `previous_text` is the text that they were made on.

    Offsets are code points. Whoever asks more than once about a text keeps a `TextIndex`.
    """
    return TextIndex(text).anchor(selectors, previous=previous_text)
