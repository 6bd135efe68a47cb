"""The commands that say who may come in: `crdtchat tenant`, `token` and `role`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ROLES = ("viewer", "commenter", "moderator", "owner")
AddSettings = Callable[[argparse.ArgumentParser], None]
Commands = Any
"""What argparse's `add_subparsers` answers; its type has no public name."""


def add_access_commands(commands: Commands, add_settings: AddSettings) -> None:
    """Add them all; `add_settings` adds what every command takes."""

    def group(name: str, words: str) -> Commands:
        return commands.add_parser(name, help=words).add_subparsers(
            required=True, metavar="COMMAND"
        )

    def command(group: Commands, name: str, words: str, run: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = group.add_parser(name, help=words, description=words)
        parser.set_defaults(command=lambda flags: _run(run, flags))
        add_settings(parser)
        return parser

    _add_tenant_commands(group("tenant", "tenants that are kept in the database"), command)
    _add_token_commands(group("token", "API tokens"), command)
    _add_role_commands(group("role", "roles that stand above users' tokens"), command)


Command = Callable[[Commands, str, str, str], argparse.ArgumentParser]


def _add_tenant_commands(tenant: Commands, command: Command) -> None:
    add = command(
        tenant, "add", "add a tenant and print the secret that signs its users in", "add_tenant"
    )
    change = command(
        tenant, "change", "put what is given in place of what was; the rest stays", "change_tenant"
    )
    for parser in (add, change):
        parser.add_argument("name", help="its name, part of every address")
        _add_description(parser)
    command(tenant, "list", "list all tenants", "list_tenants")
    rotate = command(
        tenant,
        "rotate",
        "make a new sign-in secret and print it; the one before stays valid until the next time, "
        "and public keys do",
        "rotate_tenant",
    )
    rotate.add_argument("name")
    rotate.add_argument(
        "--now",
        action="store_true",
        help="let no other secret, public key or key set stay valid: sign everybody out",
    )
    remove = command(
        tenant, "remove", "close a tenant and forget its tokens; its pages stay", "remove_tenant"
    )
    remove.add_argument("name")


def _add_description(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--guests", choices=("none", *_ROLES[:2]), help="role of those who come without a token"
    )
    parser.add_argument(
        "--audience", help="what sign-in tokens must be for (aud), or none for anything"
    )
    parser.add_argument(
        "--retention-days", type=int, metavar="N", help="how long resolved threads stay (0: ever)"
    )
    parser.add_argument(
        "--page-versions",
        choices=("yes", "no"),
        help="whether texts that annotations are made on are kept (default yes)",
    )
    parser.add_argument(
        "--jwks", type=Path, metavar="FILE", help="key set, in place of a secret; none for none"
    )
    for flag, metavar, words in (
        ("--origin", "ORIGIN", "web pages that may embed it, as https://docs.example.org"),
        ("--public-key", "FILE", "PEM file of a key that signs its users in, in place of a secret"),
        ("--limit", "NAME=N", "a bound, as user_operations_per_minute=300"),
        ("--retention-hold", "GLOB", "pages whose threads are kept, however old"),
    ):
        clearing = "" if flag == "--limit" else ", or none for none"
        parser.add_argument(
            flag,
            dest=f"{flag.lstrip('-').replace('-', '_')}s",
            action="append",
            metavar=metavar,
            help=f"{words}; may be repeated{clearing}",
        )


def _add_token_commands(token: Commands, command: Command) -> None:
    create = command(
        token, "create", "make a token and print it; it is shown only once", "create_token"
    )
    create.add_argument("--tenant", required=True)
    create.add_argument("--role", required=True, choices=_ROLES)
    create.add_argument("--user", help="user id it acts as (default: one made up)")
    create.add_argument("--name", help="name shown (default: the user id)")
    create.add_argument("--page", default="*", help="glob over page ids (default: all)")
    create.add_argument("--ttl", help="how long it lasts, as 30d, 12h or 45m (default: for ever)")
    listed = command(token, "list", "list a tenant's tokens, without their secrets", "list_tokens")
    listed.add_argument("--tenant", required=True)
    revoke = command(
        token, "revoke", "end a token, and within a second what is connected by it", "revoke_token"
    )
    revoke.add_argument("id", help="the token's id, as `crdtchat token list` shows it")
    revoke.add_argument("--tenant", required=True)


def _add_role_commands(role: Commands, command: Command) -> None:
    give = command(role, "set", "give a user a role, whatever the user's tokens say", "set_role")
    give.add_argument("role", choices=_ROLES)
    take = command(role, "clear", "let a user's tokens say the role again", "clear_role")
    for parser in (give, take):
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--user", required=True)
    listed = command(role, "list", "list the roles given", "list_roles")
    listed.add_argument("--tenant", required=True)


def _run(name: str, flags: dict[str, Any]) -> int:
    # Imported here: `crdtchat --help` needs no store.
    from crdtchat.server import keyring
    from crdtchat.server.settings import read_settings

    settings = read_settings(flags, os.environ)
    keyring.COMMANDS[name](settings, flags)
    return 0
