"""The command `crdtchat webhook`."""

from __future__ import annotations

import argparse
import os
from typing import Any

from crdtchat.document.events import EVENT_NAMES

Commands = Any
"""What argparse's `add_subparsers` answers; its type has no public name."""


def add_webhook_commands(commands: Commands, add_settings: Any) -> None:
    """Add them all; `add_settings` adds what every command takes."""
    words = "addresses that a tenant's events are sent to"
    group = commands.add_parser("webhook", help=words).add_subparsers(
        required=True, metavar="COMMAND"
    )

    def command(name: str, words: str, run: str, *, of_one: bool = True) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = group.add_parser(name, help=words, description=words)
        parser.set_defaults(command=lambda flags: _run(run, flags))
        add_settings(parser)
        parser.add_argument("--tenant", required=True)
        if of_one:
            parser.add_argument("id", help="the webhook's id, as `crdtchat webhook list` shows it")
        return parser

    add = command(
        "add",
        "add a webhook and print the secret that signs its requests",
        "add_webhook",
        of_one=False,
    )
    change = command("change", "put what is given in place of what was", "change_webhook")
    for parser, required in ((add, True), (change, False)):
        parser.add_argument(
            "--url",
            required=required,
            help="where to send: https://..., or http:// in a network of yours",
        )
        parser.add_argument(
            "--event",
            dest="events",
            action="append",
            choices=tuple(EVENT_NAMES.values()),
            help="what to send (default: all three); may be repeated",
        )
        parser.add_argument("--page", help="glob over page ids (default *)")
    change.add_argument("--active", choices=("yes", "no"), help="whether it is sent anything")
    command("list", "list a tenant's webhooks, and how much waits", "list_webhooks", of_one=False)
    rotate = command(
        "rotate",
        "make a new secret and print it; requests are signed with the one before too",
        "rotate_webhook",
    )
    rotate.add_argument("--now", action="store_true", help="sign with the new secret alone")
    command("test", "send a signed request of the type `test`", "try_webhook")
    command("failed", "list what could not be delivered in three days", "list_failed")
    command("redeliver", "queue that again", "redeliver")
    command("remove", "forget a webhook and what waits for it", "remove_webhook")


def _run(name: str, flags: dict[str, Any]) -> int:
    # Imported here: `crdtchat --help` needs no store.
    from crdtchat.server import webhook_keeping
    from crdtchat.server.settings import read_settings

    settings = read_settings(flags, os.environ)
    getattr(webhook_keeping, name)(settings, flags)
    return 0
