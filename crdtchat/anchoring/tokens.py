"""Cutting a text into tokens that remember where they stood."""

from __future__ import annotations

from dataclasses import dataclass

from crdtchat.anchoring.characters import TOKEN, fold, is_sign, is_single

#: Words of at least this many characters may match in part, by their first STEM characters.
STEMMED_FROM = 5
STEM = 4


@dataclass(slots=True)
class Tokens:
    """Tokens in reading order: offsets into the text in code points, and folded forms.

    Folding never moves a boundary, so `starts` and `ends` are the exact way back to the text.
    """

    starts: list[int]
    ends: list[int]
    folds: list[str]

    def __len__(self) -> int:
        return len(self.folds)


def tokenize(text: str, cache: dict[str, str] | None = None) -> Tokens:
    """The tokens of `text`; `cache` may be shared by calls to fold each word only once."""
    known: dict[str, str] = {} if cache is None else cache
    starts: list[int] = []
    ends: list[int] = []
    folds: list[str] = []
    for found in TOKEN.finditer(text):
        raw = found.group()
        folded = known.get(raw)
        if folded is None:
            folded = known[raw] = fold(raw)
        if folded:
            start, end = found.span()
            starts.append(start)
            ends.append(end)
            folds.append(folded)
    return Tokens(starts, ends, folds)


def glue(tokens: Tokens) -> list[int]:
    """1 for tokens that the next token touches, else 0."""
    starts, ends = tokens.starts, tokens.ends
    return [
        1 if at + 1 < len(starts) and ends[at] == starts[at + 1] else 0 for at in range(len(starts))
    ]


def stem(folded: str) -> str:
    """What a word shares with its inflections, or an empty string for a short one."""
    return folded[:STEM] if len(folded) >= STEMMED_FROM else ""


def is_word(folded: str) -> bool:
    """Whether a token is made of letters or digits and not of signs (single characters count)."""
    return not is_sign(folded[0])


def weight_cap(folded: str) -> int:
    """The most that a token may weigh, however rare it is: short tokens carry little."""
    if not is_word(folded):
        return 4
    if is_single(folded[0]):
        return 12
    return (8, 11, 14, 16)[min(len(folded), 4) - 1]
