"""The y-protocols awareness update, read strictly and written by the server alone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import NamedTuple

from crdtchat.sync.codes import Malformed
from crdtchat.sync.limits import Limits
from crdtchat.sync.wire import expect_end, read_string, read_uint, string, uint

STATE_BYTES = 2_048
"""Largest state of one client, as JSON."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)
"""A string of JSON, or what a text that ends inside of one ends in: no quote is looked at twice."""
_BRACKET = re.compile(r"[\[\]{}]")


class AwarenessState(NamedTuple):
    """One client's entry: `state` is None when it goes."""

    client: int
    clock: int
    state: dict[str, object] | None


def decode_awareness(data: bytes, limits: Limits) -> tuple[AwarenessState, ...]:
    """Decode an awareness update. Raises Malformed unless every state is a JSON object or null."""
    if len(data) > limits.awareness_bytes:
        raise Malformed("awareness too large")
    count, at = read_uint(data, 0)
    states: list[AwarenessState] = []
    for _ in range(count):
        client, at = read_uint(data, at)
        clock, at = read_uint(data, at)
        text, at = read_string(data, at)
        if len(text) > STATE_BYTES:
            raise Malformed("awareness state too large")
        states.append(AwarenessState(client, clock, parse_object(text)))
    expect_end(data, at)
    return tuple(states)


def parse_object(text: str, nesting: int = 64) -> dict[str, object] | None:
    """Parse JSON that must be an object or null; the depth is bounded before parsing."""
    if text.count("[") + text.count("{") > nesting and _depth(text) > nesting:
        raise Malformed("JSON nested too deeply")
    try:
        state = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if "\\u" in text:
            dump(state).encode()  # escapes can spell lone surrogates, which no UTF-8 holds
    except ValueError:
        raise Malformed("not JSON") from None
    if state is not None and not isinstance(state, dict):
        raise Malformed("JSON that is not an object")
    return state


def encode_awareness(states: Iterable[AwarenessState]) -> bytes:
    """Encode an awareness update."""
    entries = [
        uint(entry.client) + uint(entry.clock) + string(dump(entry.state)) for entry in states
    ]
    return uint(len(entries)) + b"".join(entries)


def dump(value: object) -> str:
    """Write JSON as briefly as it goes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _depth(text: str) -> int:
    """How deeply it nests, as far as it is JSON. Brackets in what people wrote nest nothing."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond all bounds")
    return number


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
