"""Events, tables, backoff, and what importing the package costs."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.uri import parse_uri

import crdtchat
from crdtchat.client.address import Address
from crdtchat.client.effects import Draft
from crdtchat.client.errors import (
    ClientError,
    Closed,
    NotSaved,
    QueueFull,
    ReadOnly,
    RequestFailed,
    Stopped,
    UnknownRecord,
)
from crdtchat.client.events import Events, Listeners
from crdtchat.client.news import Happening, PageEvent
from crdtchat.client.table import COLUMNS, rows, to_dataframe
from crdtchat.document.records import StatusRecord, Target, TombstoneRecord
from crdtchat.document.view import Annotation, Comment, Reaction
from crdtchat.sync.backoff import LEAST_S, LONGEST_S, delay, pause
from crdtchat.sync.codes import CloseCode


def event(number: int) -> PageEvent:
    return PageEvent(Happening.NEW, f"anno{number}")


async def test_a_slow_listener_loses_the_oldest_and_is_told() -> None:
    events = Events(lambda: None, limit=3)
    for number in range(5):
        events.push(event(number))
    assert await anext(events) == PageEvent(Happening.MISSED, missed=2)
    assert [await anext(events) for _ in range(3)] == [event(2), event(3), event(4)]
    assert events.next_nowait() is None


async def test_events_say_where_they_happened() -> None:
    """As over HTTP and in the widget, also that some were dropped."""
    listeners = Listeners(Address("http://127.0.0.1", "demo", "page"))
    events = listeners.add(Events(lambda: None, limit=1))
    listeners.push(event(1))
    listeners.push(event(2))
    told = [events.next_nowait() for _ in range(2)]
    assert [(one.kind, one.tenant, one.page) for one in told if one] == [
        (Happening.MISSED, "demo", "page"),
        (Happening.NEW, "demo", "page"),
    ]


@pytest.mark.parametrize(
    ("url", "host", "prefix"),
    [
        ("http://b\xfccher.example", "xn--bcher-kva.example", ""),
        ("http://b\xfccher.example:81/", "xn--bcher-kva.example", ""),
        ("http://127.0.0.1:9/d\xe9j\xe0/", "127.0.0.1", "/d%C3%A9j%C3%A0"),
        ("http://127.0.0.1:9/a%20b:c", "127.0.0.1", "/a%20b:c"),
        ("http://127.0.0.1:9/a b", "127.0.0.1", "/a%20b"),
    ],
)
async def test_a_server_s_address_in_any_script(url: str, host: str, prefix: str) -> None:
    """It led to another page than the browser's, whose id was encoded twice; and with a prefix
    the first question over HTTP ended the page."""
    address = Address(url, "demo", "https://example.org/\xe4")
    page = "https%3A%2F%2Fexample.org%2F%C3%A4"
    uri = parse_uri(address.socket_url(name="\xdc"))
    assert (uri.host, uri.path) == (host, f"{prefix}/sync/demo/{page}")
    assert (uri.query, uri.port) == ("name=%C3%9C", address.port)
    assert address.api_target("versions/x") == f"{prefix}/api/v1/demo/versions/x?page={page}"


@pytest.mark.parametrize("url", ["http://ann:secret@h", "https://ann@h", "http://@h", "http://b@"])
def test_a_server_s_address_says_nothing_of_who_comes(url: str) -> None:
    """A second `Authorization` went to the server beside the token, and none over HTTP."""
    with pytest.raises(ValueError, match="no user and no password: sign in with a token") as caught:
        crdtchat.connect(url, page="p")
    assert "secret" not in str(caught.value)


DRAFT = Draft("deleted", "it is gone", 1, b"id", (("c", "anno/c001", ("ann", 1, "text")),))


@pytest.mark.parametrize(
    "error",
    [
        Closed(),
        Stopped(4401, "sign in"),
        NotSaved([DRAFT], 2),
        ReadOnly("no"),
        UnknownRecord("none"),
        QueueFull("full"),
        RequestFailed(403, "no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_reach_another_process(error: ClientError) -> None:
    """Of a pool: one that cannot be read there breaks it, or has it wait for ever."""
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


async def test_what_waits_is_read_before_the_end() -> None:
    events = Events(Closed)
    events.push(event(1))
    assert [found async for found in events] == [event(1)]


async def test_two_who_share_a_listener_both_go_on() -> None:
    events = Events(lambda: None)
    read: list[PageEvent] = []

    async def take() -> None:
        read.append(await anext(events))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take)
        tasks.start_soon(take)
        await anyio.wait_all_tasks_blocked()
        events.push(event(1))
        events.push(event(2))
    assert read == [event(1), event(2)]


def test_a_listener_that_nobody_holds_is_forgotten() -> None:
    listeners = Listeners(Address("http://127.0.0.1", "demo", "page"))
    kept = listeners.add(Events(lambda: None))
    listeners.add(Events(lambda: None))
    gc.collect()
    assert len(listeners._all) == 1
    listeners.push(event(1))
    told = kept.next_nowait()
    assert told is not None and told.aid == event(1).aid


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_is_bounded_and_spread(attempt: int, chance: float) -> None:
    wait = delay(attempt, chance)
    assert LEAST_S <= wait < LEAST_S + LONGEST_S
    assert delay(attempt, 0) == LEAST_S
    assert delay(attempt + 1, chance) >= wait


def test_a_server_that_was_overrun_is_left_alone_for_a_while() -> None:
    """PROTOCOL 5: 5 seconds or more after 4529; every other end is tried again by the back-off."""
    waits = {code: pause(code) for code in CloseCode}
    assert waits.pop(CloseCode.TOO_FAST) >= 5
    assert set(waits.values()) == {0}
    assert all(4400 <= code <= 4599 or code == CloseCode.RESTART for code in CloseCode)


ANNOTATION = Annotation(
    "anno",
    "ann",
    "Ann",
    1_800_000_000_000,
    Target("words", "before ", " after", 3, 8),
    StatusRecord(True, "bob", 1_800_000_000_009),
    (
        Comment("anno", "c001", "ann", "Ann", 1_800_000_000_000, "first"),
        Comment(
            *("anno", "c002", "", "", 1_800_000_000_001, ""),
            deleted=TombstoneRecord("ann", 1_800_000_000_002),
        ),
        Comment(
            *("anno", "c003", "bob", "Bob", 1_800_000_000_002, "third", 1_800_000_000_003, "c001"),
            reactions=(Reaction("👍", ("ann", "bob")),),
        ),
    ),
)


def test_rows() -> None:
    table = [dict(zip(COLUMNS, row, strict=True)) for row in rows([ANNOTATION])]
    assert [row["text"] for row in table] == ["first", "", "third"]
    assert [row["deleted"] for row in table] == [False, True, False]
    assert table[2]["reactions"] == {"👍": 2}
    assert table[2]["edited"] == 1_800_000_000_003
    assert table[0]["edited"] is None
    assert all(row["resolved"] and row["quote"] == "words" for row in table)


def test_the_data_frame_is_made_of_the_rows() -> None:
    frame = to_dataframe([ANNOTATION])
    assert list(frame) == list(COLUMNS)
    assert frame["created"][0].timestamp() == 1_800_000_000
    assert list(frame[frame["deleted"]]["cid"]) == [ANNOTATION.comments[1].cid]


def test_a_data_frame_without_rows_is_used_as_any() -> None:
    frame = to_dataframe([])
    assert list(frame) == list(COLUMNS)
    assert list(frame[~frame["resolved"]]["author"]) == []
    assert list(frame[~frame["deleted"]]["end_cp"]) == []


def test_without_pandas_there_is_an_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError):
        to_dataframe([])


HEAVY = ("anyio", "asyncio", "pycrdt", "websockets", "starlette", "ssl", "socket")


def test_importing_the_package_loads_no_io() -> None:
    code = f"import sys, crdtchat; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_public_names() -> None:
    assert {"connect", "connect_blocking"} <= set(dir(crdtchat))
    with pytest.raises(AttributeError):
        crdtchat.nothing  # noqa: B018
