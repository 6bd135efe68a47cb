"""The suite's short form: every row is measured and judged, and nothing is lost on the way.

How fast anything is is not looked at here; the complete figures: `python -m crdtchat.bench`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from crdtchat.bench import report, suite
from crdtchat.bench.effort import QUICK
from crdtchat.bench.figures import Figures
from crdtchat.bench.rows import ROWS, SCENARIOS
from crdtchat.bench.servers import CRDTCHAT, HOCUSPOCUS, OURS, PYCRDT, Y_WEBSOCKET
from crdtchat.bench.tables import put

SHORT = replace(QUICK, drain=30.0)
"""A slow machine may take its time to deliver."""


LOADS = ("fanout-50", "fanout-200", "fanout-1000", "saturation", "rooms", "low", "stuck")


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_row_has_a_figure_and_nothing_is_lost(name: str) -> None:
    """One round of our own server; peers are measured by the command."""
    rows = [row for row in ROWS if row.scenario == name]
    outcome = suite.measure(rows, OURS, SHORT, rounds=1)
    lines = suite.lines(outcome, rows, fsync_ms=1.0)
    assert lines
    text = report.suite(lines, outcome, rounds=1)
    for line in lines:
        assert not line.notes, line.row.name
        assert line.ours is not None, line.row.name
        assert math.isfinite(line.ours), line.row.name
        assert line.row.words(SHORT) in text
        assert f"| {line.row.name} " in text
    if name in LOADS:
        assert outcome.figure(name, CRDTCHAT, "lost") == 0
        assert (outcome.figure(name, CRDTCHAT, "delivered_per_s") or 0) > 0
        assert (outcome.figure(name, CRDTCHAT, "cpu_us") or 0) > 0
    if name == "large":
        # 60 annotations with their opening comments of about 700 bytes, 240 replies of 150.
        assert 60 < (outcome.figure(name, CRDTCHAT, "page_kib") or 0) < 200
        assert (outcome.figure(name, CRDTCHAT, "rejoin_bytes") or 0) < 100, "who has all gets none"
        assert (outcome.figure(name, CRDTCHAT, "disk_kib") or 0) > 0


def test_medians_are_held_to_the_best_peer_of_their_row() -> None:
    outcome = suite.Outcome(SHORT)

    def add(server: str, *values: float) -> None:
        outcome.found["fanout-200", server] = [Figures({"cpu_us": value}) for value in values]

    (row,) = suite.find_rows(["cpu-200"])
    add(CRDTCHAT, 1.0, 5.0, 6.0)
    add(Y_WEBSOCKET, 30.0, 10.0, 12.0)
    add(HOCUSPOCUS, 11.0, 11.0, 99.0)
    add(PYCRDT, 50.0)
    (line,) = suite.lines(outcome, [row], 1.0)
    assert (line.ours, line.best, line.bound, line.holds) == (5.0, (HOCUSPOCUS, 11.0), 5.5, True)
    add(HOCUSPOCUS, 9.0)
    (line,) = suite.lines(outcome, [row], 1.0)
    assert (line.best, line.holds) == ((HOCUSPOCUS, 9.0), False)


@pytest.mark.parametrize(
    ("name", "ours", "best", "holds"),
    [
        ("saturation", 200.0, 100.0, True),
        ("saturation", 199.0, 100.0, False),
        ("low", 1.9, 1.5, True),
        ("low", 2.1, 1.5, False),
        ("stuck", 64.0, None, True),
        ("stuck", 65.0, None, False),
        ("rooms", 1.0, None, None),
    ],
)
def test_targets(name: str, ours: float, best: float | None, holds: bool | None) -> None:
    (row,) = suite.find_rows([name])
    assert row.holds(ours, best, fsync_ms=0.5) is holds


def test_every_row_reads_a_scenario_that_measures_ours() -> None:
    for row in ROWS:
        assert row.ours in SCENARIOS[row.scenario].servers


def test_the_table_finds_its_place_in_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n\n<!-- bench: suite -->\n\nold\n\n<!-- bench: end -->\n\nrest\n")
    put(page, "suite", "| new |\n")
    wanted = "# A\n\n<!-- bench: suite -->\n\n| new |\n\n<!-- bench: end -->\n\nrest\n"
    assert page.read_text() == wanted
    with pytest.raises(ValueError, match="curves"):
        put(page, "curves", "text")
