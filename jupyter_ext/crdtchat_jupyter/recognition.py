"""Which discussion belongs to a file: decided from what is known of files seen before. Pure.

A file is known by its path, by the id that jupyter-server-fileid gives it, and by marks: the ids of
a notebook's cells, or hashes of a text's lines. None is enough alone: paths change with `mv`, file
ids do not survive `mv` (the default manager) or an atomic replacement (the other one), and copies
share their marks. Nothing is ever thrown away: what a file was is kept when another one takes its
place, so a discussion comes back with its file. Where nothing decides, a person does; so too if
what was known of files is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from crdtchat_jupyter.marks import sources_of, telling

ALIKE = 0.5
"""Share of common marks, of the smaller set, from which a file may continue another one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it is now."""

    path: str
    """Absolute, where files lie in folders: several servers share what is known."""
    file_id: str
    """Empty where nobody gives ids."""
    marks: frozenset[str]
    real: str = ""
    """Where it lies, whatever links `path` goes through; empty for files in no folder."""


@dataclass(frozen=True, slots=True)
class Known:
    """A file that was seen before."""

    path: str
    page: str
    file_id: str
    marks: frozenset[str]
    lost: bool = False
    """Only the discussion is there: `path` was the file's below the folder of some server, and
    `marks` are those that the discussion names."""
    past: bool = False
    """It was deleted, or another file took its place: `path` was the file's."""

    def is_at(self, path: str) -> bool:
        """Whether it is the file that was last seen at a path."""
        return self.path == path and not self.lost and not self.past


@dataclass(frozen=True, slots=True)
class Recognised:
    """`page` is empty for a file whose discussion is to begin."""

    page: str
    similar: tuple[Known, ...] = ()
    """Files that this one may be, or be a copy of: the person is asked whether to go on with
    theirs. With the one that was at this path before, that first."""
    moved: str = field(default="", compare=False)
    """Where it was until now, if it is a file that vanished from there."""


def recognise(seen: Seen, known: Sequence[Known], gone: Collection[str]) -> Recognised:
    """Decide in this order. `gone`: paths of known files at which nothing lies any more.

    1. The file at this path, if something is left of it.
    2. The one vanished file that is most alike, where nothing is left of what was here (`mv a b`),
       or nothing but sources that both may have.
    3. The file with this file id, wherever it was (renamed through Jupyter).
    4. The one vanished file that is most alike (renamed by other means).
    5. A new discussion; files that are alike and still there, or vanished ones between which
       nothing decides, are named as `similar`, and so are lost ones that are alike or were called
       the same: two folders may have files of one name. So is what was here and has nothing in
       common with this file, unless it is known to be elsewhere now.
    """
    lost = [one for one in known if one.lost and _may_be(seen, one)]
    known = [one for one in known if not one.lost]
    here = next((one for one in known if one.is_at(seen.path)), None)
    left = here is not None and not is_other(here.marks, seen.marks)
    if here is not None and left and not telling(here.marks).isdisjoint(telling(seen.marks)):
        return Recognised(here.page)
    others = [one for one in known if one is not here]
    alike = [one for one in others if likeness(seen, one) >= ALIKE]
    best = _only_best(seen, [one for one in alike if one.past or one.path in gone])
    if here is not None and best is not None:
        return _moved(best)
    if here is not None and left:
        return Recognised(here.page)
    same_id = [one for one in others if seen.file_id and one.file_id == seen.file_id]
    if same_id:
        return _moved(same_id[0]) if same_id[0].path in gone else Recognised(same_id[0].page)
    if best is not None:
        return _moved(best)
    similar = sorted([*alike, *lost], key=lambda one: (-likeness(seen, one), one.path))
    there = [one for one in others if not one.past and one.path not in gone]
    if here is not None and here.page not in {one.page for one in there}:
        similar.insert(0, here)
    return Recognised("", tuple(similar))


def _moved(known: Known) -> Recognised:
    return Recognised(known.page, moved="" if known.past else known.path)


def is_other(before: frozenset[str], now: frozenset[str]) -> bool:
    """Whether nothing is left of what a file was known by. A program that writes a notebook anew
    gives its cells other ids; then most of its sources were there before."""
    if not before or telling(before) & telling(now):
        return False
    sources = sources_of(now)
    return not sources or len(sources & sources_of(before)) < ALIKE * len(sources)


def likeness(seen: Seen, known: Known) -> float:
    """Common marks as a share of the smaller set, 0 to 1."""
    mine, other = telling(seen.marks), telling(known.marks)
    least = min(len(mine), len(other))
    return len(mine & other) / least if least else 0.0


def _may_be(seen: Seen, lost: Known) -> bool:
    called_so = f"/{seen.path}".endswith(f"/{lost.path}")
    return called_so or likeness(seen, lost) >= ALIKE


def _only_best(seen: Seen, candidates: Sequence[Known]) -> Known | None:
    """The most alike, if all that are as much alike belong to one discussion."""
    if not candidates:
        return None
    most = max(likeness(seen, one) for one in candidates)
    best = [one for one in candidates if likeness(seen, one) == most]
    return best[0] if len({one.page for one in best}) == 1 else None
