"""Capacity: the formula, its fit to a run, and the example that the documentation shows."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from crdtchat.bench.capacity import Constants, need

PAGE = Path(__file__).parents[2] / "docs" / "capacity.md"


def test_the_example_of_the_documentation_is_what_the_command_prints() -> None:
    text = PAGE.read_text()
    command = next(line for line in text.splitlines() if line.startswith("python -m crdtchat"))
    shown = text.partition("```text\n")[2].partition("```")[0]
    done = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]], capture_output=True, text=True, check=True
    )
    assert done.stdout == shown


def test_the_documentation_names_the_constants() -> None:
    text = PAGE.read_text()
    known = Constants()
    for shown in (
        f"o × {known.operation:g} + P × f × {known.commit:g} + V × o / P × {known.update:g}",
        f"V × f × {known.frame:g} + V / 20 × {known.heartbeat:g}) µs",
        f"{known.start / 1024:g} MiB + V × {known.connection:g} KiB",
        f"({known.page:g} + {known.annotation:g} × A) KiB",
        f"`V × {known.join / 1000:g} ms`",
    ):
        assert shown in text


def test_a_load_costs_what_the_formula_says() -> None:
    known = Constants(
        operation=10, commit=100, frame=4, update=1, heartbeat=20, start=1_024, join=500
    )
    # 60 operations a second on 2 pages: 30 commits a second each, no two operations in one.
    found = need(known, viewers=1_000, comments=3_600, pages=2, annotations=0)
    assert found.frames_per_s == 30_000
    assert found.busy == pytest.approx(
        1e-6 * (60 * 10 + 60 * 100 + 1_000 * 30 * (1 + 4) + 1_000 / 20 * 20)
    )
    assert found.memory_mib == pytest.approx(1 + (1_000 * 22 + 2 * 145) / 1_024)
    assert (found.cores, found.return_s) == (1, 0.5)


def test_ticks_bound_commits_and_frames() -> None:
    slow = need(Constants(), viewers=100, comments=50 * 60)
    fast = need(Constants(), viewers=100, comments=500 * 60)
    assert slow.frames_per_s == fast.frames_per_s == 5_000
    assert fast.busy < 3 * slow.busy


def test_the_constants_of_a_delivery_are_fitted_to_a_run() -> None:
    def run(scenario: str, *points: tuple[float, float]) -> dict[str, object]:
        figures = [{"values": {"per_frame": many, "cpu_us": cost}} for many, cost in points]
        return {"scenario": scenario, "server": "crdtchat", "figures": figures}

    runs = [run("fanout-50", (1.0, 12.5)), run("fanout-1000", (20.0, 1.1), (10.0, 1.7))]
    other = {"scenario": "fanout-50", "server": "other", "figures": []}
    fitted = Constants.fitted({"runs": [*runs, other, run("low", (1.0, 300.0))]})
    assert fitted.frame == pytest.approx(12.0)
    assert fitted.update == pytest.approx(0.5)
