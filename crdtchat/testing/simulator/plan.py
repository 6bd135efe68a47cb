"""What will happen in a story, as data: made of a seed, and cut down when it breaks a promise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

ROUNDS = 1
STEPS = 14
"""Things that happen in a round, before the world calms down and is checked."""
CALM = "calm"
ACTS = {
    "do": 34,
    "attack": 10,
    "cut": 3,
    "network": 5,
    "stall": 5,
    "act": 3,
    "write": 4,
    "come": 3,
    "go": 1,
    "crash": 3,
    "disk": 3,
    "stumble": 3,
    "gossip": 3,
    "pace": 2,
    "race": 3,
    "choke": 3,
    "skew": 1,
    "fold": 3,
    "erase": 4,
    "night": 1,
}
"""What may happen (see `story`), and how often beside each other."""
_PAUSES = (0.0, 0.0, 0.002, 0.01, 0.05, 0.4)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens."""

    act: str
    salt: int
    """All that it leaves to chance comes from here, whatever happened before."""
    pause: float
    """Seconds that pass behind it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One story."""

    seed: int
    """Latencies and ids come from here."""
    nodes: int
    steps: tuple[Step, ...]


def make_plan(seed: int, rounds: int = ROUNDS, steps: int = STEPS) -> Plan:
    """The story of a seed."""
    chance = Random(seed + 0x5EED)
    nodes = chance.choice((1, 2, 2, 3))
    acts, weights = list(ACTS), list(ACTS.values())
    told = [Step("come", chance.getrandbits(32), 0.0) for _ in range(3)]
    for number in range(rounds):
        if number:
            told.append(Step(CALM, 0, 0.0))
        told += [
            Step(act, chance.getrandbits(32), chance.choice(_PAUSES))
            for act in chance.choices(acts, weights, k=steps)
        ]
    return Plan(seed, nodes, tuple(told))


def shrink(plan: Plan, breaks: Callable[[Plan], bool]) -> Plan:
    """The shortest plan found that still breaks a promise: steps are left out in ever smaller
    portions, and nodes, as long as it does."""
    size = len(plan.steps) // 2
    while size:
        at = 0
        while at < len(plan.steps):
            shorter = replace(plan, steps=_without(plan.steps, at, size))
            if breaks(shorter):
                plan = shorter
            else:
                at += size
        size //= 2
    for nodes in range(1, plan.nodes):
        if breaks(replace(plan, nodes=nodes)):
            return replace(plan, nodes=nodes)
    return plan


def _without(steps: Sequence[Step], at: int, size: int) -> tuple[Step, ...]:
    return (*steps[:at], *steps[at + size :])
