"""Stories of the simulator: `python -m crdtchat.testing.simulator --seeds 100000` tells more."""

from __future__ import annotations

import pytest

from crdtchat.testing.simulator.plan import ACTS, Plan, Step, make_plan, shrink
from crdtchat.testing.simulator.story import Story, run, run_seed
from crdtchat.testing.simulator.world import PAGES, World

SEEDS = 2_000
PORTIONS = 8


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_no_story_breaks_a_promise(portion: int) -> None:
    for seed in range(portion, SEEDS, PORTIONS):
        outcome = run_seed(seed)
        assert not outcome.failure, f"seed {seed}: {outcome.failure}"


def test_the_same_seed_has_the_same_trace() -> None:
    for seed in range(6):
        assert run_seed(seed).digest == run_seed(seed).digest


def test_the_stories_meet_what_they_are_about() -> None:
    """All faults, one to three nodes, conflicts, failed appends, erasures, clients sent away."""
    counts = run_seed(0).counts
    epochs = set()
    for seed in range(1, 60):
        counts += run_seed(seed).counts
    for name in ("appends_conflicting", "appends_failed", "closed_4503", "closed_1012"):
        assert counts[name], name
    plans = [make_plan(seed) for seed in range(200)]
    assert {plan.nodes for plan in plans} == {1, 2, 3}
    assert {step.act for plan in plans for step in plan.steps} == ACTS.keys()
    for seed in range(8):
        world = World(seed, nodes=2)
        Story(world).tell(Plan(seed, 2, (*_TALK, Step("erase", seed, 0.4))))
        epochs |= {world.disk.head(key).epoch for key in PAGES}
    assert epochs == {1, 2}


_TALK = (Step("come", 1, 0.1), Step("come", 2, 0.1), *(Step("do", salt, 0.1) for salt in range(12)))


def test_what_breaks_a_promise_is_cut_down_to_what_is_needed() -> None:
    plan = make_plan(7)
    needed = (plan.steps[2], plan.steps[9])
    tried: list[Plan] = []

    def breaks(shorter: Plan) -> bool:
        tried.append(shorter)
        return all(step in shorter.steps for step in needed)

    assert shrink(plan, breaks).steps == needed
    assert len(tried) < 3 * len(plan.steps)


def test_a_broken_promise_is_found_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that forgets what it was given: somebody is told of what is not there."""
    real = World(0).disk.__class__._append

    def forgets(self: object, append: object) -> object:
        outcome = real(self, append)  # type: ignore[arg-type]
        document = self.data.documents[append.key]  # type: ignore[attr-defined]
        del document.entries[-1:]
        return outcome

    monkeypatch.setattr("crdtchat.testing.simulator.disk.Disk._append", forgets)
    outcome = run(Plan(3, 1, (*_TALK, Step("fold", 1, 0.1))))
    assert outcome.failure
