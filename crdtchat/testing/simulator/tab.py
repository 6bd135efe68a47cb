"""A browser tab with a stock Yjs client (y-websocket): no subprotocol, its own random client id."""

from __future__ import annotations

from collections.abc import Callable

from crdtchat.client.intents import Operation
from crdtchat.document.replica import Replica
from crdtchat.stores.base import DocumentKey
from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, decode_awareness, encode_awareness
from crdtchat.sync.encode import EMPTY_UPDATE
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.session import Peer
from crdtchat.sync.statevector import decode_state_vector
from crdtchat.sync.update import Value, decode_update
from crdtchat.testing.simulator.visitor import Surroundings, Visitor


class Tab(Visitor):
    """Tabs of one user tell each other of their changes at once (BroadcastChannel)."""

    v1 = False

    def __init__(
        self,
        around: Surroundings,
        who: str,
        key: DocumentKey,
        peer: Peer,
        siblings: list[Tab],
    ) -> None:
        """`siblings`: all tabs of this user, of which this becomes one."""
        super().__init__(around, who, key, peer)
        self.siblings = siblings
        self.reloads = 0
        self.answered = False
        """Whether the server's first state has arrived on this connection."""
        self._pending: list[bytes] = []
        """What other tabs told that stands on what is not here yet."""
        self._reload()
        for tab in siblings:
            if tab.present:
                self.replica.apply(tab.replica.state())
        siblings.append(self)
        self.dial()

    @property
    def user(self) -> str:
        """Who writes."""
        return self.peer.user

    def get(self, root: str, key: str) -> Value | None:
        """One value."""
        return self.replica.get(root, key)

    def values(self, root: str) -> dict[str, Value]:
        """All values of a root."""
        return self.replica.values(root)

    def do(self, operation: Operation) -> None:
        """Write something, online or not."""
        update = self.replica.write(operation.intents)
        if update != EMPTY_UPDATE:
            self.send(message.encode_sync_update(update))
            for tab in self.siblings:
                if tab is not self and tab.present:
                    self.around.timeline.after(0.001, _told(tab, update, tab.reloads))

    def act(self, typing: str | None, selection: tuple[int, int] | None) -> None:
        """Say what this person does, as awareness."""
        own = self.replica.client
        self.clocks[own] += 1
        state: dict[str, object] = {"typing": typing, "user": {"name": "not me"}}
        self.states[own] = AwarenessState(own, self.clocks[own], state)
        self._send_awareness()

    def opened(self) -> None:
        self.answered = False
        self.send(message.encode_sync_step1(self.replica.state_vector()))
        self._send_awareness()

    def received(self, frame: bytes) -> None:
        match message.decode_from_server(frame):
            case message.SyncStep1(state_vector):
                self.send(message.encode_sync_step2(self.replica.difference(state_vector)))
            case message.SyncStep2(update):
                self.replica.apply(update)
                self._take_pending()
                self.answered = True
            case message.SyncUpdate(update):
                self.replica.apply(update)
                self._take_pending()
            case message.Awareness(update):
                self._receive_awareness(update)

    def closed(self, code: int, reason: str) -> None:
        for client in list(self.states):
            if client != self.replica.client:
                del self.states[client]
        if 4400 <= code <= 4499:
            # What was refused went to the other tabs too, and nothing else takes it back.
            for tab in self.siblings:
                tab.reload()
        self.dial(again=True)

    def reload(self) -> None:
        """Load the page anew: another client id, nothing known."""
        self._reload()
        self.hang_up(1001)

    def told(self, update: bytes) -> None:
        """Another tab of this user changed something."""
        self._pending.append(update)
        self._take_pending()

    def _take_pending(self) -> None:
        """Apply what other tabs told once all that it stands on is here, as Yjs does.

        The engine would take what comes after a gap at once, and tell nobody of it.
        """
        waiting = len(self._pending) + 1
        while len(self._pending) < waiting:
            waiting = len(self._pending)
            self._pending = [update for update in self._pending if not self._take(update)]

    def _take(self, data: bytes) -> bool:
        vector = decode_state_vector(self.replica.state_vector(), TRUSTED)
        update = decode_update(data, TRUSTED)
        own = {section.client: section.end for section in update.sections}
        needed = [
            (item.origin[0], item.origin[1] + 1)
            for section in update.sections
            for item in section.items
            if item.origin is not None
        ]
        needed += [(client, end) for client, ranges in update.deletes for _, end in ranges]
        here = all(
            vector.get(client, 0) >= end or end <= own.get(client, 0) for client, end in needed
        )
        here = here and all(
            vector.get(section.client, 0) >= section.clock for section in update.sections
        )
        if here:
            self.replica.apply(data)
        return here

    def _reload(self) -> None:
        client = self.around.chance.getrandbits(32) | 1 << 20
        self.reloads += 1
        self.replica = Replica(client)
        self.around.witness.owners[self.key][client] = self.peer.user
        self._pending = []
        self.clocks = {client: 1}
        """Awareness clocks of all clients ever heard of: y-protocols forgets none."""
        self.states = {client: AwarenessState(client, 1, {"user": {"name": "me"}})}

    def _send_awareness(self) -> None:
        own = self.states[self.replica.client]._replace(clock=self.clocks[self.replica.client])
        self.send(message.encode_awareness_message(encode_awareness([own])))

    def _receive_awareness(self, update: bytes) -> None:
        """As y-protocols `applyAwarenessUpdate` does."""
        for entry in decode_awareness(update, TRUSTED):
            known = self.clocks.get(entry.client, 0)
            gone = entry.state is None and entry.client in self.states
            if not (known < entry.clock or (known == entry.clock and gone)):
                continue
            own = entry.client == self.replica.client
            if entry.state is not None:
                self.states[entry.client] = entry
            elif not own:
                self.states.pop(entry.client, None)
            self.clocks[entry.client] = entry.clock + (own and entry.state is None)


def _told(tab: Tab, update: bytes, reloads: int) -> Callable[[], None]:
    def tell() -> None:
        if tab.present and tab.reloads == reloads:
            tab.told(update)

    return tell
