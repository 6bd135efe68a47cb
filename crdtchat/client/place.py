"""What a program says: texts, offsets, and where quoted words stand in a page's text."""

from __future__ import annotations

from operator import index
from typing import SupportsIndex

from crdtchat.document.records import InvalidRecord, Target
from crdtchat.document.schema import CONTEXT_CP


def place_in(text: str, quote: str, prefix: str, suffix: str, start: int) -> Target:
    """`quote` with its surroundings in `text`; offsets in code points.

    It is the place that has `prefix` and `suffix` around it; of several the one at `start`. Raises
    InvalidRecord if the words do not stand there, or in several places of which none is at `start`.
    """
    places: list[int] = []
    at = text.find(quote)
    while at >= 0:
        end = at + len(quote)
        if text.endswith(prefix, 0, at) and text.startswith(suffix, end):
            places.append(at)
        at = text.find(quote, at + 1)
    if start in places or len(places) == 1:
        at = start if start in places else places[0]
        end = at + len(quote)
        before, after = text[max(0, at - CONTEXT_CP) : at], text[end : end + CONTEXT_CP]
        return Target(quote, before, after, at, end)
    if not places:
        raise InvalidRecord("the words do not stand in the page's text")
    raise InvalidRecord(
        f"the words stand in {len(places)} places of the page's text: tell which by prefix, "
        "suffix or start"
    )


def well_formed(text: str, what: str) -> str:
    """The text. Raises InvalidRecord for half a surrogate pair, as file names and cut JSON have it:
    no UTF-8 holds it, so nobody could be told."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidRecord(f"{what} holds half a surrogate pair") from None
    return text


def whole(number: SupportsIndex | float) -> int:
    """An offset as an int: out of tables they come as NumPy's numbers, of which the engine makes
    null, and as floats where the column has gaps. Raises TypeError for what is no whole number."""
    if isinstance(number, float) and number.is_integer():
        return int(number)
    return index(number)  # type: ignore[arg-type]
