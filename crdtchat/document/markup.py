"""The text of HTML, in time that grows with its length and no faster, whatever it holds: what never
ends (HTML, section 13.2.5) takes all of the rest, and is not looked for from each `<` anew.
"""

from __future__ import annotations

import re
from html import unescape

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_END_OR_QUOTE = re.compile(r">|=\s*([\"'])")
_UNSEEN = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")}
_APART = frozenset({"p", "div", "li", "blockquote", "pre", "h1", "h2", "h3"})


def plain_text(markup: str) -> str:
    """The text of HTML, paragraphs apart."""
    parts: list[str] = []
    at = 0
    while at < len(markup):
        start = markup.find("<", at)
        end = len(markup) if start < 0 else start
        parts.append(unescape(markup[at:end]))
        at = end if start < 0 else _read(markup, start, parts)
    return "".join(parts).strip()


def _read(markup: str, start: int, parts: list[str]) -> int:
    """What begins with the `<` at `start`; answers where it ends."""
    tag = _TAG.match(markup, start)
    if tag is None:
        if markup.startswith("<!--", start):
            return _behind(markup, "-->", start + len("<!--"))
        if markup.startswith(("<!", "<?", "</"), start):
            return _behind(markup, ">", start)
        parts.append("<")
        return start + 1
    closing, name = tag[1], tag[2].lower()
    end = _end_of_tag(markup, tag.end())
    if end is None:
        parts.append(unescape(markup[start:]))  # no tag: somebody's "a <b"
        return len(markup)
    if closing:
        parts.append("\n\n" if name in _APART else "")
    elif name == "br":
        parts.append("\n")
    elif name in _UNSEEN:
        found = _UNSEEN[name].search(markup, end)
        return len(markup) if found is None else found.start()
    return end


def _end_of_tag(markup: str, at: int) -> int | None:
    """A tag ends at the first `>` that stands in no quoted value; None if there is none."""
    while (found := _END_OR_QUOTE.search(markup, at)) is not None:
        if found[1] is None:
            return found.end()
        at = _behind(markup, found[1], found.end())
    return None


def _behind(markup: str, sought: str, at: int) -> int:
    place = markup.find(sought, at)
    return len(markup) if place < 0 else place + len(sought)
