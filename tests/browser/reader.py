"""Somebody in front of the page, in the words of what they do."""

from __future__ import annotations

import re

from playwright.sync_api import ConsoleMessage, Error, Locator, Page, expect

SELECT = """
([words, root]) => {
  const text = document.createTreeWalker(document.querySelector(root), NodeFilter.SHOW_TEXT);
  for (let node = text.nextNode(); node; node = text.nextNode()) {
    const at = node.data.indexOf(words);
    if (at < 0) continue;
    node.parentElement.scrollIntoView({block: "center"});
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + words.length);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return;
  }
  throw new Error(`not on the page: ${words}`);
}
"""

# The words that are painted in a style, in the order of the text.
PAINTED = """
(style) => [...CSS.highlights].filter(([name]) => name.startsWith("crdtchat-") && name.endsWith("-" + style))
  .flatMap(([, ranges]) => [...ranges])
  .sort((a, b) => a.compareBoundaryPoints(Range.START_TO_START, b))
  .map((range) => range.toString().replace(/\\s+/g, " "))
"""

MIDDLE = """
(words) => {
  for (const [name, ranges] of CSS.highlights)
    if (name.startsWith("crdtchat-"))
      for (const range of ranges)
        if (range.toString().replace(/\\s+/g, " ") === words) {
          range.startContainer.parentElement.scrollIntoView({block: "center"});
          const box = range.getClientRects()[0];
          return [box.x + box.width / 2, box.y + box.height / 2];
        }
  return null;
}
"""


class Reader:
    """One window."""

    def __init__(self, page: Page, url: str, name: str = "") -> None:
        self.page = page
        self.expected: list[str] = []
        self._complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        page.goto(url)

    def complaints(self) -> list[str]:
        """What the page complained of and no test expected."""
        return [
            text
            for text in self._complaints
            if not any(re.search(pattern, text) for pattern in self.expected)
        ]

    # What is seen

    @property
    def card(self) -> Locator:
        return self.page.locator(".card")

    @property
    def panel(self) -> Locator:
        return self.page.locator(".panel")

    @property
    def rows(self) -> Locator:
        return self.page.locator(".row")

    @property
    def comments(self) -> Locator:
        return self.page.locator(".comment")

    def comment(self, text: str) -> Locator:
        return self.comments.filter(has_text=text)

    @property
    def bar(self) -> Locator:
        return self.page.locator(".bar")

    def painted(self, style: str = "open") -> list[str]:
        found: list[str] = self.page.evaluate(PAINTED, style)
        return found

    def expect_painted(self, *words: str, style: str = "open") -> None:
        """These words are marked, in this order, and no others."""
        self.page.wait_for_function(
            f"([style, words]) => JSON.stringify(({PAINTED})(style)) === JSON.stringify(words)",
            arg=[style, list(words)],
        )

    def expect_state(self, words: str) -> None:
        """The one quiet word of the bar or the panel."""
        expect(self.page.locator(".link").first).to_contain_text(words)

    def expect_live(self) -> None:
        """Connected, and everything written is on the server's disk."""
        expect(self.page.locator('.link[data-link="live"][data-unsent="0"]').first).to_be_visible()

    def expect_people(self, number: int) -> None:
        expect(self.page.locator(f'[data-people="{number}"]')).to_have_count(1)

    def news(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = self.page.evaluate("news")
        return found

    # What is done

    def front(self) -> None:
        """A window behind another one draws nothing, and what is not drawn cannot be clicked."""
        self.page.bring_to_front()

    def select(self, words: str, root: str = "article") -> None:
        self.front()
        self.page.evaluate(SELECT, [words, root])

    def write(self, text: str, name: str = "") -> None:
        """Into the open box, and send."""
        self.type(text, name)
        self.page.keyboard.press("Control+Enter")

    def type(self, text: str, name: str = "") -> None:
        box = self.page.locator(".composer textarea").last
        if name:
            box.click()
            self.page.get_by_label("Your name").fill(name)
        box.fill(text)

    def annotate(self, words: str, text: str, name: str = "", root: str = "article") -> None:
        """Select, press the button, write, send; the card shows the comment at once."""
        self.select(words, root)
        self.page.get_by_role("button", name="Comment on the selected text").click()
        self.write(text, name)
        expect(self.comment(text.split("\n")[0])).to_be_visible()

    def open(self, words: str) -> None:
        """Click marked words."""
        self.front()
        self.page.wait_for_function(f"(words) => ({MIDDLE})(words) !== null", arg=words)
        x, y = self.page.evaluate(MIDDLE, words)
        self.page.mouse.click(x, y)
        expect(self.page.locator(".thread")).to_be_visible()

    def close(self) -> None:
        """Close the card."""
        self.card.get_by_role("button", name="Close").click()
        expect(self.card).to_have_count(0)

    def reply(self, text: str, name: str = "") -> None:
        self.write(text, name)
        expect(self.comment(text)).to_be_visible()

    def do(self, text: str, action: str) -> None:
        """An action of a comment's menu."""
        comment = self.comment(text)
        comment.hover()
        comment.get_by_role("button", name="More actions").click()
        comment.get_by_role("menuitem", name=action).click()

    def show_panel(self) -> None:
        self.bar.locator(".open-panel").click()
        expect(self.panel).to_be_visible()

    def offline(self, offline: bool = True) -> None:
        self.expected.append("ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED")
        self.page.context.set_offline(offline)

    def _heard(self, message: ConsoleMessage) -> None:
        try:
            if message.type in ("error", "warning"):
                self._complaints.append(message.text)
        except Error:  # the window is gone already
            return
