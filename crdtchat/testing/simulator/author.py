"""An honest client that speaks `crdtchat.v1`: the real provider."""

from __future__ import annotations

from crdtchat.client.effects import Effect, Hangup, Send, WakeAt
from crdtchat.client.intents import Operation
from crdtchat.client.provider import NORMAL, Phase, Provider
from crdtchat.stores.base import DocumentKey
from crdtchat.sync.session import Peer
from crdtchat.testing.simulator.visitor import Surroundings, Visitor


class Author(Visitor):
    """Keeps every operation it ever made, to account for each at the end."""

    def __init__(self, around: Surroundings, who: str, key: DocumentKey, peer: Peer) -> None:
        super().__init__(around, who, key, peer)
        self.provider = Provider()
        self.made: list[Operation] = []
        self.dial()

    @property
    def quiet(self) -> bool:
        """Whether it is connected and has nothing to do."""
        return self.provider.phase is Phase.LIVE and not self.provider.outbox

    def do(self, operation: Operation) -> None:
        """Write something, online or not."""
        self.made.append(operation)
        self._carry_out(self.provider.submit(operation, self.around.timeline.wall))

    def act(self, typing: str | None, selection: tuple[int, int] | None) -> None:
        """Type somewhere, select something."""
        self._carry_out(self.provider.receive_activity(typing, selection))

    def resume(self) -> tuple[int, str] | None:
        client, _, nonce = self.provider.lease.partition("-")
        return (int(client), nonce) if nonce else None

    def opened(self) -> None:
        self._carry_out(self.provider.receive_opened())

    def received(self, frame: bytes) -> None:
        self._carry_out(self.provider.receive_frame(frame, self.around.timeline.wall))

    def closed(self, code: int, reason: str) -> None:
        self.provider.receive_closed(code, reason)
        if self.provider.phase is not Phase.STOPPED:
            self.dial(again=True)

    def _carry_out(self, effects: list[Effect]) -> None:
        timeline = self.around.timeline
        for effect in effects:
            if isinstance(effect, Send):
                self.send(effect.frame)
            elif isinstance(effect, Hangup):
                if effect.code != NORMAL:
                    raise self.around.trace.fail(f"{self.who} cannot go on: {effect.reason}")
                self.hang_up(effect.code)
            elif isinstance(effect, WakeAt):
                timeline.after(max(0, effect.at - timeline.wall) / 1000, self._wake)

    def _wake(self) -> None:
        self._carry_out(self.provider.receive_time(self.around.timeline.wall))
