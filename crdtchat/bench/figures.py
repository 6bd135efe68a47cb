"""What one measurement of one server found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Figures:
    """Numbers by name; their units are those of the table's rows (`crdtchat.bench.rows`)."""

    values: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What a reader of the numbers has to know: lost updates, ended connections."""
    generator: float = 0.0
    """Cores that the load generator used: near 1, it is what was measured."""
    others: float = 0.0
    """Cores that everything else on the machine used meanwhile."""
