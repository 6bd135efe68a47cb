"""`python -m crdtchat` is the `crdtchat` command."""

from crdtchat.server.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
