"""From features to a certainty: a logistic regression and boosted small trees, summed.

The weights are fitted on the tuning part of the benchmark by `tests/anchoring/fit.py`. Sums run
in a fixed order and comparisons are on the same doubles, so both twins decide alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from crdtchat.anchoring import model_weights


@dataclass(frozen=True, slots=True)
class Certainty:
    """From which certainty a place with the same words is attached, and one with changed words."""

    same_from: float
    changed_from: float


#: Chosen by cross-validation over projects, well below the wrong answers that are allowed: with
#: little context the places of a passage are told apart worst, with the old page best.
_PLAIN = Certainty(0.6, 0.6)
_SHORT = Certainty(0.75, 0.85)
_PREVIOUS = Certainty(0.75, 0.8)
#: From here on a place is shown to a person at least.
SUGGEST_FROM = 0.04
#: Selectors with less context than this, in code points, are those of imports.
_SHORT_CONTEXT_CP = 100

_Tree = tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]


def _read(written: str) -> tuple[float, tuple[float, ...], tuple[_Tree, ...]]:
    """Bias, linear weights and trees of depth 3: seven features, seven thresholds, eight leaves."""
    rows = [[float(item) for item in line.split()] for line in written.splitlines()]
    (bias,), linear, *trees = rows
    return (
        bias,
        tuple(linear),
        tuple(
            (tuple(int(test) for test in tree[:7]), tuple(tree[7:14]), tuple(tree[14:]))
            for tree in trees
        ),
    )


_BIAS, _LINEAR, _TREES = _read(model_weights.WEIGHTS)


def wanted_certainty(context_cp: int, previous: bool) -> Certainty:
    """What is asked of a place for selectors with so much context, with or without the old page."""
    if previous:
        return _PREVIOUS
    return _SHORT if context_cp < _SHORT_CONTEXT_CP else _PLAIN


def probability(features: list[float]) -> float:
    """How sure it is that a place with these features is the one meant, from 0 to 1."""
    total = _BIAS
    for weight, feature in zip(_LINEAR, features, strict=True):
        total += weight * feature
    for tests, thresholds, leaves in _TREES:
        node = 0
        while node < 7:
            node = 2 * node + (1 if features[tests[node]] <= thresholds[node] else 2)
        total += leaves[node - 7]
    return 1.0 / (1.0 + exp(-max(-60.0, min(60.0, total))))


def is_ambiguous(features: list[float]) -> bool:
    """Whether what speaks for the place speaks as well for another.

    Another place is as good, and neither position nor the old page tells them apart; or the
    neighbours stand together elsewhere without the quote, and a short quote stands here without
    them: it was moved, or removed and has a twin.
    """
    if features[17] >= 0.5:
        return False
    tie = features[29] <= 0.05 and features[14] < 0.8
    alone = max(features[3], features[4], features[9]) < 0.5 and features[15] >= 0.8
    return tie or alone
