"""The people in the pictures, and what they say."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import crdtchat
from crdtchat.client import page as client_page
from crdtchat.client.blocking import BlockingPage
from crdtchat.client.line import now_ms
from tests.browser.conftest import WIDGET
from tests.server_process import ServerProcess

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

WORDS = {
    "price": "The usual price of writing offline is trust",
    "train": "That is why the train tunnel does not matter",
    "place": "the third paragraph, the hundred and twentieth character",
    "calm": "Live software tends to twitch",
    "wrong": "What it never does is point at the wrong words",
    "lines": "The server is one command",
}
REWORDED = (
    "Marks are painted by the browser itself, above the text",
    "Marks are drawn by the browser's own highlight layer, over the text",
)
GONE = "Every comment has a number, and every number has a page"


@contextmanager
def written(age: int) -> Iterator[None]:
    """What is written meanwhile is `age` milliseconds old."""
    client_page.now_ms = lambda: now_ms() - age  # type: ignore[attr-defined]
    try:
        yield
    finally:
        client_page.now_ms = now_ms  # type: ignore[attr-defined]


def text_of_the_demo() -> str:
    """The article as the widget reads it, closely enough for a quote's surroundings."""
    source = (WIDGET / "demo" / "index.html").read_text()
    article = source[source.index("<article") : source.index("</article>")]
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", article)).split())


class Company:
    """The people who have been on the page before, and are on it still."""

    def __init__(self, server: ServerProcess, page: str, stack: ExitStack) -> None:
        self._server, self._page, self._stack = server, page, stack
        self.maya = self._come("Maya Okafor")
        self.piotr = self._come("Piotr Zieliński")
        self.lena = self._come("Lena Fischer")
        self.price = ""
        self._text = text_of_the_demo()

    def _come(self, name: str) -> BlockingPage:
        page = crdtchat.connect_blocking(self._server.url, page=self._page, name=name)
        return self._stack.enter_context(page)

    def _annotate(self, page: BlockingPage, words: str, text: str, now: str = "") -> str:
        """`now`: what stands in the page in place of these words."""
        start = self._text.find(now or words)
        if start < 0:
            return page.annotate(words, text, prefix="as we said before. ", suffix=". But then")
        end = start + len(now or words)
        around = {
            "prefix": self._text[max(0, start - 128) : start],
            "suffix": self._text[end : end + 128],
        }
        return page.annotate(words, text, start=start, **around)

    def talk(self) -> None:
        """A discussion of some days."""
        maya, piotr, lena = self.maya, self.piotr, self.lena
        with written(3 * DAY):
            resolved = self._annotate(lena, WORDS["lines"], "One command, and which port?")
            piotr.wait_for(lambda page: page.annotation(resolved) is not None)
        with written(3 * DAY - HOUR):
            piotr.reply(resolved, "8000, unless you say `--port`.")
            piotr.resolve(resolved)
        with written(2 * DAY):
            place = self._annotate(
                piotr,
                WORDS["place"],
                "Could we say *character offset* here? That is what people search for.",
            )
            self._annotate(lena, GONE, "Is this still true of version 2?")
        with written(26 * HOUR):
            self.price = self._annotate(
                maya,
                WORDS["price"],
                "This is the sentence I would put at the top. It says in one line why the server "
                "checks **every** change and not only who is connected.",
            )
            lena.wait_for(lambda page: page.annotation(self.price) is not None)
        opening = lena.annotation(self.price)
        assert opening is not None and maya.me is not None
        with written(5 * HOUR):
            lena.reply(
                self.price,
                f"Agreed, [@Maya Okafor](mention:{maya.me.id}). Shall I move it?\n\n"
                "- up into the lead\n- or into a heading of its own",
            )
            lena.react(self.price, opening.comments[0].cid, "👍")
            piotr.wait_for(lambda page: page.annotation(self.price) is not None)
            piotr.react(self.price, opening.comments[0].cid, "👍")
            piotr.react(self.price, opening.comments[0].cid, "🎉")
            self._annotate(lena, WORDS["calm"], "“Twitch” is the right word. Keep it.")
        with written(40 * MINUTE):
            self._annotate(
                piotr,
                WORDS["train"],
                "I tried it: two hours on a train, and all of it was there at home.",
            )
            maya.wait_for(lambda page: page.annotation(place) is not None)
            maya.reply(place, "Yes, and link it to the W3C term.")
        for page in (maya, piotr, lena):
            page.wait_saved()

    def edited(self) -> None:
        """Discussions from before the page was edited."""
        with written(DAY):
            self._annotate(self.lena, REWORDED[0], "Is that so in every browser?", now=REWORDED[1])
            self.piotr.annotate("the page", "Which one do you mean here?")
        for page in (self.lena, self.piotr):
            page.wait_saved()

    def moderate(self) -> None:
        """A moderator hides a reply and locks the discussion."""
        token = self._server.token("mod", "moderator")
        with crdtchat.connect_blocking(self._server.url, page=self._page, token=token) as mod:
            thread = mod.annotation(self.price)
            assert thread is not None
            mod.hide(self.price, thread.comments[1].cid)
            mod.lock(self.price)
            mod.wait_saved()
