"""The store's threads."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from functools import partial

import pytest

from crdtchat.stores.crew import Crew


def test_one_thread_runs_everything_in_order() -> None:
    crew = Crew("one", 1)
    ran: list[tuple[int, str]] = []

    def run(number: int) -> None:
        ran.append((number, threading.current_thread().name))

    for number in range(100):
        crew.put(partial(run, number))
    crew.close()
    assert ran == [(number, "one-0") for number in range(100)]


def test_what_was_put_is_run_before_the_threads_end_and_closing_twice_is_harmless() -> None:
    crew = Crew("two", 2)
    begun, go = threading.Event(), threading.Event()
    ran: list[int] = []

    def wait() -> None:
        begun.set()
        go.wait()

    crew.put(wait)
    begun.wait()
    for number in range(10):
        crew.put(partial(ran.append, number))
    go.set()
    crew.close()
    crew.close()
    assert sorted(ran) == list(range(10))
    assert not [one for one in threading.enumerate() if one.name.startswith("two")]


def test_a_future_gets_what_is_returned_or_raised() -> None:
    crew = Crew("three", 1)
    assert crew.submit(lambda: 7).result() == 7
    with pytest.raises(ZeroDivisionError):
        crew.submit(lambda: 1 // 0).result()
    assert crew.submit(lambda: 8).result() == 8, "the thread lives on"
    crew.close()


def test_what_was_cancelled_before_it_began_is_not_run() -> None:
    crew = Crew("four", 1)
    begun, go = threading.Event(), threading.Event()
    ran: list[str] = []

    def wait() -> None:
        begun.set()
        go.wait()

    crew.put(wait)
    begun.wait()
    cancelled = crew.submit(lambda: ran.append("cancelled"))
    after = crew.submit(lambda: ran.append("after"))
    assert cancelled.cancel()
    go.set()
    after.result()
    with pytest.raises(CancelledError):
        cancelled.result()
    assert ran == ["after"]
    crew.close()
