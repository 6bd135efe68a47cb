"""Fits the model's weights: `python -m tests.anchoring.fit CORPUS_DIR ... [--check]`.

Every place that the engine looks at in a case is one example: right if it overlaps the truth by
0.65, so that a doubtful edge is not taken for another place. The cases are also asked of pages of
other projects. A logistic regression and monotone boosted trees of depth 3 are fitted apart and
their log odds are averaged. Writes the weights of both twins. Needs scikit-learn, which nothing
else here does.

The folders hold the parts `tune` and `more` of `build_corpus` (`--part more --cases 20`); `more` is
too large to be committed. With `--check` nothing is written: the same is fitted five times, each
time without a fifth of the projects, and scored on those. By that table the certainties from which
a place is attached were chosen.
"""

from __future__ import annotations

import argparse
import pickle
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from crdtchat.anchoring import engine
from crdtchat.anchoring.evidence import FEATURES, OLD_PAGE
from crdtchat.anchoring.model import is_ambiguous
from crdtchat.anchoring.page_diff import PageDiff
from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.selectors import describe
from tests.anchoring.corpus import Case, load

ROOT = Path(__file__).parents[2] / "crdtchat"
#: More of these never makes a place less likely, or, for `WORSE`, more likely.
WORSE = {"grown", "rival", "hole", "displacement"}
EITHER = {"quote_size", "rival_kind", "context_size", "alone"}
#: A place on a page of another project counts so much: there nothing at all may attach.
_FOREIGN = 8.0
_RIGHT = 0.65
_SHARE_OF_LINE = 0.1
_TREES = 260
_FOLDS = 5
LITERAL = FEATURES.index("literal")
_NOTHING = [0.0] * len(FEATURES)


@dataclass
class Example:
    """The places looked at for one question: features and overlap with the truth."""

    project: str
    kind: str
    context: int
    previous: bool
    #: Overlap of the place that needed no weighing, None if there was none.
    sure: float | None
    places: list[tuple[list[float], float]]


def overlap(first: tuple[int, int], second: tuple[int, int] | None) -> float:
    """Intersection over union."""
    if second is None:
        return 0.0
    common = min(first[1], second[1]) - max(first[0], second[0])
    union = max(first[1], second[1]) - min(first[0], second[0])
    return max(0, common) / union if union else 1.0


def look(case: Case, kind: str, index: PageIndex, diff: PageDiff | None, context: int) -> Example:
    """Asks the engine and keeps what it saw."""
    selectors = describe(case.old_text, case.start, case.end, context_cp=context)
    sure = engine.find_sure(index, selectors, diff)
    truth = None if kind == "foreign" else case.truth
    places = []
    if sure is None:
        for place in engine.find_candidates(index, selectors, diff):
            found = place.span.start_cp, place.span.end_cp
            places.append((place.features, overlap(found, truth)))
    project = case.project.split("-")[0]
    share = None if sure is None else overlap(sure, truth)
    return Example(project, kind, context, diff is not None, share, places)


def examples(folders: list[Path]) -> Iterator[Example]:
    """All questions of the parts that are learned from."""
    draw = random.Random(5)
    cases = [case for folder in folders for part in ("tune", "more") for case in load(part, folder)]
    homes = {case.new_text: case.project.split("-")[0] for case in cases}
    texts = sorted(homes)
    for (old, new), page in groupby(cases, lambda case: (case.old_text, case.new_text)):
        index, before = PageIndex(new), PageIndex(old)
        diff = PageDiff(before, index)
        foreign = PageIndex(draw.choice([text for text in texts if homes[text] != homes[new]]))
        strange = PageDiff(before, foreign)
        for number, case in enumerate(page):
            for context in (128, 64, 32):
                yield look(case, case.kind, index, None, context)
            yield look(case, case.kind, index, diff, 128)
            yield look(case, "foreign", foreign, None, 128)
            yield look(case, "foreign", foreign, None, 32)
            if number % 10 == 0:
                yield look(case, "foreign", foreign, strange, 128)


@dataclass
class Sheet:
    """Examples as arrays, one row per place; `owner` tells of which example."""

    rows: Any
    right: Any
    weight: Any
    project: Any
    owner: Any


def sheet(seen: list[Example]) -> Sheet:
    """The places of all questions."""
    table = [
        (features, share >= _RIGHT, _FOREIGN if example.kind == "foreign" else 1.0,
         example.project, number)
        for number, example in enumerate(seen)
        for features, share in example.places
    ]  # fmt: skip
    return Sheet(*(np.array(column) for column in zip(*table, strict=True)))


@dataclass
class Fitted:
    """Two models whose log odds are averaged."""

    scaler: StandardScaler
    line: LogisticRegression
    trees: HistGradientBoostingClassifier

    def log_odds(self, rows: Any) -> Any:
        """The averaged log odds."""
        line = self.line.decision_function(self.scaler.transform(rows))
        trees = self.trees.decision_function(rows)
        return _SHARE_OF_LINE * line + (1 - _SHARE_OF_LINE) * trees


def fit(rows: Any, right: Any, weight: Any) -> Fitted:
    """Fits both models."""
    free = EITHER | set(OLD_PAGE)
    signs = [0 if name in free else -1 if name in WORSE else 1 for name in FEATURES]
    scaler = StandardScaler().fit(rows)
    line = LogisticRegression(C=0.3, max_iter=3000).fit(scaler.transform(rows), right)
    forest = HistGradientBoostingClassifier(
        max_iter=_TREES,
        learning_rate=0.08,
        max_depth=3,
        min_samples_leaf=25,
        l2_regularization=3.0,
        max_bins=64,
        monotonic_cst=signs,
        early_stopping=False,
        random_state=0,
    ).fit(rows, right, sample_weight=weight)
    return Fitted(scaler, line, forest)


def check(seen: list[Example]) -> None:
    """Prints what would be attached at several certainties on projects not fitted on."""
    data = sheet(seen)
    odds = np.zeros(len(data.right))
    for here, there in GroupKFold(_FOLDS).split(data.rows, data.right, data.project):
        fitted = fit(data.rows[here], data.right[here], data.weight[here])
        odds[there] = fitted.log_odds(data.rows[there])
    best: dict[int, tuple[float, float, list[float]]] = {}
    places = [place for example in seen for place in example.places]
    for owner, score, (features, share) in zip(data.owner, odds, places, strict=True):
        if owner not in best or score > best[owner][0]:
            best[owner] = float(score), float(share), features
    for name, context, previous in (
        ("128", 128, False),
        ("previous", 128, True),
        ("32", 32, False),
    ):
        for certainty in (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9):
            least = float(np.log(certainty / (1 - certainty)))
            kinds: dict[str, list[bool]] = {}
            wrong = [0, 0]
            for number, example in enumerate(seen):
                if (example.context, example.previous) != (context, previous):
                    continue
                found, part, features = best.get(number, (-99.0, 0.0, _NOTHING))
                attached = found >= least and not is_ambiguous(features)
                if example.sure is not None:
                    attached, part, features = True, example.sure, _NOTHING
                lives = example.kind in ("same", "edited")
                good = bool(attached and part >= 0.8 if lives else not attached)
                if attached and part < 0.5 and example.kind != "foreign":
                    wrong[int(features[LITERAL])] += 1
                kinds.setdefault(example.kind, []).append(good)
            shares = "  ".join(f"{k} {100 * np.mean(v):.2f}" for k, v in sorted(kinds.items()))
            many = sum(len(v) for k, v in kinds.items() if k != "foreign")
            changed, literal = (100 * count / many for count in wrong)
            sys.stdout.write(
                f"{name:9} from {certainty}  {shares}  wrong: changed {changed:.2f} "
                f"literal {literal:.2f}\n"
            )


def export(fitted: Fitted) -> tuple[float, list[float], list[Any]]:
    """Bias, linear weights and trees in the form of the shipped model."""
    share = _SHARE_OF_LINE
    slopes = share * fitted.line.coef_[0] / fitted.scaler.scale_
    bias = share * float(fitted.line.intercept_[0]) - float(slopes @ fitted.scaler.mean_)
    linear = [round(float(slope), 4) for slope in slopes]
    bias += (1 - share) * float(np.ravel(fitted.trees._baseline_prediction)[0])
    trees = []
    for (predictor,) in fitted.trees._predictors:
        nodes = predictor.nodes
        tests, thresholds, leaves = [0] * 7, [0.0] * 7, [0.0] * 8

        def fill(
            slot: int,
            node: int,
            nodes: Any = nodes,
            tests: list[int] = tests,
            thresholds: list[float] = thresholds,
            leaves: list[float] = leaves,
        ) -> None:
            if slot >= 7:
                leaves[slot - 7] = round(float(nodes[node]["value"]) * (1 - share), 3)
                return
            if nodes[node]["is_leaf"]:
                fill(2 * slot + 1, node)
                fill(2 * slot + 2, node)
                return
            tests[slot] = int(nodes[node]["feature_idx"])
            thresholds[slot] = round(float(nodes[node]["num_threshold"]), 4)
            fill(2 * slot + 1, int(nodes[node]["left"]))
            fill(2 * slot + 2, int(nodes[node]["right"]))

        fill(0, 0)
        trees.append((tests, thresholds, leaves))
    return round(bias, 4), linear, trees


def number(value: float) -> str:
    """A short literal that both languages read as the same double."""
    if value == int(value):
        return repr(int(value))
    return repr(value).replace("0.", ".", 1) if abs(value) < 1 else repr(value)


def compact(values: list[Any]) -> str:
    """Numbers in one string, which is the smallest form in both languages."""
    return " ".join(number(value) for value in values)


def write(bias: float, linear: list[float], trees: list[Any]) -> None:
    """Writes the weights of both twins."""
    python = '"""Fitted weights, written by `python -m tests.anchoring.fit`; do not edit."""\n\n'
    python += "# ruff: noqa: E501\n\n"
    python += "from typing import Final\n"
    script = "/** Fitted weights, written by `python -m tests.anchoring.fit`; do not edit. */\n"
    note = "bias; linear weights; trees of 22 numbers"
    lines = [compact([bias]), compact(linear)]
    lines += [compact([*tests, *thresholds, *leaves]) for tests, thresholds, leaves in trees]
    python += f'\n#: {note}.\nWEIGHTS: Final = """\\\n' + "\n".join(lines) + '\n"""\n'
    script += f"\n/** {note} */\nexport const WEIGHTS = `" + "\n".join(lines) + "`;\n"
    (ROOT / "anchoring" / "model_weights.py").write_text(python, encoding="utf-8")
    (ROOT / "widget/src/anchoring/model-weights.ts").write_text(script, encoding="utf-8")


def main() -> None:
    """Reads corpora, or examples kept from an earlier run, and writes weights."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path, nargs="*")
    parser.add_argument("--keep", type=Path, help="where to keep the examples")
    parser.add_argument("--kept", type=Path, help="examples kept earlier, instead of corpora")
    parser.add_argument("--check", action="store_true", help="cross-validate, write nothing")
    options = parser.parse_args()
    if options.kept:
        seen = pickle.loads(options.kept.read_bytes())
    else:
        seen = list(examples(options.corpus))
    if options.keep:
        options.keep.write_bytes(pickle.dumps(seen))
    if options.check:
        check(seen)
        return
    data = sheet(seen)
    write(*export(fit(data.rows, data.right, data.weight)))
    sys.stdout.write(f"{len(seen)} questions, {len(data.right)} places\n")


if __name__ == "__main__":
    main()
