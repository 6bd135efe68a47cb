"""Several Redis servers that know each other: a cluster, and a leader with Sentinel."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis

from tests.redis_server import RedisServer, running_redis

_DEADLINE_S = 60.0
_SLOTS = 16_384


def _wait(condition: Callable[[], object]) -> None:
    """Until the servers have found each other."""
    deadline = time.monotonic() + _DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("the Redis servers do not find each other")
        time.sleep(0.05)


@contextmanager
def running_cluster() -> Iterator[tuple[RedisServer, RedisServer]]:
    """Two masters, each with half of the slots, for the length of a block."""
    buses = [_free_port(), _free_port()]
    options = [("--cluster-enabled", "yes", "--cluster-port", str(bus)) for bus in buses]
    half = _SLOTS // 2
    with (
        running_redis(*options[0]) as one,
        running_redis(*options[1]) as two,
        redis.Redis(port=one.port) as first,
        redis.Redis(port=two.port) as second,
    ):
        first.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, half - 1)
        second.execute_command("CLUSTER", "ADDSLOTSRANGE", half, _SLOTS - 1)
        first.execute_command("CLUSTER", "MEET", "127.0.0.1", two.port, buses[1])
        _wait(lambda: _is_whole(first) and _is_whole(second))
        yield one, two


def _is_whole(node: redis.Redis) -> bool:
    return bool(node.cluster("INFO")["cluster_state"] == "ok")


@dataclass(frozen=True, slots=True)
class Watched:
    """A leader that is followed, and the Sentinel that puts the follower in its place."""

    leader: RedisServer
    follower: RedisServer
    sentinel: RedisServer

    def leading(self) -> int:
        """Port of whom Sentinel names."""
        with redis.Redis(port=self.sentinel.port) as client:
            return int(client.sentinel_master("main")["port"])


@contextmanager
def running_sentinel() -> Iterator[Watched]:
    """They are called `main`. For the length of a block."""
    with (
        running_redis() as leader,
        running_redis("--replicaof", f"127.0.0.1 {leader.port}") as follower,
        running_redis("--sentinel", config=_watch(leader.port)) as sentinel,
        redis.Redis(port=sentinel.port) as client,
    ):
        _wait(
            lambda: [one["master-link-status"] for one in client.sentinel_slaves("main")] == ["ok"]
        )
        yield Watched(leader, follower, sentinel)


def _watch(port: int) -> str:
    return (
        f"sentinel monitor main 127.0.0.1 {port} 1\n"
        "sentinel down-after-milliseconds main 500\n"
        "sentinel failover-timeout main 5000\n"
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port
