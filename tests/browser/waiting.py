"""Waiting for what a page finds out only by asking: Playwright's `wait_for_function` takes the promise
that an asynchronous function answers for the truth itself, and waits for nothing."""

from __future__ import annotations

from playwright.sync_api import Page

PATIENCE_MS = 40_000


def wait_until(page: Page, asked: str, arg: object = None) -> None:
    """Until `asked`, a function of the page, answers or promises what is true."""
    came: bool = page.evaluate(
        f"""async ([arg, patience]) => {{
          const asked = {asked};
          for (const end = performance.now() + patience; performance.now() < end; ) {{
            if (await asked(arg)) return true;
            await new Promise((next) => setTimeout(next, 20));
          }}
          return false;
        }}""",
        [arg, PATIENCE_MS],
    )
    assert came, f"never true of {arg!r}: {asked}"
