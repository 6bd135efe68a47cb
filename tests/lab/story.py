"""The notebook that the tests discuss."""

from __future__ import annotations

import json

MARKDOWN = "# A notebook\n\nSome **rendered** words about square roots."
PLOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAFUlEQVR4nGNkaGBgIAwYiVHEwEB1hQAAMQkBAS7x"
    "V5sAAAAASUVORK5CYII="
)
PRINTED = "The square root of two is 1.4142135623730951\n"


def notebook(*cells: tuple[str, str, str]) -> str:
    """A notebook of (id, type, source); code cells come with the output of `print`."""
    body: list[dict[str, object]] = []
    for cell, kind, source in cells:
        made: dict[str, object] = {"id": cell, "cell_type": kind, "metadata": {}, "source": source}
        if kind == "code":
            outputs: list[dict[str, object]] = []
            if "print" in source:
                outputs = [{"output_type": "stream", "name": "stdout", "text": PRINTED}]
            if "plot" in source:
                data = {"image/png": PLOT, "text/plain": "<Figure>"}
                outputs = [{"output_type": "display_data", "data": data, "metadata": {}}]
            made |= {"execution_count": None, "outputs": outputs}
        body.append(made)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return json.dumps({"cells": body, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


STORY = notebook(
    ("intro", "markdown", MARKDOWN),
    ("first", "code", "import math\nx = math.sqrt(2)\nprint('The square root of two is', x)"),
    ("second", "code", "y = x ** 2"),
    ("third", "code", "plot(x, y)"),
)


def own_story(name: str) -> str:
    """The notebook with cell ids of a test's own: else it would be a copy of another test's."""
    text = STORY
    for cell in ("intro", "first", "second", "third"):
        text = text.replace(f'"{cell}"', f'"{cell}-{abs(hash(name)) % 10**8}"')
    return text
