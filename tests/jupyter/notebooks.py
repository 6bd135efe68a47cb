"""Notebook files for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path


def write_notebook(path: Path, cells: Sequence[tuple[str, str]], minor: int = 5) -> None:
    """Write cells of (id, source). Format 4.4 and older has no ids."""
    body: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": source,
            **({"id": cell} if minor >= 5 else {}),
        }
        for cell, source in cells
    ]
    notebook = {"cells": body, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))


FOUR = [("c1", "import math"), ("c2", "x = 1"), ("c3", "y = 2"), ("c4", "x + y")]
