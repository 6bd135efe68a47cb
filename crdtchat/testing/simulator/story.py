"""What happens in a world, chosen by a seed: people write, the network breaks, the server dies."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from crdtchat.document.replica import EngineFailure
from crdtchat.sync.codes import Refused
from crdtchat.sync.fold import FoldError
from crdtchat.testing.simulator.attacks import ATTACKS
from crdtchat.testing.simulator.deeds import KINDS
from crdtchat.testing.simulator.quiet import check
from crdtchat.testing.simulator.trace import InvariantBroken
from crdtchat.testing.simulator.world import PAGES, World

FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    EngineFailure,
    FoldError,
    Refused,
)
"""What nothing in a simulation may raise; each is a defect, told with the trace of its seed."""
ROUNDS = 3
STEPS = 60
"""Things that happen in a round, before the world calms down and is checked."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a seed ended."""

    seed: int
    digest: str
    """Hash of the trace."""
    lines: tuple[str, ...]
    failure: str
    """What was broken; empty if all promises were kept."""
    entries: int
    """Operations committed."""
    refused: int


def run_seed(seed: int, rounds: int = ROUNDS, steps: int = STEPS) -> Outcome:
    """Live through one seed."""
    world = World(seed)
    failure = ""
    try:
        Story(world, Random(seed + 0x5EED)).tell(rounds, steps)
    except InvariantBroken as broken:
        failure = str(broken)
    except FAULTS as fault:
        failure = "".join(traceback.format_exception(fault)[-6:])
    counters = world.node.counters
    return Outcome(
        seed,
        world.trace.digest,
        tuple(world.trace.lines),
        failure,
        sum(len(archive.entries) for archive in world.witness.archives.values()),
        sum(number for name, number in counters.items() if name.startswith("refused_")),
    )


class Story:
    """Chooses one thing after the other."""

    def __init__(self, world: World, chance: Random) -> None:
        self._world = world
        self._chance = chance
        self._keys = list(PAGES)
        self._acts: list[tuple[Callable[[], None], int]] = [
            (self._do, 34),
            (self._attack, 10),
            (self._cut, 3),
            (self._network, 5),
            (self._stall, 5),
            (self._act, 3),
            (self._write, 4),
            (self._come, 2),
            (self._go, 1),
            (self._crash, 2),
            (self._disk, 3),
            (self._pace, 2),
            (self._race, 3),
            (self._choke, 3),
            (self._skew, 1),
            (self._fold, 2),
        ]

    def tell(self, rounds: int, steps: int) -> None:
        """Live through it. Raises InvariantBroken."""
        acts = [act for act, _ in self._acts]
        weights = [weight for _, weight in self._acts]
        for _ in range(4):
            self._come()
        for _ in range(rounds):
            for act in self._chance.choices(acts, weights, k=steps):
                act()
                self._world.advance(self._chance.choice((0.0, 0.0, 0.002, 0.01, 0.05, 0.4)))
            self._world.calm()
            check(self._world)

    def _do(self) -> None:
        world, chance = self._world, self._chance
        who = chance.choice(world.honest)
        kind = chance.choice(KINDS)
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            world.do(who, kind, chance.randrange(100), chance.randrange(100))

    def _attack(self) -> None:
        if self._world.intruders:
            self._chance.choice(self._world.intruders).attack(self._chance.choice(list(ATTACKS)))

    def _cut(self) -> None:
        self._chance.choice(self._world.visitors).cut()

    def _network(self) -> None:
        who = self._chance.choice(self._world.visitors)
        if who.network:
            who.go_offline()
        else:
            who.go_online()

    def _stall(self) -> None:
        self._chance.choice(self._world.visitors).stall(self._chance.random() < 0.6)

    def _act(self) -> None:
        who = self._chance.choice(self._world.honest)
        who.act(self._chance.choice((None, "abcd", "efgh")), None)

    def _write(self) -> None:
        chance = self._chance
        user = chance.choice(("ann", "bob", "mod", "vic"))
        kind = chance.choice(KINDS)
        self._world.write(
            chance.choice(self._keys), user, kind, chance.randrange(100), chance.randrange(100)
        )

    def _come(self) -> None:
        world, chance = self._world, self._chance
        if len(world.visitors) >= 10:
            return
        key = chance.choice(self._keys[:2] + self._keys)
        kind = chance.choice(("v1", "v1", "tab", "tab", "bad"))
        if kind == "v1":
            world.add_author(key, chance.choice(("ann", "bob", "mod", "vic")))
        elif kind == "tab":
            world.add_tab(key, chance.choice(("ann", "bob", "mod")))
        if kind == "bad" or not world.intruders:
            world.add_intruder(key, chance.choice(("eve", "eve", "vic")), v1=chance.random() < 0.6)
        if not world.honest:
            world.add_author(key, "ann")

    def _go(self) -> None:
        if len(self._world.honest) > 2:
            self._chance.choice(self._world.visitors).depart()

    def _crash(self) -> None:
        kind = self._chance.randrange(3)
        if kind == 2:
            self._world.restart()
        else:
            self._world.crash(kept=kind == 1)

    def _disk(self) -> None:
        self._world.set_disk(not self._world.disk.available or self._chance.random() < 0.5)

    def _pace(self) -> None:
        self._world.set_pace(self._chance.choice((0.02, 0.02, 0.3, 1.5)))

    def _race(self) -> None:
        """Somebody writes and is cut off; the server does not notice, and commits slowly or not
        at all while they are back already."""
        world, chance = self._world, self._chance
        who = chance.choice(world.honest)
        world.set_pace(1.5)
        for _ in range(chance.randint(1, 3)):
            world.do(who, chance.choice(KINDS), chance.randrange(100), chance.randrange(100))
        world.advance(0.03)
        who.cut(noticed=chance.choice((0.0, 5.0, 5.0)))
        world.advance(chance.uniform(0.2, 1.2))
        if chance.random() < 0.4:
            world.set_disk(False)
        elif chance.random() < 0.2:
            world.crash(kept=chance.random() < 0.5)
        world.advance(chance.uniform(0.0, 1.0))
        world.set_disk(True)
        world.set_pace(0.02)

    def _choke(self) -> None:
        """Somebody writes but reads nothing while much is written, reads a little, is cut off."""
        world, chance = self._world, self._chance
        who = chance.choice(world.honest)
        others = [one for one in world.honest if one.key == who.key]
        who.stall(True)
        for _ in range(chance.randint(4, 12)):
            one = chance.choice((*others, who))
            world.do(one, chance.choice(KINDS), chance.randrange(100), chance.randrange(100))
            world.advance(chance.choice((0.0, 0.02, 0.05)))
        who.stall(False)
        world.advance(chance.choice((0.0, 0.005, 0.02, 0.1)))
        if chance.random() < 0.7:
            who.cut()

    def _skew(self) -> None:
        self._world.set_skew(self._chance.randrange(-120_000, 120_000))

    def _fold(self) -> None:
        key = self._chance.choice(self._keys)
        self._world.node.compact(key)
        if self._chance.random() < 0.5:
            self._world.node.evict(key)
