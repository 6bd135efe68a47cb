"""Builds the benchmark from two releases of freely licensed projects.

    python -m tests.anchoring.build_corpus UNPACKED_DIR OUT_DIR [--part PART] [--cases N] [--longest N]

`UNPACKED_DIR` holds one folder per release, `project-version` in small letters, unpacked from
source archives (see `corpus_sources` and corpus/NOTICE.md). Needs git and numpy, and rapidfuzz.
How the truth is made, `corpus_truth` says.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import lzma
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.anchoring.corpus_picking import cases_of
from tests.anchoring.corpus_reading import pages_of
from tests.anchoring.corpus_sources import SOURCES


def main() -> None:
    """Reads the arguments and writes one compressed file per part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("unpacked", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--cases", type=int, default=12)
    parser.add_argument("--longest", type=int, default=90_000, help="characters of an old page")
    parser.add_argument("--part", default="", choices=["", "tune", "more", "check", "final"])
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for source in SOURCES:
        if options.part not in ("", source.part):
            continue
        cases = 0
        pages = pages_of(options.unpacked, source)
        for page in pages:
            if len(page.old) > options.longest:
                continue
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
