"""Builds the benchmark from two releases of freely licensed projects.

    python -m tests.anchoring.build_corpus UNPACKED_DIR OUT_DIR [--pages N] [--cases N]

`UNPACKED_DIR` holds one folder per release, `project-version`, unpacked from source archives
(see corpus/NOTICE.md for the list). Needs git and numpy, and rapidfuzz; none of them is used by
the engine's own matching in the same role, so that truth does not come from what it judges.

Truth is made by two methods that must agree, else the case is dropped:
1. git's histogram diff of the whole pages, one token per line;
2. an affine local alignment, unweighted and blind to order, of the passage with 200 characters
   of context on each side against the whole new page.
`deleted` needs besides that nothing similar is left anywhere, or that both neighbours of the
words still stand and now touch, or that every literal twin is the home of other old text.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import json
import lzma
import random
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from tests.anchoring.corpus_sources import SOURCES, Source

TOKEN = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
    r"|[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
    r"|[^\w\s]"
)
SENTENCE_END = re.compile(r"[.!?。！？؟।:]['\")\]]*\s+|\n\s*\n|[。！？]|\n(?=\s*[-*#=])")
CONTEXT = 200


@dataclass
class Page:
    """One document in two releases, with its tokens and the diff's matching."""

    name: str
    project: str
    group: str
    old: str
    new: str

    def __post_init__(self) -> None:
        self.old_spans = [found.span() for found in TOKEN.finditer(self.old)]
        self.new_spans = [found.span() for found in TOKEN.finditer(self.new)]
        self.old_tokens = [self.old[a:b] for a, b in self.old_spans]
        self.new_tokens = [self.new[a:b] for a, b in self.new_spans]
        numbers: dict[str, int] = {}
        self.old_ids = np.array([numbers.setdefault(t, len(numbers)) for t in self.old_tokens])
        self.new_ids = np.array([numbers.setdefault(t, len(numbers)) for t in self.new_tokens])
        self.carried = git_matching(self.old_tokens, self.new_tokens)
        self.taken = {new: old for old, new in enumerate(self.carried) if new >= 0}


def git_matching(old: list[str], new: list[str]) -> list[int]:
    """For each old token the new one that git's histogram diff pairs it with, or -1."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, tokens in (("old", old), ("new", new)):
            path = Path(folder, name)
            path.write_text("\n".join(tokens) + "\n", encoding="utf-8")
            paths.append(str(path))
        done = subprocess.run(
            ["git", "diff", "--no-index", "--histogram", "-U0", "--no-color", *paths],
            capture_output=True,
            check=False,
            text=True,
        )
    pairs = [-1] * len(old)
    old_at = new_at = 0
    for found in re.finditer(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", done.stdout, re.M):
        first, many, _, others = found.groups()
        many_old = 1 if many is None else int(many)
        many_new = 1 if others is None else int(others)
        stop = int(first) - 1 if many_old else int(first)
        while old_at < stop:
            pairs[old_at] = new_at
            old_at, new_at = old_at + 1, new_at + 1
        old_at += many_old
        new_at += many_new
    while old_at < len(old) and new_at < len(new):
        pairs[old_at] = new_at
        old_at, new_at = old_at + 1, new_at + 1
    return pairs


def align_whole_page(page: Page, low: int, high: int) -> tuple[list[int], float]:
    """Pairs of old tokens `low`..`high` by one local alignment against the whole new page."""
    wanted = page.old_ids[low:high]
    columns = page.new_ids
    rows, width = len(wanted), len(columns)
    best = np.zeros((rows + 1, width + 1), dtype=np.int32)
    above = np.full((rows + 1, width + 1), -9999, dtype=np.int32)
    left = np.full((rows + 1, width + 1), -9999, dtype=np.int32)
    slope = np.arange(width + 1, dtype=np.int32)
    for row in range(rows):
        hit = columns == wanted[row]
        gain = 6 if page.old_tokens[low + row][0].isalnum() else 3
        score = np.where(hit, gain, -5)
        above[row + 1] = np.maximum(above[row] - 1, best[row] - 8)
        fresh = np.maximum(best[row, :-1] + score, above[row + 1, 1:])
        fresh = np.maximum(fresh, 0)
        climb = np.maximum.accumulate(fresh + slope[1:])
        left[row + 1, 2:] = climb[:-1] - slope[2:] - 7
        best[row + 1, 1:] = np.maximum(fresh, left[row + 1, 1:])
    pairs = [-1] * rows
    row, column = divmod(int(best.argmax()), width + 1)
    total = float(best[row, column])
    while row > 0 and column > 0 and best[row, column] > 0:
        here = best[row, column]
        hit = columns[column - 1] == wanted[row - 1]
        gain = 6 if page.old_tokens[low + row - 1][0].isalnum() else 3
        if here == best[row - 1, column - 1] + (gain if hit else -5):
            if hit:
                pairs[row - 1] = column - 1
            row, column = row - 1, column - 1
        elif here == above[row, column]:
            while above[row, column] != best[row - 1, column] - 8:
                row -= 1
            row -= 1
        else:
            while left[row, column] != best[row, column - 1] - 8:
                column -= 1
            column -= 1
    return pairs, total


def span_of(pairs: dict[int, int], first: int, last: int) -> tuple[int, int] | None:
    """The new tokens that old tokens `first`..`last`-1 became; replaced edges go with them."""
    kept = [at for at in range(first, last) if pairs.get(at, -1) >= 0]
    if not kept:
        return None
    low, high = pairs[kept[0]], pairs[kept[-1]] + 1
    if high <= low:
        return None
    before = pairs.get(first - 1, -1)
    if kept[0] > first and 0 <= before < low and low - before - 1 <= 2 * (kept[0] - first) + 3:
        low = before + 1
    after = pairs.get(last, -1)
    missing = last - 1 - kept[-1]
    if missing and after >= high and after - high <= 2 * missing + 3:
        high = after
    return low, high


def edges_known(pairs: dict[int, int], first: int, last: int) -> bool:
    """Whether both ends of the selection are certain: the end itself or its neighbour was kept.

    Where both were replaced nobody can say which of the new words belong to the selection.
    """

    def kept(at: int) -> bool:
        return pairs.get(at, -1) >= 0

    return (kept(first) or kept(first - 1)) and (kept(last - 1) or kept(last))


def overlap(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Intersection over union of two ranges."""
    common = min(first[1], second[1]) - max(first[0], second[0])
    union = max(first[1], second[1]) - min(first[0], second[0])
    return max(0, common) / union if union else 1.0


def plain(text: str) -> str:
    """Words with single spaces."""
    return " ".join(text.split())


def is_home(page: Page, start: int, end: int) -> bool:
    """Whether every token of a range of the new page was somewhere on the old one."""
    return all(
        at in page.taken
        for at, span in enumerate(page.new_spans)
        if span[0] < end and span[1] > start
    )


def judge(page: Page, first: int, last: int) -> tuple[str, int, int, list[str]] | None:
    """Kind, new range in code points and tags for old tokens `first`..`last`-1, or None."""
    start, end = page.old_spans[first][0], page.old_spans[last - 1][1]
    quote = page.old[start:end]
    low = first
    while low > 0 and page.old_spans[low - 1][0] >= start - CONTEXT:
        low -= 1
    high = last
    while high < len(page.old_spans) and page.old_spans[high][1] <= end + CONTEXT:
        high += 1
    one = {
        at: page.carried[at] for at in range(max(0, first - 60), min(len(page.carried), last + 60))
    }
    found, _ = align_whole_page(page, low, high)
    two = {low + at: place for at, place in enumerate(found)}
    span_one, span_two = span_of(one, first, last), span_of(two, first, last)
    kept_one = sum(one[at] >= 0 for at in range(first, last)) / (last - first)
    kept_two = sum(two[at] >= 0 for at in range(first, last)) / (last - first)
    twins = page.old.count(quote) > 1 or page.new.count(quote) > 1
    tags = ["twins"] if twins else []

    def cut(span: tuple[int, int]) -> tuple[int, int]:
        return page.new_spans[span[0]][0], page.new_spans[span[1] - 1][1]

    if span_one and span_two and kept_one >= 0.4:
        range_one, range_two = cut(span_one), cut(span_two)
        now = page.new[range_one[0] : range_one[1]]
        if plain(now) == plain(quote):
            if range_one == range_two:
                return "same", *range_one, tags
            return None
        agreed = overlap(range_one, range_two) >= 0.9 and kept_two >= 0.4
        agreed = agreed and edges_known(one, first, last) and edges_known(two, first, last)
        if agreed and Levenshtein.normalized_similarity(plain(quote), plain(now)) >= 0.6:
            return "edited", *range_one, tags
        return None
    if kept_one == 0 and span_two and kept_two == 1:
        range_two = cut(span_two)
        now = page.new[range_two[0] : range_two[1]]
        context = [at for at in two if not first <= at < last]
        kept = sum(two[at] >= 0 for at in context)
        taken = any(at in page.taken for at in range(span_two[0], span_two[1]))
        if plain(now) == plain(quote) and not twins and not taken and kept >= 0.5 * len(context):
            return "same", *range_two, [*tags, "moved"]
        return None
    if kept_one > 0.15 or kept_two > 0.5:
        return None
    left = [one.get(at, -1) for at in range(first - 5, first)]
    right = [one.get(at, -1) for at in range(last, last + 5)]
    if (
        kept_one == 0
        and kept_two == 0
        and min(left + right) >= 0
        and right[-1] - left[0] == 9
        and [two.get(at, -1) for at in range(first - 5, first)] == left
        and [two.get(at, -1) for at in range(last, last + 5)] == right
    ):
        near = fuzz.partial_ratio_alignment(plain(quote), page.new, score_cutoff=75)
        if near is not None and not is_home(page, near.dest_start, near.dest_end):
            return None
        return "deleted", -1, -1, [*tags, "inplace"]
    if fuzz.partial_ratio(plain(quote), plain(page.new)) < 60:
        return "deleted", -1, -1, tags
    context = [at for at in two if not first <= at < last]
    if page.new.count(quote) and context and len(quote) >= 5:
        share = sum(two[at] >= 0 for at in context) / len(context)
        homes = [is_home(page, *hit.span()) for hit in re.finditer(re.escape(quote), page.new)]
        if share < 0.3 and all(homes) and kept_one == 0 and kept_two == 0:
            return "deleted", -1, -1, [*tags, "elsewhere"]
    return None


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
        truth = judge(page, *picked)
        if truth is None:
            continue
        kind, new_start, new_end, tags = truth
        if count[kind] >= quota[kind] or count[kind + length] > quota[kind] // 2:
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


def read_page(path: Path) -> str:
    """The text of a file as a reader sees it; notebooks are their cells' sources."""
    raw = path.read_text(encoding="utf-8", errors="strict")
    if path.suffix == ".ipynb":
        book = json.loads(raw)
        cells = book.get("cells") or [
            c for sheet in book.get("worksheets", []) for c in sheet["cells"]
        ]
        return "\n\n".join("".join(c.get("source", c.get("input", ""))) for c in cells)
    if path.suffix == ".po":
        parts = re.findall(r'^msgstr(?:\[\d\])? ((?:".*"\n)+)', raw, re.M)
        return "\n".join(
            "".join(json.loads(line) for line in part.splitlines()) for part in parts[1:]
        )
    if path.suffix == ".json":
        return "\n".join(list(json.loads(raw).values())[:700])
    if path.suffix == ".html":
        raw = re.sub(r"(?s)<(script|style)\b.*?</\1>|<!--.*?-->", "", raw)
        return html.unescape(re.sub(r"<[^>]+>", "", raw))
    return raw


def pages_of(folder: Path, source: Source) -> list[Page]:
    """Pages that exist in both releases and differ."""
    old_root, new_root = folder / source.old, folder / source.new
    found = []
    for path in sorted(old_root.rglob(source.glob)):
        other = new_root / path.relative_to(old_root)
        if not other.is_file() and path.suffix == ".ipynb":
            # notebooks move between folders; other names are too common to say the same page
            same_name = list(new_root.rglob(path.name))
            other = same_name[0] if len(same_name) == 1 else other
        if not other.is_file() or not path.is_file():
            continue
        try:
            old, new = read_page(path), read_page(other)
        except (UnicodeDecodeError, json.JSONDecodeError, KeyError):
            continue
        if old != new and 1500 <= len(old) <= 90_000 and 1000 <= len(new) <= 120_000:
            name = f"{source.project}/{path.relative_to(old_root)}"
            found.append((name, old, new))
    found.sort(key=lambda item: hashlib.sha256(item[0].encode()).hexdigest())
    pages: list[Page] = []
    for name, old, new in found:
        if len(pages) >= source.pages:
            break
        page = Page(name, source.project, source.group, old, new)
        share = sum(at >= 0 for at in page.carried) / max(1, len(page.carried))
        if 0.2 <= share <= 0.998:
            pages.append(page)
    return pages


def main() -> None:
    """Reads the arguments and writes one compressed file per part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("unpacked", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cases", type=int, default=12)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--part", default="", choices=["", "tune", "held"])
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for source in SOURCES:
        if options.part not in ("", source.part):
            continue
        source = source.scaled(options.scale)
        cases = 0
        pages = pages_of(options.unpacked, source)
        for page in pages:
            seed = int(hashlib.sha256(page.name.encode()).hexdigest()[:8], 16)
            made = cases_of(page, random.Random(seed), options.cases)
            cases += len(made)
            if made:
                files[f"{source.part}-{source.file}"].append(
                    {
                        "page": page.name,
                        "project": page.project,
                        "group": page.group,
                        "old": page.old,
                        "new": page.new,
                        "cases": made,
                    }
                )
        sys.stdout.write(f"{source.project} {source.part} {len(pages)} pages {cases} cases\n")
        sys.stdout.flush()
    for name, pages_out in files.items():
        packed = lzma.compress(json.dumps(pages_out, ensure_ascii=False).encode(), preset=9)
        (options.out / f"{name}.json.xz").write_bytes(packed)
        many = sum(len(page["cases"]) for page in pages_out)
        sys.stdout.write(f"{name}: {len(pages_out)} pages, {many} cases, {len(packed)} bytes\n")


if __name__ == "__main__":
    main()
