"""What an annotation stores about its place in a text."""

from __future__ import annotations

from dataclasses import dataclass

#: Code points of context kept on each side of the quote.
CONTEXT_CP = 128


@dataclass(frozen=True, slots=True)
class Selectors:
    """A quote, its surroundings and its offsets, in code points.

    `exact`, `prefix`, `suffix` are those of the TextQuoteSelector (W3C Web Annotation Data Model,
    section 4.2.4), `start_cp` and `end_cp` those of the TextPositionSelector (section 4.2.5): the
    start is included, the end is not. The standard allows either selector alone; `anchor` takes
    an empty prefix and suffix, and reads the offsets as a hint only.
    """

    exact: str
    prefix: str
    suffix: str
    start_cp: int
    end_cp: int


def describe(text: str, start_cp: int, end_cp: int, *, context_cp: int = CONTEXT_CP) -> Selectors:
    """The selectors of `text[start_cp:end_cp]`, with `context_cp` code points on each side.

    Raises ValueError if the range does not lie inside the text.
    """
    if not 0 <= start_cp <= end_cp <= len(text):
        raise ValueError(f"range {start_cp}..{end_cp} is not inside a text of {len(text)}")
    return Selectors(
        exact=text[start_cp:end_cp],
        prefix=text[max(0, start_cp - context_cp) : start_cp],
        suffix=text[end_cp : end_cp + context_cp],
        start_cp=start_cp,
        end_cp=end_cp,
    )
