"""Valid records as a client of the schema writes them, without an engine: seeded, fast, exact."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache

from crdtchat.document import schema
from crdtchat.sync.encode import EMPTY_UPDATE, encode_deletes, encode_write
from crdtchat.sync.update import Id, Value
from crdtchat.sync.wire import uint

Write = tuple[str, str, Value, Id | None]
"""Root, key, value, and the item it overtakes."""

_LETTERS = "abcdefghijklmnopqrstuvwxyząęśż     "


def encode_transaction(client: int, clock: int, writes: Sequence[Write]) -> bytes:
    """One update that makes all `writes`, the first at `clock`."""
    if not writes:
        return EMPTY_UPDATE
    bodies: list[bytes] = []
    overtaken: list[Id] = []
    for number, (root, key, value, origin) in enumerate(writes):
        raw = encode_write(client, clock + number, root=root, key=key, value=value, origin=origin)
        head = 2 + len(uint(client)) + len(uint(clock + number))
        tail = len(encode_deletes([origin])) if origin else 1
        bodies.append(raw[head:-tail])
        if origin:
            overtaken.append(origin)
    start = b"\x01" + uint(len(writes)) + uint(client) + uint(clock)
    return start + b"".join(bodies) + encode_deletes(overtaken)


@lru_cache(maxsize=256)  # Ten thousand pages have the same fifty writers.
def _texts(seed: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(_LETTERS, k=200)) for _ in range(32)]


class Writer:
    """One client id's hand. Every method answers the update of one operation.

    Sizes are those of real use: a quote of 120 characters with 128 of context on each side and a
    comment of 200; a reply of 100.
    """

    def __init__(self, client: int, user: str, clock: int = 0, seed: int = 0) -> None:
        self.client = client
        self.user = user
        self.clock = clock
        self.annotations: list[str] = []
        self.comments: list[str] = []
        """Keys of the comments written, opening ones included."""
        self._items: dict[tuple[str, str], Id] = {}
        self._created: dict[str, int] = {}
        self._mark = f"{client:x}".rjust(3, "0")[-4:]
        self._texts = _texts(seed)

    def create(self, now: int) -> bytes:
        """A new annotation with its opening comment. `now` in milliseconds since 1970."""
        aid = self._new_id("a")
        words = self._text(200)
        target = (words[:120], words[:128], words[72:], 1_000, 1_120)
        self.annotations.append(aid)
        return self._write(
            (schema.ANNOTATIONS, aid, (self.user, now, *target)),
            self._comment(aid, now, self._text(200)),
        )

    def reply(self, aid: str, now: int) -> bytes:
        """A comment of 100 characters."""
        return self._write(self._comment(aid, now, self._text(100)))

    def edit(self, comment: str, now: int) -> bytes:
        """A new text for one of this writer's comments."""
        value = (self.user, self._created[comment], self._text(100), now)
        return self._write((schema.COMMENTS, comment, value))

    def resolve(self, aid: str, now: int) -> bytes:
        """Resolve an annotation."""
        return self._write((schema.STATUSES, aid, (schema.RESOLVED, self.user, now)))

    def react(self, comment: str) -> bytes:
        """A thumb."""
        return self._write((schema.REACTIONS, f"{comment}/{self.user}", "👍"))

    def delete(self, key: str, now: int) -> bytes:
        """The tombstone of an annotation or comment."""
        return self._write((schema.TOMBSTONES, key, (self.user, now)))

    def _comment(self, aid: str, now: int, text: str) -> tuple[str, str, Value]:
        key = f"{aid}/{self._new_id('c')}"
        self.comments.append(key)
        self._created[key] = now
        return schema.COMMENTS, key, (self.user, now, text)

    def _write(self, *records: tuple[str, str, Value]) -> bytes:
        writes: list[Write] = []
        for number, (root, key, value) in enumerate(records):
            writes.append((root, key, value, self._items.get((root, key))))
            self._items[root, key] = (self.client, self.clock + number)
        update = encode_transaction(self.client, self.clock, writes)
        self.clock += len(records)
        return update

    def _new_id(self, kind: str) -> str:
        number = len(self.annotations) if kind == "a" else len(self.comments)
        return f"{kind}{self._mark}{number:05x}"

    def _text(self, characters: int) -> str:
        return self._texts[self.clock % len(self._texts)][:characters]


PAGE_CLIENTS = 50


def build_page(annotations: int, comments: int, now: int) -> tuple[bytes, list[Writer]]:
    """A page's whole state as one update, and its writers: client ids from 2, users `user2` on.

    Each annotation has `comments` comments, the opening one included, of different people.
    """
    writers = [
        Writer(client, f"user{client}", seed=client) for client in range(2, 2 + PAGE_CLIENTS)
    ]
    sections: dict[int, list[bytes]] = {writer.client: [] for writer in writers}
    for number in range(annotations):
        author = writers[number % PAGE_CLIENTS]
        sections[author.client].append(_body(author, author.create(now)))
        for reply in range(1, comments):
            other = writers[(number + reply * 7) % PAGE_CLIENTS]
            sections[other.client].append(_body(other, other.reply(author.annotations[-1], now)))
    written = [writer for writer in writers if writer.clock]
    parts = [uint(len(written))]
    for writer in sorted(written, key=lambda writer: -writer.client):
        parts += [uint(writer.clock), uint(writer.client), b"\x00", *sections[writer.client]]
    return b"".join(parts) + b"\x00", writers


def _body(writer: Writer, update: bytes) -> bytes:
    """The structs of an update of `writer` that overtakes nothing and was just made."""
    structs = update[1]
    head = 2 + len(uint(writer.client)) + len(uint(writer.clock - structs))
    return update[head:-1]
