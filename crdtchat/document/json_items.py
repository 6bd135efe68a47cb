"""The annotations of a JSON file, one after another, without reading it whole.

Understood are a list, a W3C AnnotationPage or AnnotationCollection (`items`, also inside `first`),
the answers of Hypothesis' API (`rows`), a single annotation, and any number of these one behind
the other (JSON lines).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

_CHUNK = 65_536
ITEM_CHARACTERS = 8_388_608
"""Of the longest annotation read."""
_LISTS = frozenset({"items", "rows", "annotations", "@graph"})
_NESTED = frozenset({"first"})
_DEEPEST = 4
_SPACE = re.compile(r"[ \t\r\n]*")
_MARGIN = 16
"""An error this near to the end of what was read may only mean that more is to be read."""


class BrokenFile(ValueError):
    """What follows cannot be read; all items before it were given."""


class BrokenItem:
    """Stands for an item that cannot be read, where the next one could be found."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class JsonItems:
    """Iterate over it. `read(n)` gives up to n characters, and none at the end."""

    def __init__(self, read: Callable[[int], str]) -> None:
        self._read = read
        self._text = ""
        self._at = 0
        self._ended = False
        self._decoder = json.JSONDecoder(parse_constant=_refuse)

    def __iter__(self) -> Iterator[object]:
        """Raises BrokenFile, and UnicodeDecodeError where `read` does."""
        while self._peek():
            if self._peek() == "[":
                yield from self._list()
            elif self._peek() == "{":
                yield from self._object(0)
            else:
                raise BrokenFile("no JSON list or object")

    def _list(self) -> Iterator[object]:
        self._expect("[")
        while self._peek() != "]":
            yield self._item()
            if self._peek() == ",":
                self._at += 1
            elif self._peek() != "]":
                raise BrokenFile("the file ends in the middle" if self._ended else "no list")
        self._at += 1

    def _object(self, depth: int) -> Iterator[object]:
        """The items inside an object, or the object itself if it holds no list of them."""
        self._expect("{")
        members: dict[str, Any] = {}
        is_item = True
        while self._peek() != "}":
            name = self._value()
            if not isinstance(name, str):
                raise BrokenFile("a member without a name")
            self._expect(":")
            opening = self._peek()
            if name in _LISTS and opening == "[":
                is_item = False
                yield from self._list()
            elif name in _NESTED and opening == "{" and depth < _DEEPEST:
                is_item = False
                yield from self._object(depth + 1)
            else:
                members[name] = self._value()
            if self._peek() == ",":
                self._at += 1
            elif self._peek() != "}":
                raise BrokenFile("the file ends in the middle" if self._ended else "no object")
        self._at += 1
        if is_item:
            yield members

    def _item(self) -> object:
        """One value of a list. A broken one is passed over if the next begins a line like it."""
        self._peek()
        start = self._text.rfind("\n", 0, self._at) + 1
        indent = self._text[start : self._at]
        try:
            return self._value()
        except BrokenFile as error:
            if indent.strip() or self._text[self._at : self._at + 1] != "{":
                raise
            following = re.compile(rf"\n{re.escape(indent)}\{{")
            while (found := following.search(self._text, self._at)) is None:
                if self._ended or not self._more():
                    raise
            # The comma before it belongs to the item that is passed over.
            self._text = f"{self._text[: self._at]},{self._text[found.start() :]}"
            return BrokenItem(str(error))

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.pos >= len(self._text) - _MARGIN or "Unterminated" in error.msg
                if not cut or not self._more():
                    raise BrokenFile(
                        "the file ends in the middle" if cut else f"no JSON: {error.msg}"
                    ) from None
                continue
            except (ValueError, RecursionError):
                raise BrokenFile("no JSON that can be read: a number or nesting too big") from None
            # A number may go on behind what was read.
            if end < len(self._text) or not self._more():
                self._at = end
                return value

    def _peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            assert space is not None  # it may be empty
            self._at = space.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            raise BrokenFile("the file ends in the middle" if self._ended else "no object")
        self._at += 1

    def _more(self) -> bool:
        """Read on; forget what is done with, but for the line it stands on."""
        start = self._text.rfind("\n", 0, self._at) + 1 if self._at else 0
        if self._at - start < _CHUNK and start:
            self._text, self._at = self._text[start - 1 :], self._at - start + 1
        elif self._at > _CHUNK:
            self._text, self._at = self._text[self._at :], 0
        if len(self._text) - self._at > ITEM_CHARACTERS:
            raise BrokenFile(f"an annotation of more than {ITEM_CHARACTERS} characters")
        # Half as much again each time: an item read over and over costs no more than thrice.
        chunk = "" if self._ended else self._read(max(_CHUNK, (len(self._text) - self._at) // 2))
        self._ended = not chunk
        self._text += chunk
        return bool(chunk)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
