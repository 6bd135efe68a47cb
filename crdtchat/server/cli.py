"""The `crdtchat` command."""

from __future__ import annotations

import argparse
import errno
import os
import re
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NoReturn

from crdtchat.server.cli_access import add_access_commands
from crdtchat.server.cli_webhooks import add_webhook_commands

if TYPE_CHECKING:
    from crdtchat.server.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; answers the exit status. Errors are one sentence with the remedy."""
    if sys.stdout is None:  # whoever started this has closed it
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - until the end
    parser = make_parser()
    given = sys.argv[1:] if arguments is None else arguments
    if not given:
        parser.print_help(sys.stderr)
        return 2
    if isinstance(sys.stdout, TextIOWrapper):
        # What was done is told, though the locale cannot say all the names in it.
        sys.stdout.reconfigure(errors="backslashreplace")
    flags = vars(parser.parse_args(_joined(given)))
    command = flags.pop("command")
    # Here and in what is called: `crdtchat --help` needs neither settings nor what reads them.
    from crdtchat.server.settings import BadSetting

    try:
        for name in _NEVER_EMPTY if command is not _audit else ():
            if flags.get(name) == "":
                raise BadSetting(
                    f"--{name} is empty, as from a variable that is not set: say which"
                )
        status = int(command(flags))
        sys.stdout.flush()
    except BadSetting as error:
        sys.stderr.write(f"crdtchat: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno not in _UNPRINTED:
            raise
        return _unprinted(error)
    return status


_UNPRINTED = (errno.EPIPE, errno.ENOSPC)
"""What is said of standard output. The store, and files that commands write, say it in sentences of
their own."""


_NEVER_EMPTY = ("tenant", "user", "page", "annotation", "audience", "ttl", "output")
"""Flags that name whose, or what, is meant, or bound it: no audience lets in the tokens of others,
and what lasts no time lasted for ever. Nobody's is what erased users left, on all pages.
(Lines of the audit log that are about no page may be asked for.)"""


def _unprinted(error: OSError) -> int:
    """What a command prints could not be written. Answers the exit status."""
    from crdtchat.server.printing import give_output_up

    give_output_up()
    if error.errno == errno.EPIPE:
        return 141  # 128 and the number of SIGPIPE: `crdtchat audit | head` has read enough
    sys.stderr.write(f"crdtchat: what this prints cannot be written: {error.strerror}\n")
    return 1


def _joined(arguments: Sequence[str]) -> list[str]:
    """Let an annotation's id begin with a dash, as one in 64 does: argparse would take it for an
    option."""
    joined: list[str] = []
    for argument in arguments:
        if joined[-1:] == ["--annotation"] and not re.fullmatch("--[a-z-]+", argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


class _Version(argparse.Action):
    """Looks it up when it is asked for, as that takes longer than to make the parser."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> NoReturn:
        from importlib.metadata import version

        sys.stdout.write(f"crdtchat {version('crdtchat')}\n")
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    """All commands and their flags."""
    parser = argparse.ArgumentParser(
        prog="crdtchat",
        description="Discuss text together on any page or notebook.",
        epilog="crdtchat COMMAND --help tells more; crdtchat doctor what is wrong with a setup.",
    )
    parser.add_argument("--version", action=_Version, help="tell the version and end")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve pages' discussions")
    serve.set_defaults(command=_serve)
    _add_settings(serve)
    _add_address(serve)
    serve.add_argument("--broker", help="redis:// URL by which several servers of a store talk")
    serve.add_argument(
        "--workers", type=int, metavar="N", help="processes that serve the port (default 1)"
    )
    serve.add_argument(
        "--drain-seconds",
        type=int,
        metavar="S",
        help="when asked to end, send connections to other servers over so long (default: 5 with "
        "a broker, else 0)",
    )
    add_access_commands(commands, _add_settings)
    add_webhook_commands(commands, _add_settings)
    erase = commands.add_parser("erase", help="take words off the disk for good")
    erase.set_defaults(command=_erase)
    _add_settings(erase)
    erase.add_argument("--tenant", required=True)
    erase.add_argument("--page", help="page id: everything on it")
    erase.add_argument("--annotation", help="with --page: this annotation and its thread")
    erase.add_argument("--user", help="user id: what they wrote, on all pages")
    erase.add_argument("--yes", action="store_true", help="do not ask")
    doctor = commands.add_parser("doctor", help="say what is wrong here, and how to mend it")
    doctor.set_defaults(command=_doctor)
    _add_settings(doctor)
    _add_address(doctor)
    completion = commands.add_parser("completion", help="print what your shell completes with")
    completion.set_defaults(command=_completion)
    completion.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    _add_exchange(commands)
    audit = commands.add_parser("audit", help="print a tenant's audit log as JSON lines")
    audit.set_defaults(command=_audit)
    _add_settings(audit)
    audit.add_argument("--tenant", required=True)
    audit.add_argument("--page", help="only what was done on this page")
    migrate = commands.add_parser(
        "migrate", help="move everything from SQLite to PostgreSQL, or back (server stopped)"
    )
    migrate.set_defaults(command=_migrate)
    migrate.add_argument(
        "--from",
        required=True,
        metavar="URL",
        help="sqlite:///FILE (four slashes for an absolute path) or postgresql://...",
    )
    migrate.add_argument("--to", required=True, metavar="URL", help="the other, empty or not there")
    restored = commands.add_parser(
        "restored", help="after a backup was put in the place of the database: have everybody know"
    )
    restored.set_defaults(command=_restored)
    _add_settings(restored)
    compact = commands.add_parser(
        "compact", help="fold logs into snapshots, and apply the retention"
    )
    compact.set_defaults(command=_compact)
    _add_settings(compact)
    compact.add_argument("--tenant", required=True)
    return parser


def _add_exchange(commands: Any) -> None:
    out = commands.add_parser("export", help="write annotations as W3C JSON-LD")
    out.set_defaults(command=_export)
    _add_settings(out)
    out.add_argument("--tenant", required=True)
    out.add_argument("--page", help="page id (default: all pages)")
    out.add_argument("--user", help="user id: only what this user wrote")
    out.add_argument("--output", metavar="FILE", help="file to write (default: standard output)")
    into = commands.add_parser(
        "import", help="bring annotations in: our own export, W3C, Hypothesis, Recogito"
    )
    into.set_defaults(command=_import)
    _add_settings(into)
    into.add_argument("--tenant", required=True)
    into.add_argument("--page", help="page id that all of it goes to (default: as the file says)")
    into.add_argument("--text", metavar="FILE", help="the page's text: converts offsets exactly")
    into.add_argument(
        "--restore", action="store_true", help="a backup: under its authors' own names"
    )
    into.add_argument("--dry-run", action="store_true", help="write nothing, only report")
    into.add_argument("file", metavar="FILE", help="JSON file, or - for standard input")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", help="TOML file with settings and tenants (default: that of CRDTCHAT_CONFIG)"
    )
    parser.add_argument("--data", help="directory of the embedded database (default crdtchat-data)")
    parser.add_argument("--store", help="store URL instead of the embedded database")


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port (default 8000; 0: any free one)")
    parser.add_argument("--tls-cert", help="certificate chain (PEM): speak TLS without a proxy")
    parser.add_argument("--tls-key", help="its private key (PEM)")
    parser.add_argument(
        "--trusted-proxies", help="addresses of reverse proxies, as 127.0.0.1,10.0.0.0/8"
    )
    parser.add_argument(
        "--allowed-hosts", help="names that the server is asked by, as comments.example.org,*.local"
    )


def _settings(flags: dict[str, Any]) -> Settings:
    from crdtchat.server.settings import read_settings

    return read_settings(flags, os.environ)


def _serve(flags: dict[str, Any]) -> int:
    # Imported here: `crdtchat --help` and the other commands need no server.
    from crdtchat.server.serve import serve

    return serve(_settings(flags))


def _doctor(flags: dict[str, Any]) -> int:
    from crdtchat.server.doctor import doctor

    return doctor(flags)


def _completion(flags: dict[str, Any]) -> int:
    import shtab

    sys.stdout.write(shtab.complete(make_parser(), flags["shell"]))
    return 0


def _erase(flags: dict[str, Any]) -> int:
    from crdtchat.server.erase import erase

    return erase(_settings(flags), flags)


def _audit(flags: dict[str, Any]) -> int:
    from crdtchat.server.audit import print_audit

    return print_audit(_settings(flags), flags)


def _migrate(flags: dict[str, Any]) -> int:
    from crdtchat.server.migrate import migrate

    return migrate(flags)


def _restored(flags: dict[str, Any]) -> int:
    from crdtchat.server.restored import restored

    return restored(_settings(flags))


def _compact(flags: dict[str, Any]) -> int:
    from crdtchat.server.upkeep import compact

    return compact(_settings(flags), flags["tenant"])


def _export(flags: dict[str, Any]) -> int:
    from crdtchat.server.exchange import export_file

    return export_file(_settings(flags), flags)


def _import(flags: dict[str, Any]) -> int:
    from crdtchat.server.exchange import import_file

    return import_file(_settings(flags), flags)
