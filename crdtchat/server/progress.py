"""How far a long command has come, on standard error while that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Show = Callable[[int], None]
"""Hears how many are done so far."""


@contextmanager
def progress(
    what: str, unit: str, total: int | None = None, *, bytes_: bool = False
) -> Iterator[Show]:
    """A bar for the length of a block, gone at its end; without a total a count and its speed."""
    # Imported here: most commands are done before anybody looks.
    from tqdm import tqdm

    with tqdm(
        desc=what,
        unit=unit,
        total=total,
        unit_scale=bytes_,
        unit_divisor=1024 if bytes_ else 1000,
        disable=None,  # where it is no terminal
        leave=False,
        dynamic_ncols=True,
    ) as bar:

        def show(done: int) -> None:
            bar.update(done - bar.n)

        yield show
