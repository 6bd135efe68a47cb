"""All rows in one run: interleaved, medians, ratios to the best peer of each row."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crdtchat.bench.client import Lost
from crdtchat.bench.effort import Effort
from crdtchat.bench.figures import Figures
from crdtchat.bench.generator import GeneratorFailed
from crdtchat.bench.rows import ROWS, SCENARIOS, Row, Scenario
from crdtchat.bench.servers import OURS


@dataclass(slots=True)
class Outcome:
    """Every measurement of a run."""

    effort: Effort
    found: dict[tuple[str, str], list[Figures]] = field(default_factory=dict)
    """By scenario and server."""

    def figure(self, scenario: str, server: str, name: str) -> float | None:
        """The median of a figure; None if no run has it."""
        runs = self.found.get((scenario, server), [])
        values = [run.values[name] for run in runs if name in run.values]
        return statistics.median(values) if values else None

    def notes(self, scenario: str, server: str) -> list[str]:
        """What was noted, once each."""
        runs = self.found.get((scenario, server), [])
        return list(dict.fromkeys(note for run in runs for note in run.notes))


@dataclass(frozen=True, slots=True)
class Line:
    """One row with what came out."""

    row: Row
    work: str
    ours: float | None
    servers: dict[str, float]
    """All that have the figure, ours too."""
    best: tuple[str, float] | None
    bound: float | None
    """What ours may have."""
    holds: bool | None
    notes: dict[str, list[str]]

    @property
    def ratio(self) -> float | None:
        """Ours to the best peer."""
        if self.ours is None or self.best is None or not self.best[1]:
            return None
        return self.ours / self.best[1]


def measure(
    rows: Sequence[Row],
    servers: Sequence[str],
    effort: Effort,
    rounds: int,
    progress: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Run what the rows need: in each round every scenario, in it every server, each in a process
    of its own. What fails has no figures, and a note. Raises CannotStart."""
    outcome = Outcome(effort)
    wanted = list(dict.fromkeys(row.scenario for row in rows))
    for turn in range(1, rounds + 1):
        for name in wanted:
            scenario = SCENARIOS[name]
            if turn > 1 and scenario.once:
                continue
            for server in scenario.servers:
                if server in servers:
                    progress(f"round {turn} of {rounds}: {name}, {server}")
                    figures = _try(scenario, server, effort, turn)
                    outcome.found.setdefault((name, server), []).append(figures)
    return outcome


def _try(scenario: Scenario, server: str, effort: Effort, seed: int) -> Figures:
    try:
        return scenario.run(server, effort, seed)
    except (GeneratorFailed, Lost) as error:
        return Figures(notes=[f"failed: {error}"])


def lines(outcome: Outcome, rows: Sequence[Row], fsync_ms: float) -> list[Line]:
    """The table of a run."""
    return [_line(outcome, row, fsync_ms) for row in rows]


def _line(outcome: Outcome, row: Row, fsync_ms: float) -> Line:
    servers: dict[str, float] = {}
    notes: dict[str, list[str]] = {}
    for server in SCENARIOS[row.scenario].servers:
        value = outcome.figure(row.scenario, server, row.figure)
        if value is not None:
            servers[server] = value
        if noted := outcome.notes(row.scenario, server):
            notes[server] = noted
    best = row.best({name: value for name, value in servers.items() if name not in OURS})
    ours = servers.get(row.ours)
    worth = None if best is None else best[1]
    holds = None if ours is None else row.holds(ours, worth, fsync_ms)
    bound = row.most(worth, fsync_ms)
    return Line(row, row.words(outcome.effort), ours, servers, best, bound, holds, notes)


def find_rows(names: Sequence[str]) -> list[Row]:
    """Rows by name, all for none. Raises KeyError for a name that none has."""
    known = {row.name: row for row in ROWS}
    return [known[name] for name in names] if names else list(ROWS)
