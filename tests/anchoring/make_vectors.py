"""Writes the shared vectors: `python -m tests.anchoring.make_vectors`.

Both twins must give these answers. They are the Python twin's; run it only after a wanted change,
and read the difference.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from crdtchat.anchoring.__main__ import answer
from crdtchat.anchoring.characters import is_boundary
from crdtchat.anchoring.selectors import describe
from crdtchat.anchoring.tokens import tokenize
from tests.anchoring.cases import SMALL, TWIN, WORDS

PATH = Path(__file__).parent / "vectors.json"
PIECES = [
    "the ", "word ", "Straße", "ﬁn ", "soft\u00adhyphen", "a\u00a0b", "e\u0301", "É", "漢字", "かな",
    "ไทย", "שלום ", "العربية ", "한국", "\u1112\u1161\u11ab", "👩‍👩‍👧", "👍🏽", "🇵🇱🇯🇵", "\r\n",
    "\n\n", "  ", ". ", "...", "=====", "_x_", "—", "“q”", "\u200f", "\ufeff", "𝒜𝒷", "1.5", "aaaa",
    "x" * 70, "İstanbul ", "ΣΑΣ ", "ｶﾞ", "①", "ǅ", "\U0001e922", "\u0130", "don’t ", "--",
]  # fmt: skip


def line(case_id: str, old: str, start: int, end: int, new: str, **more: Any) -> dict[str, Any]:
    """A question as the commands take it."""
    found = describe(old, start, end, context_cp=more.get("context", 128))
    question = {
        "id": case_id,
        "text": new,
        "exact": found.exact,
        "prefix": found.prefix,
        "suffix": found.suffix,
        "start": start,
        "end": end,
    }
    return question | ({"previous_text": old} if more.get("previous") else {})


def questions() -> list[dict[str, Any]]:
    """Small cases, also as quotes alone, and random texts with random edits."""
    asked = []
    for case in SMALL:
        start = case.old.index(case.quote)
        end = start + len(case.quote)
        for previous in (False, True):
            name = f"{case.name}, {'old page' if previous else 'alone'}"
            asked.append(line(name, case.old, start, end, case.new, previous=previous))
        asked.append(line(f"{case.name}, 32", case.old, start, end, case.new, context=32))
        bare = line(f"{case.name}, bare", case.old, start, end, case.new, context=0)
        asked.append(bare | {"start": 0, "end": len(case.quote)})
    draw = random.Random(20)
    for number in range(150):
        many = draw.choice([3, 20, 120])
        pieces = [draw.choice([*PIECES, *WORDS.split(" ")[:30]]) for _ in range(many)]
        changed = list(pieces)
        for _ in range(draw.randint(1, 1 + many // 8)):
            at = draw.randrange(len(changed) + 1)
            changed[at : at + draw.randint(0, 3)] = draw.sample(PIECES, draw.randint(0, 2))
        if draw.random() < 0.3:
            cut = draw.randrange(len(changed) + 1)
            changed = changed[cut:] + changed[:cut]
        old, new = "".join(pieces), "".join(changed)
        start = draw.randrange(len(old) + 1)
        end = min(len(old), start + draw.choice([0, 3, 20, 90]))
        asked.append(
            line(f"random {number}", old, start, end, new, previous=number % 3 == 0,
                 context=draw.choice([128, 64, 32]))
        )  # fmt: skip
    twins = "Start.\n" + TWIN * 30 + "End."
    for number in range(0, 30, 5):
        at = 7 + number * len(TWIN)
        asked.append(line(f"twin {number}", twins, at, at + 8, TWIN * 3 + twins))
        asked.append(line(f"twin {number} old", twins, at, at + 8, TWIN * 3 + twins, previous=True))
    return asked


def main() -> None:
    """Writes questions, answers, tokens and boundaries."""
    asked = questions()
    draw = random.Random(4)
    texts = ["".join(draw.choice(PIECES) for _ in range(12)) for _ in range(60)] + PIECES
    cut = []
    for text in texts:
        tokens = tokenize(text)
        cut.append(
            {
                "text": text,
                "tokens": [
                    list(item)
                    for item in zip(tokens.starts, tokens.ends, tokens.folds, strict=True)
                ],
                "boundaries": [at for at in range(len(text) + 1) if is_boundary(text, at)],
            }
        )
    vectors = {"questions": asked, "answers": list(answer(asked)), "tokens": cut}
    PATH.write_text(json.dumps(vectors, ensure_ascii=True, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
