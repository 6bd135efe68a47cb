"""crdtchat: discuss text together, live and offline, with every change verified and durable.

Importing this package loads nothing; its public names are loaded when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crdtchat.client.blocking import connect_blocking
    from crdtchat.client.notebook import widget
    from crdtchat.client.page import Page, connect

__all__ = ["Page", "connect", "connect_blocking", "widget"]

_HOMES = {
    "Page": "crdtchat.client.page",
    "connect": "crdtchat.client.page",
    "connect_blocking": "crdtchat.client.blocking",
    "widget": "crdtchat.client.notebook",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
