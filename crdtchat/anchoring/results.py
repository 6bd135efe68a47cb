"""What anchoring answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

#: exact: where it was; moved: the same words elsewhere; changed: the words were edited.
AnchoredState: TypeAlias = Literal["exact", "moved", "changed"]

#: ambiguous: several places are equally good; gone: nothing on the page is like the passage;
#: doubtful: the best place is too unlike the passage to be named.
OrphanReason: TypeAlias = Literal["ambiguous", "gone", "doubtful"]


@dataclass(frozen=True, slots=True)
class Place:
    """A range of the text in code points, and how sure it is that it is meant (0 to 1)."""

    start_cp: int
    end_cp: int
    score: float


@dataclass(frozen=True, slots=True)
class Anchored:
    """The words were found; `score` is the certainty, from 0 to 1."""

    start_cp: int
    end_cp: int
    state: AnchoredState
    score: float


@dataclass(frozen=True, slots=True)
class Unsure:
    """A place that a person should confirm; nothing is attached."""

    suggestion: Place


@dataclass(frozen=True, slots=True)
class Orphaned:
    """The words are not in the text; `nearest` is where they probably were, if that is known."""

    reason: OrphanReason
    nearest: Place | None


Anchoring: TypeAlias = Anchored | Unsure | Orphaned
