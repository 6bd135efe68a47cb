"""Run many seeds, print progress, and the trace of the first that breaks a promise."""

from __future__ import annotations

import argparse
import sys
import time

from crdtchat.testing.simulator.story import ROUNDS, STEPS, run_seed

_SHOWN = 80


def main() -> int:
    """Answers 0 if all promises were kept, 1 if not."""
    parser = argparse.ArgumentParser(prog="crdtchat.testing.simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of a seed")
    parser.add_argument("--steps", type=int, default=STEPS, help="things that happen in a round")
    parser.add_argument("--keep-going", action="store_true", help="go on after a failure")
    parser.add_argument("--lines", type=int, default=_SHOWN, help="trace lines shown; 0 for all")
    options = parser.parse_args()
    begin = time.perf_counter()
    failed = entries = refused = 0
    for number in range(options.seeds):
        seed = options.first + number
        outcome = run_seed(seed, options.rounds, options.steps)
        entries += outcome.entries
        refused += outcome.refused
        if outcome.failure:
            failed += 1
            print(f"seed {seed} BROKE: {outcome.failure}", flush=True)
            if not options.keep_going:
                print("\n".join(outcome.lines[-options.lines :]))
                print(f"again with: --first {seed} --seeds 1 --lines 0")
                return 1
        if (number + 1) % 25 == 0:
            passed = time.perf_counter() - begin
            print(
                f"{number + 1} seeds, {entries} operations, {refused} refused, "
                f"{failed} failed, {passed:.0f} s",
                flush=True,
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
