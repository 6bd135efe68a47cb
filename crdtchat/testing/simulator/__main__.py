"""Run many stories, print progress, and of those that break a promise the shortest form."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from crdtchat.testing.simulator.plan import ROUNDS, STEPS, shrink
from crdtchat.testing.simulator.story import Outcome, run, run_seed

_SHOWN = 120


def main() -> int:
    """Answers 0 if all promises were kept, 1 if not."""
    parser = argparse.ArgumentParser(prog="crdtchat.testing.simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of a seed")
    parser.add_argument("--steps", type=int, default=STEPS, help="things that happen in a round")
    parser.add_argument("--keep-going", action="store_true", help="go on after a failure")
    parser.add_argument("--lines", type=int, default=_SHOWN, help="trace lines shown; 0 for all")
    options = parser.parse_args()
    begin = time.process_time()
    failed = entries = 0
    counts: Counter[str] = Counter()
    for number in range(options.seeds):
        seed = options.first + number
        outcome = run_seed(seed, options.rounds, options.steps)
        entries += outcome.entries
        counts.update(outcome.counts)
        if outcome.failure:
            failed += 1
            print(f"seed {seed} BROKE: {outcome.failure}", flush=True)
            if not options.keep_going:
                print(_shortest(outcome, options.lines))
                return 1
        if (number + 1) % 500 == 0 or number + 1 == options.seeds:
            passed = time.process_time() - begin
            print(
                f"{number + 1} seeds, {entries} operations, {failed} failed, {passed:.0f} s of CPU",
                flush=True,
            )
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    return 1 if failed else 0


def _shortest(outcome: Outcome, lines: int) -> str:
    """The story cut down to what is needed, step by step, and what happened then."""
    plan = shrink(outcome.plan, lambda plan: bool(run(plan).failure))
    again = run(plan)
    steps = [f"  {step.act} (salt {step.salt}), then {step.pause} s" for step in plan.steps]
    head = f"cut down to {len(steps)} steps of {len(outcome.plan.steps)}, {plan.nodes} nodes:"
    return "\n".join([head, *steps, "", *again.lines[-lines:], again.failure])


if __name__ == "__main__":
    sys.exit(main())
