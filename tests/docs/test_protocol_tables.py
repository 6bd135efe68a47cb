"""The tables of codes and messages in docs/PROTOCOL.md are those of the code."""

from __future__ import annotations

import json
import re

from crdtchat.document.schema import (
    COMMENT_CP,
    CONTEXT_CP,
    EXACT_CP,
    PART_CP,
    REACTION_CP,
    TARGET_KINDS,
    USER_CP,
    VERSION_CP,
)
from crdtchat.server.socket import MAX_FRAME
from crdtchat.sync.codes import CloseCode, RejectCode
from crdtchat.sync.message import MessageType
from crdtchat.sync.presence import Presence
from tests.docs.samples import ROOT

TOO_BIG = 1009
"""Of the WebSocket protocol: `tests/security/test_socket_attacks.py` sees it sent."""
PAGE = (ROOT / "docs" / "PROTOCOL.md").read_text(encoding="utf-8")


def test_close_codes() -> None:
    named = [int(code) for code in re.findall(r"^\| (\d{4}) \|", PAGE, re.MULTILINE)]
    assert sorted(named) == sorted([TOO_BIG, *CloseCode])
    sizes = re.findall(r"^\| 1009 \| a message of more than ([\d,]+) bytes", PAGE, re.MULTILINE)
    assert [int(size.replace(",", "")) for size in sizes] == [MAX_FRAME]


def test_reject_codes_and_which_are_hard() -> None:
    rows = re.findall(r"^\| (`[a-z`, -]+`) \| (yes|no) \|", PAGE, re.MULTILINE)
    named = {
        code: hard == "yes" for cell, hard in rows for code in re.findall(r"`([a-z-]+)`", cell)
    }
    assert named == {code.value: code.hard for code in RejectCode}


def test_messages_of_the_subprotocol() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (?:to|both)", PAGE, re.MULTILINE)
    assert {name: int(number) for number, name in rows} == {
        kind.name.lower(): kind.value for kind in MessageType if kind >= MessageType.WELCOME
    }


def test_bounds_of_what_is_written() -> None:
    section = PAGE[PAGE.index("\n## 3.") : PAGE.index("\n## 4.")]
    for bound in (EXACT_CP, CONTEXT_CP, COMMENT_CP, PART_CP, VERSION_CP, REACTION_CP, USER_CP):
        assert re.search(rf"\b{bound:,}\b", section), bound
    named = re.findall(r"`(\w+)`", section[section.index("`kind` is") :].split("`part` names")[0])
    assert TARGET_KINDS - {""} <= set(named)


def test_what_presence_tells_and_what_it_leaves_out() -> None:
    found = re.search(r'^`({"people": .*})`:$', PAGE, re.MULTILINE)
    assert found is not None
    presence = Presence()
    presence.join(1, "ann", "Ann")
    first = presence.snapshot(1)
    presence.flush()
    presence.leave(1)
    later, _ = presence.flush()
    assert first.keys() | later.keys() == json.loads(found[1]).keys()
    assert first.keys() & later.keys() == {"people", "connections"}
    assert "`me`, one's own number, comes with `full`" in PAGE
    assert first.keys() >= {"me", "full"}
