"""What people do: who signs it, when it is dated, what it may change."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from random import Random

import pytest

from crdtchat.client.actions import Actions
from crdtchat.client.errors import UnknownRecord
from crdtchat.client.intents import Operation
from crdtchat.client.provider import Provider
from crdtchat.document.replica import Replica
from crdtchat.document.view import read_view
from crdtchat.sync.codes import RejectCode
from tests.client.by_hand import (
    TARGET,
    WRITES,
    joined,
    page,
    resolve,
    welcome,
    world,
)
from tests.client.world import START, settle


def test_what_was_written_before_the_first_welcome_is_signed_then() -> None:
    _, (ann,) = world("ann")
    aid, operation = ann.actions.annotate(TARGET, "offline", START)
    ann.submit(operation)
    _, reply = ann.actions.reply(aid, "more", "", START + 1)
    ann.submit(reply)
    ann.submit(ann.actions.resolve(aid, True, START + 2))
    comment = ann.view()[0].comments[0]
    ann.submit(ann.actions.react(aid, comment.cid, "👍", True, START + 3))
    assert [annotation.author for annotation in ann.view()] == [""]
    settle(ann.server, [ann])
    annotation = ann.view()[0]
    assert annotation.author == "ann"
    assert annotation.status is not None
    assert annotation.status.by == "ann"
    assert annotation.comments[0].reactions[0].users == ("ann",)
    assert ann.content() == ann.server.content()


class Counted(deque[Operation]):
    """Counts how often an operation in it is looked at."""

    looks = 0

    def __iter__(self) -> Iterator[Operation]:
        for operation in super().__iter__():
            self.looks += 1
            yield operation

    def __reversed__(self) -> Iterator[Operation]:
        for operation in super().__reversed__():
            self.looks += 1
            yield operation


def test_what_waits_makes_writing_no_slower() -> None:
    """Who wrote offline waited for each change until all that waits had been looked through."""
    provider = Provider()
    provider.outbox.waiting = waiting = Counted()
    actions = Actions(provider, Random(1).randbytes)
    aid, operation = actions.annotate(TARGET, "offline", START)
    provider.submit(operation, START)
    cids = []
    for number in range(100):
        cid, operation = actions.reply(aid, str(number), "", START + number)
        provider.submit(operation, START)
        provider.submit(actions.edit(aid, cid, f"{number}, edited", START + number + 1), START)
        cids.append(cid)
    assert waiting.looks < 10
    texts = {comment.cid: comment.text for comment in read_view(provider)[0].comments}
    assert [texts[cid] for cid in cids] == [f"{number}, edited" for number in range(100)]


def test_read_only_makes_drafts_without_asking() -> None:
    provider = joined(page(), readonly=True)
    assert provider.submit(resolve(1), START) == []
    assert [draft.code for draft in provider.drafts] == [RejectCode.READ_ONLY]


def test_what_somebody_else_wrote_here_is_not_sent_as_mine() -> None:
    provider = joined(page())
    provider.submit(resolve(1), START)
    provider.receive_closed(1006, "")
    provider.receive_opened()
    bob = {"id": "bob", "name": "Bob", "role": "commenter", "guest": False}
    welcome(provider, principal=bob, client=6, lease="other")
    assert [draft.code for draft in provider.drafts] == [RejectCode.FORGED_AUTHOR]
    assert not provider.outbox


def test_changes_of_what_is_not_there() -> None:
    _, (ann,) = world("ann")
    with pytest.raises(UnknownRecord):
        ann.actions.reply("none", "x", "", START)
    with pytest.raises(UnknownRecord):
        ann.actions.edit("none", "none", "x", START)
    with pytest.raises(UnknownRecord):
        ann.actions.delete("none", "", START)


@pytest.mark.parametrize("ahead", [0, 1_000, 200_000])
def test_an_answer_never_stands_before_what_it_answers(ahead: int) -> None:
    provider = joined()
    actions = Actions(provider, Random(1).randbytes)
    aid, operation = actions.annotate(TARGET, "from a clock that is ahead", START + ahead)
    provider.submit(operation, START)
    for step in range(5):
        _, operation = actions.reply(aid, f"answer {step}", "", START + step)
        provider.submit(operation, START)
    (annotation,) = read_view(provider)
    assert annotation.text == "from a clock that is ahead"


@pytest.mark.parametrize("ahead", [3, 1_000, 10_000_000])
def test_what_is_written_knowingly_wins_over_a_clock_that_is_ahead(ahead: int) -> None:
    state = Replica(client=9).write([*WRITES, ("s", "anno", (1, "bob", START + ahead))])
    provider = joined(state)
    actions = Actions(provider, Random(1).randbytes)
    assert len(provider.submit(actions.resolve("anno", False, START), START)) == 1
    (annotation,) = read_view(provider)
    assert not annotation.resolved


def test_taking_back_what_was_not_given_sends_nothing() -> None:
    provider = joined(page())
    actions = Actions(provider, Random(1).randbytes)
    assert provider.submit(actions.react("anno", "cmnt", "👍", False, START), START) == []
    assert not provider.outbox


def test_a_clock_far_ahead_is_not_followed() -> None:
    provider = joined()
    actions = Actions(provider, Random(1).randbytes)
    aid, operation = actions.annotate(TARGET, "x", START + 290_000)
    provider.submit(operation, START)
    _, reply = actions.reply(aid, "y", "", START)
    assert reply.at == START
