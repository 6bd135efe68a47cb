"""Selections as people make them, in about equal numbers of each kind and length."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from typing import Any

from tests.anchoring.corpus_page import Page
from tests.anchoring.corpus_truth import judge

SENTENCE_END = re.compile(r"[.!?。！？؟।:]['\")\]]*\s+|\n\s*\n|[。！？]|\n(?=\s*[-*#=])")


def pick_range(page: Page, draw: random.Random, near: int, length: str) -> tuple[int, int] | None:
    """Tokens of a short (5-20 characters), medium (sentence, line) or long selection."""
    tokens = page.old_spans
    if length == "short":
        wanted = draw.randint(5, 20)
        last = near + 1
        while last < len(tokens) and tokens[last - 1][1] - tokens[near][0] < wanted:
            last += 1
        size = tokens[last - 1][1] - tokens[near][0]
        return (near, last) if 5 <= size <= 24 else None
    start = tokens[near][0]
    begins = [0] + [m.end() for m in SENTENCE_END.finditer(page.old)]
    at = max(number for number, begin in enumerate(begins) if begin <= start)
    many = 1 if length == "medium" else draw.randint(2, 4)
    stop = begins[at + many] if at + many < len(begins) else len(page.old)
    first = next((n for n, span in enumerate(tokens) if span[0] >= begins[at]), None)
    if first is None:
        return None
    last = first
    while last < len(tokens) and tokens[last][1] <= stop:
        last += 1
    size = tokens[last - 1][1] - tokens[first][0] if last > first else 0
    if length == "medium":
        return (first, last) if 15 <= size <= 300 else None
    return (first, last) if 60 <= size <= 1500 else None


def worth_noting(page: Page, first: int, last: int) -> bool:
    """Whether people would select it: words, not rules and brackets."""
    tokens = page.old_tokens[first:last]
    start, end = page.old_spans[first][0], page.old_spans[last - 1][1]
    # not from the middle of a rule such as ------
    if page.old[start - 1 : start] == tokens[0] or page.old[end : end + 1] == tokens[-1]:
        return False
    words = sum(len(token) for token in tokens if token[0].isalnum())
    return words >= 3 and words >= 0.6 * sum(map(len, tokens))


def cases_of(page: Page, draw: random.Random, many: int) -> list[dict[str, Any]]:
    """Up to `many` cases of a page, in about equal numbers of each kind and length."""
    size = len(page.old_spans)
    changed = [at for at in range(size) if page.carried[at] < 0]
    edges = [
        at
        for at in range(1, size - 1)
        if page.carried[at] >= 0
        and (
            page.carried[at - 1] != page.carried[at] - 1
            or page.carried[at + 1] != page.carried[at] + 1
        )
    ]
    count: dict[str, int] = defaultdict(int)
    cases: list[dict[str, Any]] = []
    seen: set[tuple[int, int]] = set()
    quota = {"same": many * 5 // 12, "edited": many * 4 // 12, "deleted": many * 4 // 12}
    texts = page.old_tokens
    repeated = (
        [
            at
            for at in range(size - 3)
            if texts[at][0].isalnum()
            and page.old.count(page.old[page.old_spans[at][0] : page.old_spans[at + 2][1]]) > 1
        ]
        if size < 4000
        else []
    )
    for attempt in range(many * 12):
        if len(cases) >= many:
            break
        pools = [changed, edges, list(range(size)), repeated]
        pool = draw.choice([p for p in pools if p])
        near = max(0, min(size - 1, draw.choice(pool) + draw.randint(-3, 1)))
        length = draw.choice(["short", "medium", "long"])
        picked = pick_range(page, draw, near, length)
        if picked is None or picked in seen or not worth_noting(page, *picked):
            continue
        seen.add(picked)
        start, end = page.old_spans[picked[0]][0], page.old_spans[picked[1] - 1][1]
        full = {
            kind
            for kind in quota
            if count[kind] >= quota[kind] or count[kind + length] > quota[kind] // 2
        }
        truth = judge(page, *picked, full)
        if truth is None:
            continue
        kind, new_start, new_end, tags = truth
        if kind in full:
            continue
        if (
            kind == "same"
            and attempt % 10 == 0
            and end - start > 8
            and page.old[start:end] == page.new[new_start:new_end]
        ):
            start, end, new_start, new_end = start + 2, end - 2, new_start + 2, new_end - 2
            tags = [*tags, "inside"]
        count[kind] += 1
        count[kind + length] += 1
        cases.append(
            {
                "kind": kind,
                "length": length,
                "old": [start, end],
                "new": [new_start, new_end] if kind != "deleted" else None,
                "tags": tags,
            }
        )
    return cases
