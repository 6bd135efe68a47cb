"""What all processes of one port count: whichever of them is asked, the answer is everybody's."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping

import anyio
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from crdtchat.brokers.base import Broker

ANSWER_S = 1.0
"""How long the others may take. Who stands still is left out, and its absence is to be seen."""
_ID_BYTES = 8


class Fellows:
    """This process among its fellows, whom `broker` reaches."""

    def __init__(self, number: int, count: int, broker: Broker) -> None:
        self.count = count
        self._number = number
        self._broker = broker
        self._asked: dict[bytes, dict[int, bytes]] = {}
        self._answered = anyio.Event()

    async def run(self, figures: Callable[[], bytes]) -> None:
        """Answer when others ask, until cancelled. `figures`: one's own, in Prometheus' format."""
        own = _answers_to(self._number)

        def receive(topic: str, message: bytes) -> None:
            asking, answer = message[:_ID_BYTES], message[_ID_BYTES:]
            if topic == own:
                if asking in self._asked:
                    number = int.from_bytes(answer[:2], "big")
                    self._asked[asking][number] = answer[2:]
                    answered, self._answered = self._answered, anyio.Event()
                    answered.set()
            else:
                to = int.from_bytes(answer, "big")
                told = asking + self._number.to_bytes(2, "big") + figures()
                self._broker.publish(_answers_to(to), told)

        self._broker.subscribe("figures")
        self._broker.subscribe(own)
        await self._broker.run(receive, lambda: None)

    async def figures(self, own: bytes) -> dict[int, bytes]:
        """Everybody's, by number, within a second; `own` are one's own."""
        asking = secrets.token_bytes(_ID_BYTES)
        found = self._asked[asking] = {self._number: own}
        try:
            self._broker.publish("figures", asking + self._number.to_bytes(2, "big"))
            with anyio.move_on_after(ANSWER_S):
                while len(found) < self.count:
                    await self._answered.wait()
        finally:
            del self._asked[asking]
        return found


def _answers_to(number: int) -> str:
    return f"figures of {number}"


class Together(Collector):
    """Figures of several processes, each sample with the number of its own."""

    def __init__(self, figures: Mapping[int, bytes]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        families: dict[str, Metric] = {}
        for number, text in sorted(self._figures.items()):
            for family in text_string_to_metric_families(text.decode()):
                known = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, "worker": str(number)}
                    known.add_sample(sample.name, labels, sample.value)
        yield from families.values()
