"""Two programs annotate a text through a server that is killed with -9 while they write.

    python notebooks/offline_and_killed.py [FILE]

FILE is a text with four lines of more than 30 characters; without it, it is the README.
Nothing to set up: it starts a server of its own, on a free port, with its data in a temporary
folder. Both go on writing while there is no server; when it is back they end equal.
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
from local_server import LocalServer

import crdtchat
from crdtchat.anchoring import describe

README = Path(__file__).parents[1] / "README.md"


async def main(text: str) -> None:
    """Write, kill, write on, start again, compare."""
    lines = [line.strip() for line in text.splitlines() if len(line.strip()) > 30]
    if len(lines) < 4:
        sys.exit("what they annotate are four lines of more than 30 characters: name another file")

    async def annotate(page: crdtchat.Page, words: str, comment: str) -> str:
        start = text.index(words)
        found = describe(text, start, start + len(words))
        return await page.annotate(
            words, comment, prefix=found.prefix, suffix=found.suffix, start=start
        )

    server = LocalServer()
    async with (
        crdtchat.connect(server.url, page="the text", name="Ann") as ann,
        crdtchat.connect(server.url, page="the text", name="Bob") as bob,
    ):
        thread = await annotate(ann, lines[0], "Ann opens a thread.")
        await bob.wait_for(lambda page: page.annotation(thread) is not None)
        await bob.reply(thread, "Bob replies.")
        await bob.wait_saved()
        print(f"both live: {len(bob.annotations)} annotation, saved")

        server.kill()
        print("server killed with -9")
        for number, line in enumerate(lines[1:4]):
            await annotate(ann, line, f"Ann, without a server: {number}")
            await bob.reply(thread, f"Bob, without a server: {number}")
        print(f"written meanwhile, unsaved: Ann {ann.unsaved}, Bob {bob.unsaved}")

        server.start()
        await ann.wait_saved()
        await bob.wait_saved()
        await ann.wait_for(lambda page: len(page.annotations[0].comments) == 5)
        await bob.wait_for(lambda page: len(page.annotations) == 4)
        print(f"server back: Ann and Bob agree: {ann.annotations == bob.annotations}")
        for annotation in ann.annotations:
            print(f"  “{annotation.quote[:48]}…”")
            for comment in annotation.comments:
                print(f"      {comment.author_name}: {comment.text}")
    server.stop()


if __name__ == "__main__":
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else README
    anyio.run(main, source.read_text(encoding="utf-8"))
