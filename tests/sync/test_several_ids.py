"""What a stock client that was offline tells of: items of every visit, and no value of what was
overtaken since. Numbers are those of `crdtchat.sync.interleaving`."""

from __future__ import annotations

import random

import pytest

from crdtchat.document.replica import Replica, Write
from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment
from crdtchat.sync.update import Value
from tests.client.world import Clock, Server
from tests.sync.kernel import NOW, TARGET

PEER = Peer("ann", "Ann", "commenter", may_comment=True, may_moderate=False)
BOB = Peer("bob", "Bob", "commenter", may_comment=True, may_moderate=False)
FIRST: list[Write] = [
    ("a", "mine", ("ann", NOW, *TARGET)),
    ("c", "mine/c001", ("ann", NOW, "text")),
    ("c", "anno/c002", ("ann", NOW, "answer")),
]
SECOND: list[Write] = [
    ("r", "mine/c001/ann", "👍"),
    ("c", "mine/c003", ("ann", NOW, "more", 0, "c001")),
    ("s", "mine", (1, "ann", NOW)),
    ("d", "anno/c002", ("ann", NOW)),
    ("c", "anno/c004", ("ann", NOW, "better")),
]


class Offline:
    """What Ann's browser keeps of a page of Bob's, and what it writes there."""

    def __init__(self) -> None:
        self.server = Server(Clock())
        wanted = self.server.room.write(
            BOB, [("a", "anno", ("bob", NOW, *TARGET))], bytes(16), 1, self.now()
        )
        self.server.perform(wanted)
        self.server.commit()
        self.kept = self.server.document.state()

    def now(self) -> Moment:
        return Moment(self.server.clock.now() / 1_000, NOW)

    def visit(self, client: int, writes: list[Write]) -> None:
        """Open the page, write, and leave it, all without a connection."""
        replica = Replica(client=client)
        replica.apply(self.kept)
        for write in writes:
            replica.write([write])
        self.kept = replica.state()

    def seen(self, root: str) -> dict[str, Value]:
        """What Ann's browser shows."""
        replica = Replica()
        replica.apply(self.kept)
        return replica.values(root)

    def come_back(self) -> CloseCode | None:
        """Connect, and offer what was written; answers how the server ended it, if it did."""
        number, wanted = self.server.room.join(PEER, v1=False, nonce="", now=self.now())
        self.server.perform(wanted)
        frame = message.encode_sync_step2(self.kept)
        self.server.perform(self.server.room.receive(number, frame, self.now()))
        self.server.commit()
        ended = self.server.closed.get(number)
        return None if ended is None else CloseCode(ended[0])


@pytest.mark.parametrize("ids", [(100, 200), (200, 100)])
def test_what_was_written_in_two_visits_is_taken_whatever_their_ids(ids: tuple[int, int]) -> None:
    """Which of two ids is the higher is chance, and all was lost for it."""
    offline = Offline()
    for client, writes in zip(ids, (FIRST, SECOND), strict=True):
        offline.visit(client, writes)
    assert offline.come_back() is None
    content = offline.server.content()
    assert content["c"].keys() == {"mine/c001", "mine/c003", "anno/c004"}
    assert content["d"].keys() == {"anno/c002"}
    assert (content["s"]["mine"], content["r"]["mine/c001/ann"]) == ((1, "ann", NOW), "👍")


@pytest.mark.parametrize("ids", [(100, 200), (200, 100)])
def test_what_is_wrong_in_one_of_two_visits_is_refused_as_ever(ids: tuple[int, int]) -> None:
    offline = Offline()
    lost: Write = ("c", "none/c001", ("ann", NOW, "to nothing"))
    for client, writes in zip(ids, (FIRST, [*SECOND, lost]), strict=True):
        offline.visit(client, writes)
    assert offline.come_back() is CloseCode.DIVERGED
    assert offline.server.content()["c"] == {}


COMMENT: Write = ("c", "anno/c001", ("ann", NOW, "text"))
EDIT: Write = ("c", "anno/c001", ("ann", NOW, "better", NOW + 9))
REPLY: Write = ("c", "anno/c002", ("ann", NOW, "to myself", 0, "c001"))


@pytest.mark.parametrize(
    "between",
    [[REPLY], [("r", "anno/c001/ann", "👍")], [REPLY, ("d", "anno/c002", ("ann", NOW))]],
    ids=["answered", "liked", "answered and deleted"],
)
def test_a_comment_may_be_edited_after_more_was_said_of_it(between: list[Write]) -> None:
    """Its first words are gone by then; those that come behind all the rest are the first."""
    offline = Offline()
    offline.visit(100, [COMMENT, *between, EDIT])
    seen = {root: offline.seen(root) for root in "cr"}
    assert offline.come_back() is None
    content = offline.server.content()
    gone = content["d"].keys()
    assert content["c"] == {key: value for key, value in seen["c"].items() if key not in gone}
    assert content["r"] == seen["r"]


@pytest.mark.parametrize("wrong", [REPLY, ("r", "anno/c001/ann", "👍")], ids=["answer", "reaction"])
def test_what_the_rest_does_not_bring_is_refused_as_ever(wrong: Write) -> None:
    offline = Offline()
    offline.visit(100, [("c", "anno/c003", ("ann", NOW, "text")), wrong])
    assert offline.come_back() is CloseCode.DIVERGED
    assert offline.server.content()["c"] == {}


def some_write(offline: Offline, chance: random.Random, number: int) -> Write:
    """Something that Ann's browser would let her do."""
    now = NOW + number
    stones = offline.seen("d")
    annotations = [aid for aid in offline.seen("a") if aid not in stones]
    comments = [key for key in offline.seen("c") if key not in stones]
    comments = [key for key in comments if key.partition("/")[0] in annotations]
    match chance.choice("accerrsdd"):
        case "c" if comments and chance.random() < 0.5:
            aid, _, parent = chance.choice(comments).partition("/")
            return ("c", f"{aid}/c{number:03}", ("ann", now, "text", 0, parent))
        case "c" if annotations:
            return ("c", f"{chance.choice(annotations)}/c{number:03}", ("ann", now, "text"))
        case "e" if comments:
            key = chance.choice(comments)
            value = offline.seen("c")[key]
            assert not isinstance(value, str)
            author, created, text, *rest = value
            return ("c", key, (author, created, f"{text}!", now, *rest[1:]))
        case "r" if comments:
            return ("r", f"{chance.choice(comments)}/ann", "👍")
        case "s" if annotations:
            return ("s", chance.choice(annotations), (1, "ann", now))
        case "d" if own := [one for one in (*annotations, *comments) if one != "anno"]:
            return ("d", chance.choice(own), ("ann", now))
    return ("a", f"a{number:03}", ("ann", now, *TARGET))


@pytest.mark.parametrize("seed", range(40))
def test_any_visits_in_a_row_are_taken(seed: int) -> None:  # I1, I2
    offline, chance = Offline(), random.Random(seed)
    ids = chance.sample(range(100, 200), chance.randint(2, 6))
    for visit, client in enumerate(ids):
        for step in range(6):
            offline.visit(client, [some_write(offline, chance, visit * 10 + step)])
    seen = {root: offline.seen(root) for root in "ad"}
    assert offline.come_back() is None
    content = offline.server.content()
    assert content["d"] == seen["d"]
    assert content["a"].keys() == seen["a"].keys() - seen["d"].keys()
