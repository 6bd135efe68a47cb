"""Bounds on what one message may cost. Checked while reading, not after."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one update. An honest transaction is far below all of them."""

    update_bytes: int = 65_536
    sections: int = 1
    """Client ids that may have structs in one update."""
    structs: int = 256
    values: int = 1_024
    """Values together with the elements of their arrays."""
    delete_ranges: int = 512
    deleted_items: int = 1_024
    """Items covered by the delete ranges: a few bytes can name a whole history."""
    state_vector_clients: int = 65_536
    awareness_bytes: int = 4_096


OPERATION = Limits()
"""A live change."""
REJOIN = Limits(
    update_bytes=1_048_576,
    sections=64,
    structs=16_384,
    values=131_072,
    delete_ranges=131_072,
    deleted_items=1_048_576,
)
"""What a stock client offers when it returns: everything it wrote offline, and its delete set."""
TRUSTED = Limits(
    update_bytes=2**40,
    sections=2**40,
    structs=2**40,
    values=2**40,
    delete_ranges=2**40,
    deleted_items=2**40,
    state_vector_clients=2**40,
)
"""What this server wrote itself."""
