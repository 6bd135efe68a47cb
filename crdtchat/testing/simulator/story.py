"""What happens in a world, chosen by a seed: people write, the network breaks, the server dies."""

from __future__ import annotations

import traceback
from collections import Counter
from dataclasses import dataclass
from random import Random

from crdtchat.document.replica import EngineFailure
from crdtchat.sync.codes import Refused
from crdtchat.sync.fold import FoldError
from crdtchat.sync.leases import HOLD_SECONDS
from crdtchat.testing.simulator.attacks import ATTACKS
from crdtchat.testing.simulator.deeds import KINDS
from crdtchat.testing.simulator.plan import CALM, ROUNDS, STEPS, Plan, make_plan
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a story ended."""

    plan: Plan
    digest: str
    """Hash of the trace."""
    lines: tuple[str, ...]
    failure: str
    """What was broken; empty if all promises were kept."""
    entries: int
    """Operations committed."""
    counts: Counter[str]
    """What the nodes counted."""


def run_seed(seed: int, rounds: int = ROUNDS, steps: int = STEPS) -> Outcome:
    """Live through the story of a seed."""
    return run(make_plan(seed, rounds, steps))


def run(plan: Plan) -> Outcome:
    """Live through a story."""
    world = World(plan.seed, plan.nodes)
    failure = ""
    try:
        Story(world).tell(plan)
    except InvariantBroken as broken:
        failure = str(broken)
    except FAULTS as fault:
        failure = "".join(traceback.format_exception(fault)[-6:])
    counts: Counter[str] = Counter()
    for node in world.nodes:
        counts.update(node.counters)
    return Outcome(
        plan,
        world.trace.digest,
        tuple(world.trace.lines),
        failure,
        sum(archive.sequence for archive in world.witness.archives.values()),
        counts,
    )


class Story:
    """Makes happen what is planned. Who and what exactly, each step's own chance decides."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = Random(0)
        self._keys = list(PAGES)

    def tell(self, plan: Plan) -> None:
        """Live through it, and come to rest. Raises InvariantBroken."""
        for step in plan.steps:
            self._chance = Random(step.salt)
            if step.act == CALM:
                self._rest()
            elif step.act == "come" or self._world.honest:
                getattr(self, f"_{step.act}")()
            self._world.advance(step.pause)
        self._rest()

    def _rest(self) -> None:
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
        if len(world.visitors) >= 6:
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
        node = self._chance.choice(self._world.nodes)
        if kind == 2:
            self._world.restart(node)
        else:
            self._world.crash(node, kept=kind == 1)

    def _disk(self) -> None:
        kind = self._chance.randrange(4)
        self._world.set_disk(available=kind != 0, full=kind == 1)

    def _stumble(self) -> None:
        """Some of what is asked of the store fails, or succeeds and seems to have failed."""
        refusing, losing = self._chance.choice(((0.0, 0.0), (0.3, 0.0), (0.0, 0.3), (0.2, 0.3)))
        self._world.set_stumbling(refusing, losing)

    def _gossip(self) -> None:
        chance = self._chance
        self._world.set_gossip(
            chance.choice((0.0, 0.3, 1.0)), chance.choice((0.0, 0.3)), chance.choice((0.01, 2.0))
        )

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
            world.set_disk(available=False)
        elif chance.random() < 0.2:
            world.crash(chance.choice(world.nodes), kept=chance.random() < 0.5)
        world.advance(chance.uniform(0.0, 1.0))
        world.set_disk(available=True)
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
        node = self._chance.choice((None, *self._world.nodes))
        self._world.set_skew(self._chance.randrange(-120_000, 120_000), node)

    def _fold(self) -> None:
        key = self._chance.choice(self._keys)
        node = self._chance.choice(self._world.nodes)
        node.compact(key)
        if self._chance.random() < 0.5:
            node.evict(key)

    def _erase(self) -> None:
        self._world.erase(self._chance.choice(self._keys), self._chance.randrange(100))

    def _night(self) -> None:
        """So much time passes that leases are given to others, while some are offline."""
        sleepers = [one for one in self._world.visitors if self._chance.random() < 0.5]
        for who in sleepers:
            who.go_offline()
        self._world.advance(HOLD_SECONDS + 60)
        self._come()
        for who in sleepers:
            if who.present and not who.network:
                who.go_online()
