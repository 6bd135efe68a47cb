"""From features to a certainty: a logistic regression and boosted small trees, summed.

The weights are fitted on the tuning part of the benchmark by `tests/anchoring/fit.py`. Sums run
in a fixed order and comparisons are on the same doubles, so both twins decide alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np
import numpy.typing as npt

from crdtchat.anchoring import model_weights


@dataclass(frozen=True, slots=True)
class Certainty:
    """From which certainty a place with the same words is attached, and one with changed words."""

    same_from: float
    changed_from: float


#: Chosen by cross-validation over projects, well below the wrong answers that are allowed: with
#: little context the places of a passage are told apart worst, with the old page best.
_PLAIN = Certainty(0.7, 0.45)
_SHORT = Certainty(0.75, 0.7)
_PREVIOUS = Certainty(0.7, 0.6)
#: Where next to nothing of the context is left (the share of `context_bits` below which that is
#: so), other words must be surer: phrases that many pages have differ little.
_BARELY = 0.25
_BARELY_FROM = 0.75
#: From here on a place is shown to a person at least.
SUGGEST_FROM = 0.04
#: Selectors with less context than this, in code points, are those of imports.
_SHORT_CONTEXT_CP = 100


@dataclass(frozen=True, slots=True)
class _Model:
    """Bias, linear weights and trees of depth 3: seven features, seven thresholds, eight leaves.

    Those of all trees stand in one row, so that all trees are walked at once.
    """

    bias: float
    linear: tuple[float, ...]
    tests: npt.NDArray[np.intp]
    thresholds: npt.NDArray[np.float64]
    leaves: npt.NDArray[np.float64]


def _read(written: str) -> _Model:
    rows = [[float(item) for item in line.split()] for line in written.splitlines()]
    (bias,), linear, *trees = rows
    table = np.array(trees)
    tests = table[:, :7].astype(np.intp)
    return _Model(bias, tuple(linear), tests.ravel(), table[:, 7:14].ravel(), table[:, 14:].ravel())


_MODEL = _read(model_weights.WEIGHTS)
_FIRST_NODES = np.arange(len(_MODEL.tests) // 7) * 7
_FIRST_LEAVES = _FIRST_NODES // 7 * 8


def wanted_certainty(features: list[float], context_cp: int, previous: bool) -> float:
    """From which certainty on a place is attached.

    `context_cp` is the context of the selectors, `previous` whether the old page is known.
    """
    plain = _SHORT if context_cp < _SHORT_CONTEXT_CP else _PLAIN
    wanted = _PREVIOUS if previous else plain
    if features[1]:
        return wanted.same_from
    return max(wanted.changed_from, _BARELY_FROM if features[10] < _BARELY else 0.0)


def probability(features: list[float]) -> float:
    """How sure it is that a place with these features is the one meant, from 0 to 1."""
    model = _MODEL
    total = model.bias
    for weight, feature in zip(model.linear, features, strict=True):
        total += weight * feature
    seen = np.array(features)
    node = np.zeros(len(_FIRST_NODES), dtype=np.intp)
    for _ in range(3):
        place = _FIRST_NODES + node
        node = 2 * node + 2 - (seen[model.tests[place]] <= model.thresholds[place])
    # accumulated, because a plain sum of an array is taken in another order than the twin's
    told = model.leaves[_FIRST_LEAVES + node - 7]
    total = float(np.add.accumulate(np.concatenate(([total], told)))[-1])
    return 1.0 / (1.0 + exp(-max(-60.0, min(60.0, total))))


def is_ambiguous(features: list[float]) -> bool:
    """Whether what speaks for the place speaks as well for another.

    Another place is as good, and neither position nor the old page tells them apart; or the
    neighbours stand together elsewhere without the quote, and a short quote stands here without
    them: it was moved, or removed and has a twin. Or other words stand here, their neighbours are
    whole on neither side, and another place is nearly as good: rows of a table differ little, and
    one of another page is as like the quote's as the next.
    """
    if not features[1] and max(features[3], features[4]) < 1.0 and features[13] >= 0.85:
        return True
    if features[17] >= 0.5:
        return False
    tie = features[29] <= 0.05 and features[14] < 0.8
    alone = max(features[3], features[4], features[9]) < 0.5 and features[15] >= 0.8
    return tie or alone
