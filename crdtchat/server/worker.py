"""One of several processes that serve one port: `crdtchat.server.workers` starts it.

On its standard input it is told what to do; when that ends, its parent is gone, and it ends too.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import sys
import threading
from io import TextIOWrapper

from crdtchat.brokers.local import LocalBroker
from crdtchat.server.listening import listen_together
from crdtchat.server.logs import set_up_logs
from crdtchat.server.serve import serve_here
from crdtchat.server.work import Task, Worker


def main() -> int:
    """The process. Answers its exit status."""
    assert isinstance(sys.stdout, TextIOWrapper)
    sys.stdout.reconfigure(encoding="utf-8")  # for the parent, whatever people's terminals take
    task: Task = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_watch_parent, daemon=True).start()
    set_up_logs(task.number)
    worker = Worker(
        task.number,
        task.count,
        LocalBroker(socket.socket(fileno=task.news)),
        LocalBroker(socket.socket(fileno=task.figures)),
    )
    sockets = listen_together(task.settings.host, task.settings.port)
    return serve_here(task.settings, sockets, worker)


def _watch_parent() -> None:
    while sys.stdin.buffer.read(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    raise SystemExit(main())
