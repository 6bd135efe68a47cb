"""Fits the models' weights on the tuning part: `python -m tests.anchoring.fit CORPUS_DIR`.

Every place that the engine looks at in a case is one example: right if it overlaps the truth by
0.8. The cases are also asked of pages of other projects. A logistic regression and monotone
boosted trees of depth 3 are fitted apart and their log odds are averaged. Writes the weights of
both twins. Needs scikit-learn, which nothing else here does.

The shipped weights come from a larger draw of the tuning part's sources than is committed
(`build_corpus --part tune --scale 2 --cases 30`). The certainties from which a place is attached
were chosen by cross-validation over projects, before the held part was scored.
"""

from __future__ import annotations

import argparse
import pickle
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from crdtchat.anchoring import engine
from crdtchat.anchoring.evidence import FEATURES
from crdtchat.anchoring.page_diff import PageDiff
from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.selectors import describe
from tests.anchoring.corpus import Case, load

ROOT = Path(__file__).parents[2] / "crdtchat"
#: More of these never makes a place less likely, or, for `WORSE`, more likely.
WORSE = {"grown", "rival", "hole", "foreign", "lost", "displacement"}
EITHER = {"quote_size", "rival_kind", "context_size"}
#: A place on a page of another project counts so much: there nothing at all may attach.
_FOREIGN = 3.0
OLD_PAGE = {"carried", "carried_near", "foreign", "lost", "split"}


@dataclass
class Example:
    """The places looked at for one question: features and overlap with the truth."""

    case: int
    project: str
    kind: str
    length: str
    context: int
    previous: bool
    sure: bool
    places: list[tuple[list[float], float]]


def overlap(first: tuple[int, int], second: tuple[int, int] | None) -> float:
    """Intersection over union."""
    if second is None:
        return 0.0
    common = min(first[1], second[1]) - max(first[0], second[0])
    union = max(first[1], second[1]) - min(first[0], second[0])
    return max(0, common) / union if union else 1.0


def look(
    number: int, case: Case, kind: str, index: PageIndex, diff: PageDiff | None, context: int
) -> Example:
    """Asks the engine and keeps what it saw."""
    selectors = describe(case.old_text, case.start, case.end, context_cp=context)
    sure = engine.find_sure(index, selectors, diff) is not None
    truth = None if kind == "foreign" else case.truth
    places = [
        (place.features, overlap((place.span.start_cp, place.span.end_cp), truth))
        for place in engine.find_candidates(index, selectors, diff)
    ]
    project = case.project if case.project.startswith("fastapi") else case.project.split("-")[0]
    return Example(number, project, kind, case.length, context, diff is not None, sure, places)


def examples(folder: Path, part: str) -> Iterator[Example]:
    """All questions of a part."""
    draw = random.Random(5)
    cases = list(load(part, folder))
    homes = {case.new_text: case.project.split("-")[0] for case in cases}
    texts = sorted(homes)
    index = PageIndex("")
    diff = PageDiff(index, index)
    foreign = index
    for number, case in enumerate(cases):
        if case.new_text != index.text:
            index = PageIndex(case.new_text)
            diff = PageDiff(PageIndex(case.old_text), index)
            home = case.project.split("-")[0]
            foreign = PageIndex(draw.choice([text for text in texts if homes[text] != home]))
        for context in (128, 64, 32):
            yield look(number, case, case.kind, index, None, context)
        yield look(number, case, case.kind, index, diff, 128)
        yield look(number, case, "foreign", foreign, None, 128)
        yield look(number, case, "foreign", foreign, None, 32)


@dataclass
class Sheet:
    """Examples as arrays, one row per place."""

    rows: Any
    right: Any
    weight: Any
    project: Any
    origin: list[tuple[int, int]]


def sheet(seen: list[Example], contexts: tuple[int, ...], previous: bool) -> Sheet:
    """The places of the questions with such contexts."""
    rows, right, weight, project, origin = [], [], [], [], []
    for number, example in enumerate(seen):
        if example.sure or example.previous != previous or example.context not in contexts:
            continue
        for place, (features, share) in enumerate(example.places):
            rows.append(features)
            right.append(share >= 0.65)
            weight.append(_FOREIGN if example.kind == "foreign" else 1.0)
            project.append(example.project)
            origin.append((number, place))
    return Sheet(np.array(rows), np.array(right), np.array(weight), np.array(project), origin)


@dataclass
class Fitted:
    """Two models whose log odds are averaged."""

    columns: list[int]
    scaler: StandardScaler
    line: LogisticRegression
    trees: HistGradientBoostingClassifier
    share: float

    def log_odds(self, rows: Any) -> Any:
        """The averaged log odds."""
        chosen = rows[:, self.columns]
        line = self.line.decision_function(self.scaler.transform(chosen))
        return self.share * line + (1 - self.share) * self.trees.decision_function(chosen)


def fit(data: Sheet, previous: bool, share: float, trees: int) -> Fitted:
    """Fits both models."""
    columns = [n for n, name in enumerate(FEATURES) if previous or name not in OLD_PAGE]
    sign = [0 if FEATURES[n] in EITHER else -1 if FEATURES[n] in WORSE else 1 for n in columns]
    rows = data.rows[:, columns]
    scaler = StandardScaler().fit(rows)
    line = LogisticRegression(C=0.3, max_iter=3000).fit(scaler.transform(rows), data.right)
    forest = HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.08,
        max_depth=3,
        min_samples_leaf=25,
        l2_regularization=3.0,
        max_bins=64,
        monotonic_cst=sign,
        early_stopping=False,
        random_state=0,
    ).fit(rows, data.right, sample_weight=data.weight)
    return Fitted(columns, scaler, line, forest, share)


def export(fitted: Fitted) -> tuple[float, list[float], list[Any]]:
    """Bias, linear weights and trees in the form of the shipped model."""
    share = fitted.share
    slopes = share * fitted.line.coef_[0] / fitted.scaler.scale_
    bias = share * float(fitted.line.intercept_[0]) - float(slopes @ fitted.scaler.mean_)
    linear = [0.0] * len(FEATURES)
    for column, slope in zip(fitted.columns, slopes, strict=True):
        linear[column] = round(float(slope), 5)
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
                leaves[slot - 7] = round(float(nodes[node]["value"]) * (1 - share), 4)
                return
            if nodes[node]["is_leaf"]:
                fill(2 * slot + 1, node)
                fill(2 * slot + 2, node)
                return
            tests[slot] = fitted.columns[int(nodes[node]["feature_idx"])]
            thresholds[slot] = round(float(nodes[node]["num_threshold"]), 5)
            fill(2 * slot + 1, int(nodes[node]["left"]))
            fill(2 * slot + 2, int(nodes[node]["right"]))

        fill(0, 0)
        trees.append((tests, thresholds, leaves))
    return round(bias, 4), linear, trees


def number(value: float) -> str:
    """A short literal that both languages read as the same double."""
    return repr(int(value)) if value == int(value) else repr(value)


def compact(values: list[Any]) -> str:
    """Numbers in one string, which is the smallest form in both languages."""
    return " ".join(number(value) for value in values)


def write(models: dict[str, tuple[float, list[float], list[Any], float, float]]) -> None:
    """Writes the weights of both twins."""
    python = '"""Fitted weights, written by `python -m tests.anchoring.fit`; do not edit."""\n\n'
    python += "# ruff: noqa: E501\n\n"
    python += "from typing import Final\n"
    script = "/** Fitted weights, written by `python -m tests.anchoring.fit`; do not edit. */\n"
    note = "bias, certainties to attach and to suggest; linear weights; trees of 22 numbers"
    for name, (bias, linear, trees, attach, suggest) in models.items():
        lines = [compact([bias, attach, suggest]), compact(linear)]
        lines += [compact([*tests, *thresholds, *leaves]) for tests, thresholds, leaves in trees]
        python += f'\n#: {note}.\n{name}: Final = """\\\n' + "\n".join(lines) + '\n"""\n'
        script += f"\n/** {note} */\nexport const {name} = `" + "\n".join(lines) + "`;\n"
    (ROOT / "anchoring" / "model_weights.py").write_text(python, encoding="utf-8")
    (ROOT / "widget/src/anchoring/model-weights.ts").write_text(script, encoding="utf-8")


#: Contexts learned from, with the old page?, share of the line, trees, attach from, suggest from.
PLANS: dict[str, tuple[tuple[int, ...], bool, float, int, float, float]] = {
    "PLAIN": ((128, 64, 32), False, 0.15, 100, 0.55, 0.2),
    "SHORT": ((32,), False, 0.15, 120, 0.76, 0.25),
    "PREVIOUS": ((128,), True, 0.4, 70, 0.6, 0.2),
}


def main() -> None:
    """Reads the corpus, or examples kept from an earlier run, and writes weights."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--keep", type=Path, help="where to keep the examples")
    parser.add_argument("--kept", type=Path, help="examples kept earlier, instead of the corpus")
    options = parser.parse_args()
    if options.kept:
        seen = pickle.loads(options.kept.read_bytes())
    else:
        seen = list(examples(options.corpus, "tune"))
    if options.keep:
        options.keep.write_bytes(pickle.dumps(seen))
    models = {}
    for name, (contexts, previous, share, trees, attach, suggest) in PLANS.items():
        data = sheet(seen, contexts, previous)
        models[name] = (*export(fit(data, previous, share, trees)), attach, suggest)
        sys.stdout.write(f"{name}: {len(data.right)} places\n")
    write(models)


if __name__ == "__main__":
    main()
