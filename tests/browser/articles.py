"""An article and its edits, and what the anchoring finds in them: the tests choose their edits by it."""

from __future__ import annotations

import re

from crdtchat.anchoring import Unsure, anchor, describe

SHIPS = "The keeper of the lighthouse wrote down every ship that passed, with a steel pen."
LAMP = "One evening the lamp went dark for eleven minutes, and nobody in the village ever said why."
REWORDED = "One evening the lamp was dark for twelve long minutes, and nobody in the village ever said why."
TIDES = "Twice a day the water came up to the third step, and then it quietly went away again."
GULLS = "The gulls had learned to wait on the railing until the kitchen window was opened."
BOOK = "In the morning the book lay open on the table, and the last line in it was not his."
DAYS = "".join(
    f"<p>Day {day}: {weather}, and {count} boats were counted before {when}.</p>"
    for day, weather, count, when in [
        (1, "fog from the north", 3, "the noon bell"),
        (2, "rain without wind", 0, "the bread was baked"),
        (3, "a clear sky", 14, "the tide turned"),
        (4, "snow on the rocks", 1, "the stove was lit"),
    ]
)
ARTICLE = (
    f"<h1>The log</h1><p id='ships'>{SHIPS}</p>{DAYS}<p id='lamp'>{LAMP}</p>"
    f"<p id='gulls'>{GULLS}</p><p id='tides'>{TIDES}</p><p id='book'>{BOOK}</p>"
)
WORDINGS = (
    "In the morning the book was open on the floor, and the last words were not written by him.",
    "In the morning a book lay closed on a shelf, and its last line was in another hand.",
    "The next day the book lay open on the floor, and its last line was in another hand.",
    "In the morning the book lay open on the table, and its final line was not by him.",
    "By morning the book lay on a chair, and the last words were not written by him.",
    "By morning the book lay open on the table, and the end of it was not in his hand.",
    "The next day the book was on a chair, and the last page in it was torn.",
    "The next day the book lay open on the table, and the last line was in another hand.",
)


def text_of(article: str) -> str:
    """The article as the widget reads it."""
    return re.sub("<[^>]+>", "", re.sub("</(p|h1)>", "\n", article)).strip()


def doubtful(quote: str, *pages: str) -> str:
    """What to write for `BOOK` in these pages so that the quote is only suggested in all of them."""
    text = text_of(ARTICLE)
    start = text.index(quote)
    selectors = describe(text, start, start + len(quote))
    for wording in WORDINGS:
        texts = [text_of(page.replace(BOOK, wording)) for page in pages]
        if all(isinstance(anchor(one, selectors, previous_text=text), Unsure) for one in texts):
            return wording
    raise AssertionError("none of the wordings leaves a doubt any more: add one")
