"""Attacks over a real WebSocket on a real server, while two bystanders go on working."""

from __future__ import annotations

import json

import httpx
import pytest

from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, encode_awareness
from crdtchat.sync.codes import CloseCode, RejectCode
from crdtchat.sync.encode import encode_deletion, encode_write
from crdtchat.sync.wire import sized, uint
from crdtchat.testing.hostile import KILLERS, STATE_VECTOR_KILLERS
from tests.raw_client import broadcast_id, raw_client
from tests.security.bystanders import TARGET, bystanders, now
from tests.server_process import ServerProcess


async def metrics(server: ServerProcess) -> dict[str, int]:
    """The server's counters."""
    async with httpx.AsyncClient(verify=False) as http:
        answer = await http.get(f"{server.url}/metrics")
    rows = (line.split() for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: int(float(value)) for name, value in rows}


def hostile_frames() -> dict[str, bytes]:
    """Every known killer in every frame that could carry it, and frames that are none."""
    frames = {}
    for name, raw in KILLERS.items():
        frames[f"operation: {name}"] = message.encode_operation(broadcast_id(9), raw)
        frames[f"sync step 2: {name}"] = message.encode_sync_step2(raw)
        frames[f"sync update: {name}"] = message.encode_sync_update(raw)
    for name, raw in STATE_VECTOR_KILLERS.items():
        frames[f"sync step 1: {name}"] = message.encode_sync_step1(raw)
        frames[f"resync: {name}"] = message.encode_resync(1, 0, raw)
    deep = "[" * 400 + "]" * 400
    frames |= {
        "no frame at all": b"",
        "unknown type": b"\x02",
        "server's type": message.encode_ack(1, 1, ()),
        "endless number": b"\xff" * 10_000,
        "trailing bytes": message.encode_sync_step1(b"\x00") + b"\x00",
        "cut off": message.encode_sync_step1(b"\x00")[:-1],
        "no such sync message": b"\x00\x03\x01\x00",
        "awareness: claims 2^49 states": b"\x01" + sized(b"\xff" * 7 + b"\x00"),
        "awareness: no JSON": b"\x01" + sized(b"\x01\x05\x01\x03{}}"),
        "awareness: no object": b"\x01" + sized(b"\x01\x05\x01\x01" + b"1"),
        "awareness: half a surrogate": b"\x01" + sized(b"\x01\x05\x01" + sized(b'{"a":"\\ud800"}')),
        "awareness: infinity": b"\x01" + sized(b"\x01\x05\x01" + sized(b'{"a":1e999}')),
        "awareness: nested deeply": b"\x01" + sized(b"\x01\x05\x01" + sized(deep.encode())),
        "awareness: too large": b"\x01"
        + sized(b"\x01\x05\x01" + sized(json.dumps({"a": "x" * 3_000}).encode())),
        "presence: too large": message.encode_presence({"typing": "x" * 600}),
        "presence: no object": b"\x45\x011",
        "presence: not UTF-8": b"\x45\x02\xc3\x28",
        "operation: broadcastId cut off": b"\x41\x00\x00",
    }
    return frames


@pytest.mark.parametrize("v1", [True, False], ids=["v1", "stock"])
async def test_hostile_bytes_end_the_session_that_sent_them(
    server: ServerProcess, tokens: dict[str, str], page: str, v1: bool
) -> None:
    """Invariant 5: refused with a code of its own and counted; nobody else notices."""
    async with bystanders(server, tokens, page) as others:
        for name, frame in hostile_frames().items():
            before = await metrics(server)
            async with raw_client(server.socket_url, page, token=tokens["eve"], v1=v1) as eve:
                if v1:
                    await eve.join()
                await eve.send(frame)
                code = await eve.closed()
            assert code in (CloseCode.MALFORMED, CloseCode.FORBIDDEN), name
            after = await metrics(server)
            counted = {
                key: after[key] - before.get(key, 0)
                for key in after
                if "refused" in key or "malformed" in key
            }
            assert sum(counted.values()) == 1, name
        await others.are_undisturbed()
        assert "crdtchat_engine_failures_total" not in await metrics(server)


async def test_huge_frames_are_not_read(
    server: ServerProcess, tokens: dict[str, str], page: str
) -> None:
    async with bystanders(server, tokens, page) as others:
        async with raw_client(server.socket_url, page, token=tokens["eve"]) as eve:
            await eve.send(b"\x41" + bytes(2_000_000))
            assert await eve.closed() == 1009  # RFC 6455: message too big
        async with raw_client(server.socket_url, page, token=tokens["eve"]) as eve:
            await eve.join()
            await eve.operate(broadcast_id(9), bytes(70_000))
            assert await eve.closed() == CloseCode.MALFORMED
        await others.are_undisturbed()


FORGERIES: list[tuple[str, str, object, RejectCode]] = [
    ("c", "anno/c900", ("ann", 0, "signed as Ann"), RejectCode.FORGED_AUTHOR),
    ("a", "evil", ("ann", 0, *TARGET), RejectCode.FORGED_AUTHOR),
    ("d", "anno", ("ann", 0), RejectCode.FORGED_AUTHOR),
    ("d", "anno", ("eve", 0), RejectCode.NOT_AUTHOR),
    ("d", "anno/c001", ("eve", 0), RejectCode.NOT_AUTHOR),
    ("c", "anno/c901", ("eve", 600_000, "from the future"), RejectCode.FUTURE),
    ("u", "eve", ("Ann",), RejectCode.SERVER_ONLY),
    ("x", "anno", "a root of my own", RejectCode.FOREIGN_TYPE),
]


@pytest.mark.parametrize(("root", "key", "value", "code"), FORGERIES)
async def test_forgeries_by_v1(
    server: ServerProcess,
    tokens: dict[str, str],
    page: str,
    root: str,
    key: str,
    value: object,
    code: RejectCode,
) -> None:
    """Invariant 3. Refused with its own code, the session ends; the server is as it was."""
    async with bystanders(server, tokens, page) as others:
        async with raw_client(server.socket_url, page, token=tokens["eve"]) as eve:
            await eve.join()
            dated = (
                tuple(
                    now() + part if type(part) is int and part in (0, 600_000) else part
                    for part in value
                )
                if isinstance(value, tuple) and root in "acd"
                else value
            )
            await eve.operate(broadcast_id(9), eve.encode(root, key, dated))  # type: ignore[arg-type]
            reject = await eve.until(message.Reject)
            assert (reject.broadcast_id, reject.hard) == (broadcast_id(9), True)
            assert reject.code == code
            ending = CloseCode.CLOCK if code is RejectCode.FUTURE else CloseCode.FORBIDDEN
            assert await eve.closed() == ending
        await others.are_undisturbed()
        assert others.bob.replica.get("u", "eve") is None


async def test_edit_and_removal_of_anothers_comment(
    server: ServerProcess, tokens: dict[str, str], page: str
) -> None:
    async with bystanders(server, tokens, page) as others:
        ann = others.ann.client
        attacks = {
            "edit": (("ann", now(), "what I never said"), RejectCode.NOT_AUTHOR),
            "take over": (("eve", now(), "mine"), RejectCode.NOT_AUTHOR),
        }
        for value, code in attacks.values():
            async with raw_client(server.socket_url, page, token=tokens["eve"]) as eve:
                await eve.join()
                update = eve.encode("c", "anno/c001", value, origin=(ann, 1))
                await eve.operate(broadcast_id(9), update)
                assert (await eve.until(message.Reject)).code == code
                assert await eve.closed() == CloseCode.FORBIDDEN
        async with raw_client(server.socket_url, page, token=tokens["eve"]) as eve:
            await eve.join()
            await eve.operate(broadcast_id(9), encode_deletion([(ann, 1)]))
            assert (await eve.until(message.Reject)).code == RejectCode.IMMUTABLE
        await others.are_undisturbed()


async def test_foreign_client_id_and_clock(
    server: ServerProcess, tokens: dict[str, str], page: str
) -> None:
    async with bystanders(server, tokens, page) as others:
        ann = others.ann
        cases = {
            RejectCode.FOREIGN_CLIENT: (ann.client, ann.clock),
            RejectCode.CLOCK_GAP: (0, 7),
        }
        for code, (client, clock) in cases.items():
            async with raw_client(server.socket_url, page, token=tokens["eve"]) as eve:
                await eve.join()
                update = encode_write(
                    client or eve.client,
                    clock,
                    root="c",
                    key="anno/c902",
                    value=("eve", now(), "x"),
                    origin=None,
                )
                await eve.operate(broadcast_id(9), update)
                assert (await eve.until(message.Reject)).code == code
                assert await eve.closed() == CloseCode.FORBIDDEN
        await others.are_undisturbed()


async def test_viewer_may_not_write_but_goes_on_reading(
    server: ServerProcess, tokens: dict[str, str], page: str
) -> None:
    """Soft: the session stays, and after a resync is equal to the server."""
    async with (
        bystanders(server, tokens, page) as others,
        raw_client(server.socket_url, page, token=tokens["vic"]) as vic,
    ):
        await vic.join()
        await vic.operate(broadcast_id(9), vic.encode("c", "anno/c9", ("vic", now(), "x")))
        # "c9" is too short an id; the role is told first only for what is well-formed.
        assert (await vic.until(message.Reject)).code == RejectCode.BAD_KEY
    async with (
        bystanders(server, tokens, page + "2") as others,
        raw_client(server.socket_url, page + "2", token=tokens["vic"]) as vic,
    ):
        await vic.join()
        await vic.operate(broadcast_id(9), vic.encode("c", "anno/c900", ("vic", now(), "x")))
        reject = await vic.until(message.Reject)
        assert (reject.code, reject.hard) == (RejectCode.READ_ONLY, False)
        await vic.join()
        await others.are_undisturbed()
        while vic.replica.get("c", "anno/c101") is None:
            await vic.until(message.Batch)
        assert vic.replica.get("c", "anno/c900") is None


async def test_stock_forgery_is_closed(
    server: ServerProcess, tokens: dict[str, str], page: str
) -> None:
    async with bystanders(server, tokens, page) as others:
        async with raw_client(server.socket_url, page, token=tokens["eve"], v1=False) as eve:
            update = encode_write(
                77_777, 0, root="c", key="anno/c900", value=("ann", now(), "x"), origin=None
            )
            await eve.send(message.encode_sync_update(update))
            assert await eve.closed() == CloseCode.FORBIDDEN
        async with raw_client(server.socket_url, page, token=tokens["vic"], v1=False) as vic:
            update = encode_write(
                77_778, 0, root="c", key="anno/c900", value=("vic", now(), "x"), origin=None
            )
            await vic.send(message.encode_sync_update(update))
            assert await vic.closed() == CloseCode.DIVERGED
        await others.are_undisturbed()


async def test_forged_awareness(server: ServerProcess, tokens: dict[str, str], page: str) -> None:
    """P2: identity is stamped; another's state is not touched by what Eve says of it."""
    async with (
        raw_client(server.socket_url, page, token=tokens["ann"], v1=False) as ann,
        raw_client(server.socket_url, page, token=tokens["eve"], v1=False) as eve,
    ):
        mine = AwarenessState(1_001, 1, {"cursor": 3, "user": {"name": "Ann"}})
        await ann.send(message.encode_awareness_message(encode_awareness([mine])))
        await ann.until(message.Awareness, lambda found: uint(1_001) in found.update)
        theirs = AwarenessState(1_002, 1, {"user": {"id": "ann", "name": "Ann"}})
        forged = AwarenessState(1_001, 99, {"user": {"name": "Eve was here"}})
        gone = AwarenessState(1_001, 100, None)
        await eve.send(message.encode_awareness_message(encode_awareness([theirs, forged, gone])))
        seen = await ann.until(message.Awareness, lambda found: uint(1_002) in found.update)
        assert b'"id":"eve","name":"Eve"' in seen.update
        assert b"Eve was here" not in b"".join(ann.received)
        async with httpx.AsyncClient(verify=False) as http:
            answer = await http.get(
                f"{server.url}/api/v1/demo/presence",
                params={"page": page},
                headers={"Authorization": f"Bearer {tokens['ann']}"},
            )
        assert answer.json() == {"people": 2, "connections": 2}


async def test_a_page_that_no_database_keeps(server: ServerProcess) -> None:
    """It is refused at the door, and nothing of it waits to be written for ever after: who was kept
    out of it by name stood in the way of everybody's audit log."""
    own = server.token("own", "owner")
    for token in (own, server.token("sue", page="case-7/*")):
        async with raw_client(server.socket_url, "a\0b", token=token) as client:
            assert await client.closed() == CloseCode.FORBIDDEN
    async with httpx.AsyncClient(verify=False, headers={"Authorization": f"Bearer {own}"}) as http:
        for page, status in ((None, 200), ("", 200), ("a\0b", 400)):
            query = {} if page is None else {"page": page}
            answer = await http.get(f"{server.url}/api/v1/demo/audit", params=query)
            assert answer.status_code == status, answer.text
        for path in ("%00/reports", "anno/comments/%00/reports"):
            url = f"{server.url}/api/v1/demo/annotations/{path}"
            assert (await http.delete(url, params={"page": "p"})).status_code == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"token": "cct_wrong"}, CloseCode.SIGN_IN),
        ({"token": "not.a.jwt"}, CloseCode.SIGN_IN),
        ({"tenant": "nobody"}, CloseCode.NO_TENANT),
        ({"origin": "https://evil.example"}, CloseCode.FORBIDDEN),
    ],
)
async def test_the_gate(
    server: ServerProcess, page: str, query: dict[str, str], code: CloseCode
) -> None:
    async with raw_client(server.socket_url, page, **query) as stranger:  # type: ignore[arg-type]
        assert await stranger.closed() == code
