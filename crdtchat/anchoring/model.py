"""From features to a certainty: a logistic regression and boosted small trees, summed.

The weights are fitted on the tuning part of the benchmark by `tests/anchoring/fit.py`. Sums run
in a fixed order and comparisons are on the same doubles, so both twins decide alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from crdtchat.anchoring import model_weights


@dataclass(frozen=True, slots=True)
class Model:
    """Weights for one kind of question, and the certainties from which it attaches or suggests."""

    bias: float
    linear: tuple[float, ...]
    #: Trees of depth 3: seven features, seven thresholds, eight leaves.
    trees: tuple[tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]], ...]
    anchor_from: float
    suggest_from: float


def _read(written: str) -> Model:
    """A model from its compact form: see `model_weights`."""
    rows = [[float(item) for item in line.split()] for line in written.splitlines()]
    (bias, anchor_from, suggest_from), linear, *trees = rows
    return Model(
        bias=bias,
        linear=tuple(linear),
        trees=tuple(
            (tuple(int(test) for test in tree[:7]), tuple(tree[7:14]), tuple(tree[14:]))
            for tree in trees
        ),
        anchor_from=anchor_from,
        suggest_from=suggest_from,
    )


_PLAIN = _read(model_weights.PLAIN)
_SHORT = _read(model_weights.SHORT)
_PREVIOUS = _read(model_weights.PREVIOUS)
#: Selectors with less context than this, in code points, are judged by the model for imports.
_SHORT_CONTEXT_CP = 100


def choose_model(context_cp: int, previous: bool) -> Model:
    """The model for selectors with so much context, with or without the old page."""
    if previous:
        return _PREVIOUS
    return _SHORT if context_cp < _SHORT_CONTEXT_CP else _PLAIN


def probability(model: Model, features: list[float]) -> float:
    """How sure it is that a place with these features is the one meant, from 0 to 1."""
    total = model.bias
    for weight, feature in zip(model.linear, features, strict=True):
        total += weight * feature
    for tests, thresholds, leaves in model.trees:
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
