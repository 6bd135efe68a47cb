"""Marks: what a file is known by, whatever it is called. See `recognition`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

MOST = 1_000
"""Marks of each kind that are kept of one file."""
SOURCE = "="
"""What the mark of a cell's source begins with, beside the cells' ids."""
_TELLING = 12
"""Lines and words shorter than this are in every file."""


def marks_of(model: Mapping[str, Any]) -> frozenset[str]:
    """The marks of a contents-service model that was read with its content.

    A notebook's are its cells' ids, and hashes of their sources, which programs that write it anew
    keep; in files older than format 4.5, whose cells are given new ids at each load, the hashes
    alone. A text's are hashes of its longer lines.
    """
    content = model.get("content")
    if model.get("type") == "notebook" and isinstance(content, Mapping):
        cells = content.get("cells", [])
        sources = (_joined(cell.get("source", "")) for cell in cells[:MOST])
        hashes = [_hash(source) for source in sources if source.strip()]
        if (content.get("nbformat", 4), content.get("nbformat_minor", 0)) >= (4, 5):
            ids = [str(cell["id"]) for cell in cells[:MOST] if cell.get("id")]
            return frozenset([*ids, *(SOURCE + one for one in hashes)])
        return frozenset(hashes)
    if isinstance(content, str) and model.get("format") == "text":
        lines = (line.strip() for line in content.splitlines())
        tell = (line for line in lines if len(line) >= _TELLING)
        return frozenset([_hash(line) for line in islice(tell, MOST)])
    return frozenset()


def telling(marks: frozenset[str]) -> frozenset[str]:
    """Those by which a file is found again under another path: sources alone are in many."""
    return frozenset(mark for mark in marks if not mark.startswith(SOURCE))


def sources_of(marks: frozenset[str]) -> frozenset[str]:
    """The hashes of sources among marks; of a file that has no others, all."""
    found = frozenset(mark[len(SOURCE) :] for mark in marks if mark.startswith(SOURCE))
    return found or marks


def text_of(model: Mapping[str, Any]) -> str:
    """The words of a contents-service model that was read with its content: a text, or the sources
    and printed outputs of a notebook; each space or new line as one space."""
    content = model.get("content")
    if model.get("type") == "notebook" and isinstance(content, Mapping):
        return _plain("\n".join(_texts(content.get("cells", []))))
    return _plain(content) if isinstance(content, str) and model.get("format") == "text" else ""


def stands_in(quote: str, text: str) -> bool:
    """Whether words that tell something are in what `text_of` answered."""
    plain = _plain(quote)
    return len(plain) >= _TELLING and plain in text


def _texts(cells: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for cell in cells:
        yield _joined(cell.get("source", ""))
        for output in cell.get("outputs", []):
            yield _joined(output.get("text", ""))
            yield _joined(output.get("data", {}).get("text/plain", ""))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _joined(source: object) -> str:
    return "".join(source) if isinstance(source, list) else str(source)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
