"""Providers against a real room under every order of loss, delay, failure and restart.

Checks C1-C6 of crdtchat.client.provider by their outcome: after quiet all copies are equal, and
every operation that anybody made is on the page, overtaken, or with its author as a draft.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crdtchat.client.provider import Phase
from crdtchat.document.records import Target
from crdtchat.document.view import Annotation, Comment
from crdtchat.sync.tuning import Tuning
from tests.client.world import Client, Clock, Server, settle

WHO = st.integers(0, 2)


class Story(RuleBasedStateMachine):
    """Two connections of Ann and one of Bob, who moderates."""

    @initialize(outbox=st.sampled_from([49_152, 700]), ring=st.sampled_from([131_072, 600]))
    def begin(self, outbox: int, ring: int) -> None:
        self.clock = Clock()
        self.server = Server(self.clock, Tuning(outbox_bytes=outbox, ring_bytes=ring, in_flight=3))
        users = [("ann", "commenter"), ("ann", "commenter"), ("bob", "moderator")]
        self.clients = [
            Client(self.server, user, seed, role) for seed, (user, role) in enumerate(users)
        ]

    @rule(who=WHO)
    def connect(self, who: int) -> None:
        self.clients[who].connect()

    @rule(who=WHO, known=st.booleans())
    def cut(self, who: int, known: bool) -> None:
        self.clients[who].cut(known=known)

    @rule(who=WHO, frames=st.integers(1, 6))
    def carry_up(self, who: int, frames: int) -> None:
        for _ in range(frames):
            self.clients[who].carry_up()

    @rule(who=WHO)
    def transmit(self, who: int) -> None:
        self.clients[who].transmit()

    @rule(who=WHO, frames=st.integers(1, 6))
    def carry_down(self, who: int, frames: int) -> None:
        for _ in range(frames):
            self.clients[who].carry_down()

    @rule()
    def commit(self) -> None:
        self.server.perform(self.server.room.wake(self.clock.moment()))
        self.server.commit()

    @rule()
    def fail(self) -> None:
        self.server.fail()

    @rule()
    def kill(self) -> None:
        for client in self.clients:
            client.cut(known=False)
        self.server.start()

    @rule(who=WHO)
    def annotate(self, who: int) -> None:
        client = self.clients[who]
        target = Target("words", start_cp=3, end_cp=8)
        _, operation = client.actions.annotate(target, "first", self.clock.now())
        client.submit(operation)

    def annotation(self, who: int, data: st.DataObject) -> Annotation | None:
        shown = self.clients[who].view()
        return data.draw(st.sampled_from(shown)) if shown else None

    def comment(self, who: int, data: st.DataObject, *, own: bool) -> Comment | None:
        client = self.clients[who]
        comments = [
            comment
            for annotation in client.view()
            for comment in annotation.comments
            if not comment.deleted and (not own or comment.author in (client.peer.user, ""))
        ]
        return data.draw(st.sampled_from(comments)) if comments else None

    @rule(who=WHO, data=st.data())
    def reply(self, who: int, data: st.DataObject) -> None:
        if annotation := self.annotation(who, data):
            client = self.clients[who]
            _, operation = client.actions.reply(annotation.aid, "reply", "", self.clock.now())
            client.submit(operation)

    @rule(who=WHO, resolved=st.booleans(), data=st.data())
    def resolve(self, who: int, resolved: bool, data: st.DataObject) -> None:
        if annotation := self.annotation(who, data):
            client = self.clients[who]
            client.submit(client.actions.resolve(annotation.aid, resolved, self.clock.now()))

    @rule(who=WHO, data=st.data())
    def edit(self, who: int, data: st.DataObject) -> None:
        if comment := self.comment(who, data, own=True):
            client = self.clients[who]
            text = f"edited by {who}"
            client.submit(client.actions.edit(comment.aid, comment.cid, text, self.clock.now()))

    @rule(who=WHO, given=st.booleans(), data=st.data())
    def react(self, who: int, given: bool, data: st.DataObject) -> None:
        if comment := self.comment(who, data, own=False):
            client = self.clients[who]
            client.submit(
                client.actions.react(comment.aid, comment.cid, "👍", given, self.clock.now())
            )

    @rule(who=WHO, data=st.data())
    def delete_comment(self, who: int, data: st.DataObject) -> None:
        if comment := self.comment(who, data, own=True):
            client = self.clients[who]
            client.submit(client.actions.delete(comment.aid, comment.cid, self.clock.now()))

    @rule(data=st.data())
    def delete_annotation(self, data: st.DataObject) -> None:
        if annotation := self.annotation(2, data):
            client = self.clients[2]
            client.submit(client.actions.delete(annotation.aid, "", self.clock.now()))

    @invariant()
    def bounded(self) -> None:
        for client in getattr(self, "clients", ()):
            assert len(client.provider.outbox.written) <= 3
            assert client.provider.phase is not Phase.STOPPED, client.provider.stopped

    @invariant()
    def looked_up_as_listed(self) -> None:
        for client in getattr(self, "clients", ()):
            provider = client.provider
            waiting = {
                (root, key)
                for operation in provider.outbox.waiting
                for root, key, _ in operation.intents
            }
            for root, key in waiting:
                assert provider.get(root, key) == provider.values(root).get(key)

    @precondition(lambda self: hasattr(self, "clients"))
    @rule()
    def quiet(self) -> None:
        settle(self.server, self.clients)
        truth = self.server.content()
        for client in self.clients:
            assert client.provider.phase is Phase.LIVE
            assert not client.provider.outbox
            assert client.content() == truth
            # An ack may leave the sequence out; then the next resync fetches a little more.
            assert client.provider.sequence <= len(self.server.log)
            drafts = {draft.broadcast_id for draft in client.provider.drafts}
            for operation in client.submitted:
                gone = any(
                    key.split("/")[0] in truth["d"] or "/".join(key.split("/")[:2]) in truth["d"]
                    for _, key, _ in operation.intents
                )
                # Of two edits (or changes of state) at once the engine picks one.
                there = all(root == "r" or key in truth[root] for root, key, _ in operation.intents)
                assert gone or there or operation.broadcast_id in drafts

    def teardown(self) -> None:
        if hasattr(self, "clients"):
            self.quiet()


Story.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestStory = Story.TestCase
