"""The shared vectors: the TypeScript twin's test reads the same file."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from crdtchat.anchoring.__main__ import answer, main
from crdtchat.anchoring.characters import is_boundary
from crdtchat.anchoring.tokens import tokenize
from tests.anchoring.make_vectors import PATH

VECTORS: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", range(len(VECTORS["questions"])))
def test_answers(number: int) -> None:
    (found,) = answer([VECTORS["questions"][number]])
    wanted = VECTORS["answers"][number]
    assert found["score"] == pytest.approx(wanted["score"], abs=1e-9)
    assert found | {"score": 0} == wanted | {"score": 0}


@pytest.mark.parametrize("cut", VECTORS["tokens"], ids=lambda cut: ascii(cut["text"])[:30])
def test_tokens_and_boundaries(cut: dict[str, Any]) -> None:
    text = cut["text"]
    tokens = tokenize(text)
    rows = [list(row) for row in zip(tokens.starts, tokens.ends, tokens.folds, strict=True)]
    assert rows == cut["tokens"]
    assert [at for at in range(len(text) + 1) if is_boundary(text, at)] == cut["boundaries"]


def test_the_command_reads_and_writes_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [json.dumps(question) for question in VECTORS["questions"][:6]]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(lines) + "\n\n"))
    main()
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [found["id"] for found in written] == [q["id"] for q in VECTORS["questions"][:6]]
    assert [found["state"] for found in written] == [
        found["state"] for found in VECTORS["answers"][:6]
    ]
