"""Golden vectors made by the real yjs, y-protocols and lib0 (`node/generate.mjs`)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from crdtchat.document.replica import Replica
from crdtchat.document.rules import RULES
from crdtchat.document.schema import ROOTS
from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, decode_awareness, encode_awareness
from crdtchat.sync.codes import Malformed, RejectCode
from crdtchat.sync.encode import encode_value, join_updates
from crdtchat.sync.fold import fold
from crdtchat.sync.limits import OPERATION, TRUSTED
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.statevector import decode_state_vector, encode_state_vector
from crdtchat.sync.update import Update, Value, decode_update
from crdtchat.sync.wire import read_string, read_uint, string, uint

VECTORS = Path(__file__).parents[1] / "vectors"


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def named(cases: list[Any]) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in cases]


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def value(plain: Any) -> Value:
    return plain if isinstance(plain, str) else tuple(plain)


def described(update: Update) -> Any:
    """An update in the words of the vectors."""
    return {
        "sections": [
            {
                "client": section.client,
                "items": [
                    {
                        "clock": item.clock,
                        "length": item.length,
                        "origin": list(item.origin) if item.origin else None,
                        "right": None,
                        "root": item.root,
                        "key": item.key,
                        "values": item.values
                        and [list(one) if isinstance(one, tuple) else one for one in item.values],
                    }
                    for item in section.items
                ],
            }
            for section in update.sections
        ],
        "deletes": [[client, [list(span) for span in ranges]] for client, ranges in update.deletes],
    }


def test_the_vectors_are_those_of_the_real_thing(node: Path) -> None:
    subprocess.run(["node", "generate.mjs", "--check"], cwd=node, check=True)


@pytest.mark.parametrize("case", load("lib0.json")["uints"])
def test_uints(case: Any) -> None:
    data = raw(case["hex"])
    assert read_uint(data, 0) == (case["value"], len(data))
    assert uint(case["value"]) == data


@pytest.mark.parametrize("case", load("lib0.json")["ints"])
def test_ints(case: Any) -> None:
    """Integers stand in values only: lib0's varint behind its tag."""
    assert encode_value((case["value"],))[3:] == raw(case["hex"])


@pytest.mark.parametrize("case", load("lib0.json")["strings"])
def test_strings(case: Any) -> None:
    data = raw(case["hex"])
    assert read_string(data, 0) == (case["value"], len(data))
    assert string(case["value"]) == data


@pytest.mark.parametrize("case", load("lib0.json")["values"])
def test_values(case: Any) -> None:
    assert encode_value(value(case["value"])) == raw(case["hex"])


UPDATES = load("updates.json")


@pytest.mark.parametrize("case", named(UPDATES["cases"]))
def test_updates_decode_as_in_yjs(case: Any) -> None:
    update = decode_update(raw(case["update"]), OPERATION)
    assert described(update) == case["decoded"]
    assert join_updates([update]) == raw(case["update"])


def test_the_whole_document_decodes_as_in_yjs() -> None:
    update = decode_update(raw(UPDATES["whole"]["update"]), TRUSTED)
    assert described(update) == UPDATES["whole"]["decoded"]


def test_engine_and_mirror_hold_what_yjs_holds_after_every_update() -> None:
    replica = Replica()
    mirror = Mirror()
    for case in UPDATES["cases"]:
        replica.apply(raw(case["update"]))
        fold(raw(case["update"]), mirror, RULES)
        after = {
            root: {key: value(one) for key, one in case["after"][root].items()} for root in ROOTS
        }
        assert {root: replica.values(root) for root in ROOTS} == after, case["name"]
        keys = {(root, key) for root in ROOTS for key in after[root]}
        assert set(mirror.live_ids()) == keys, case["name"]


def test_joined_updates_are_the_document() -> None:
    cases = [decode_update(raw(case["update"]), OPERATION) for case in UPDATES["cases"]]
    replica = Replica()
    replica.apply(join_updates(cases))
    values = {
        root: {key: value(one) for key, one in UPDATES["whole"]["values"][root].items()}
        for root in ROOTS
    }
    assert {root: replica.values(root) for root in ROOTS} == values


@pytest.mark.parametrize("case", named(load("foreign.json")))
def test_what_the_schema_does_not_have_is_refused(case: Any) -> None:
    with pytest.raises(Malformed) as caught:
        decode_update(raw(case["update"]), OPERATION)
    assert caught.value.code == case["code"]


@pytest.mark.parametrize("case", named(load("state-vectors.json")))
def test_state_vectors(case: Any) -> None:
    vector = dict(case["vector"])
    assert decode_state_vector(raw(case["hex"]), OPERATION) == vector
    assert encode_state_vector(vector) == raw(case["hex"])


MESSAGES = load("messages.json")


def test_sync_messages() -> None:
    step1, step2, update = (
        (raw(MESSAGES[name]["frame"]), raw(MESSAGES[name]["payload"]))
        for name in ("step1", "step2", "update")
    )
    for v1 in (False, True):
        assert message.decode_from_client(step1[0], v1=v1) == message.SyncStep1(step1[1])
        assert message.decode_from_client(step2[0], v1=v1) == message.SyncStep2(step2[1])
        assert message.decode_from_client(update[0], v1=v1) == message.SyncUpdate(update[1])
    assert message.encode_sync_step1(step1[1]) == step1[0]
    assert message.encode_sync_step2(step2[1]) == step2[0]
    assert message.encode_sync_update(update[1]) == update[0]
    query = raw(MESSAGES["query"]["frame"])
    assert message.decode_from_client(query, v1=False) == message.QueryAwareness()


@pytest.mark.parametrize("case", named(MESSAGES["awareness"]))
def test_awareness(case: Any) -> None:
    update, frame = raw(case["update"]), raw(case["frame"])
    states = tuple(AwarenessState(*state) for state in case["states"])
    assert message.decode_from_client(frame, v1=False) == message.Awareness(update)
    assert message.encode_awareness_message(update) == frame
    assert decode_awareness(update, OPERATION) == states
    assert encode_awareness(states) == update


SUBPROTOCOL = load("subprotocol.json")


def decoded(case: Any) -> Any:
    """The message a vector is, decoded as whoever receives it does."""
    frame = raw(case["frame"])
    if case["to"] == "server":
        return message.decode_from_client(frame, v1=True)
    return message.decode_from_server(frame)


def expected(case: Any) -> Any:
    fields = dict(case["fields"])
    for name in ("broadcast_id", "update", "state_vector"):
        if name in fields:
            fields[name] = raw(fields[name])
    if "broadcast_ids" in fields:
        fields["broadcast_ids"] = tuple(map(raw, fields["broadcast_ids"]))
    if "events" in fields:
        fields["events"] = tuple(
            message.Event(
                **{
                    **event,
                    "kind": message.EventKind(event["kind"]),
                    "broadcast_id": raw(event["broadcast_id"]),
                }
            )
            for event in fields["events"]
        )
    kinds = {
        "welcome": message.Welcome,
        "operation": message.Operation,
        "batch": message.Batch,
        "ack": message.Ack,
        "reject": message.Reject,
        "presence": message.Presence,
        "resync": message.Resync,
        "resync request": message.ResyncRequest,
    }
    name = case["name"].partition(",")[0].removesuffix(" without events")
    kind: Any = kinds[name.removesuffix(" up").removesuffix(" down")]
    return kind(**fields)


def encoded(made: Any) -> bytes:
    match made:
        case message.Welcome(info):
            return message.encode_welcome(info)
        case message.Operation():
            return message.encode_operation(*made)
        case message.Batch():
            return message.encode_batch(*made)
        case message.Ack():
            return message.encode_ack(*made)
        case message.Reject():
            code = RejectCode(made.code)
            assert code.hard == made.hard
            return message.encode_reject(made.broadcast_id, made.clock, code, made.reason)
        case message.Presence(info):
            return message.encode_presence(info)
        case message.Resync():
            return message.encode_resync(*made)
        case message.ResyncRequest(epoch):
            return message.encode_resync_request(epoch)
    raise AssertionError(made)


@pytest.mark.parametrize("case", named(SUBPROTOCOL))
def test_frames_of_section_4(case: Any) -> None:
    assert decoded(case) == expected(case)
    assert encoded(expected(case)) == raw(case["frame"])


@pytest.mark.parametrize("case", named(SUBPROTOCOL))
def test_frames_cut_short_or_prolonged_are_malformed(case: Any) -> None:
    frame = raw(case["frame"])
    for end in range(len(frame)):
        with pytest.raises(Malformed):
            decoded({**case, "frame": frame[:end].hex()})
    with pytest.raises(Malformed):
        decoded({**case, "frame": (frame + b"\x00").hex()})
