"""Code and formulas in comments are drawn by Lab, and nothing in a comment acts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.lab.conftest import Open
from tests.lab.reader import SOURCE, LabReader

COMMENT = r"""**Bold**, and $E=mc^2$ for $5 and $6.

```python
def root(x):
    return x ** 0.5  # Why not `sqrt`?
```

$$
\begin{aligned}
x &= \frac{-b \pm \sqrt{b^2 - 4ac}}{2a} \\
- y &> \text{a list?}
\end{aligned}
$$"""

HOSTILE = r"""<script>window.acted = 1</script> <img src=x onerror="window.acted = 1">

<b data-commandlinker-command="notebook:delete-cell" class="jp-Button" id="jp-main-dock-panel">a</b>
[b](javascript:window.acted=1) ![c](https://example.org/phone-home.png)

```python" onload="window.acted=1
<img src=x onerror="window.acted = 1">
```

```html
<img src=x onerror="window.acted = 1">
```
"""
# Each is refused as a whole, for what it would make, load, name or change for the rest of the page.
REFUSED = (
    r"\href{javascript:window.acted=1}{x}",
    r"\href{https://example.org}{x}",
    r"\require{physics}",
    r"\class{jp-Button}{x}",
    r"\cssId{main}{x}",
    r"\style{position:fixed; inset:0}{x}",
    r"\mmlToken{mi}[href=javascript:alert(1)]{x}",
    r"\def\alpha{x}",
    r"\newcommand{\beta}{x}",
    r"\let\gamma=x",
    r"\DeclareMathOperator{\delta}{x}",
    r"\text{\href{javascript:window.acted=1}{x}}",
    r"\begin{prooftree}\end{prooftree}",
    r"\begin {matrix}x\end{matrix}",
    r"\newenvironment{matrix}{x}{y}",
    r"\label{x}",
    r"\tag{x}",
    r"\unicode[Times; position: fixed]{x41}",
    r"\bbox[position: fixed]{x}",
    r"\color{red}{x}",
    r"\rule{999em}{999em}",
    r"\kern -999em x",
    r"\raise 999em x",
    r"\mathtoolsset{showonlyrefs}",
    "x" * 2_001,
    r"x \\[999em] y",
    r"\begin{matrix}x \\* [999em] y\end{matrix}",
    "{" * 21 + "x" + "}" * 21,
    r"\left(" * 21 + "x" + r"\right)" * 21,
    r"\frac{",
)
DRAWN = (
    r"\alpha\beta\gamma\delta",
    "{" * 20 + "x" + "}" * 20,
    r"\sum_{i=1}^n \binom{n}{i} \in \mathbb{R} \quad \begin{cases} a & b \\ c & d \end{cases}",
    r"\overbrace{a \xrightarrow{f} b}^{\text{é 漢}} \not= \left\{ \hat x, \dots \right\} \pmod 5",
)


def written(reader: LabReader, text: str) -> Locator:
    """The comment as it is shown in the panel, where somebody writes it on a word."""
    reader.comment(SOURCE, "math.sqrt", text)
    reader.open_panel().locator(".row").first.click()
    return reader.panel.locator(".comment")


@pytest.mark.parametrize("app", ["", "notebooks"])
def test_code_and_formulas_in_comments_are_drawn_by_lab(
    open_lab: Open, path: Path, app: str
) -> None:
    ann = open_lab("ann", path.name, app=app)
    comment = written(ann, COMMENT)
    expect(comment.locator("strong")).to_have_text("Bold")
    expect(comment).to_contain_text("for $5 and $6.")
    drawn = ann.panel.locator("[slot]")
    code = drawn.filter(has_text="def root")
    expect(code.locator("span", has_text="def").first).to_be_visible()
    # The same colours as in a cell.
    keyword, in_cell = (
        place.first.evaluate("(one) => getComputedStyle(one).color")
        for place in (
            code.locator("span", has_text="def"),
            ann.page.locator(f"{SOURCE} span", has_text="import"),
        )
    )
    assert keyword == in_cell
    expect(drawn.locator("mjx-container")).to_have_count(2)
    expect(drawn.locator("mjx-container[display=true] mjx-mfrac").first).to_be_visible()
    assert drawn.locator("mjx-container").first.bounding_box() is not None


def test_nothing_in_a_comment_acts(open_lab: Open, path: Path) -> None:
    ann = open_lab("ann", path.name)
    asked: list[str] = []
    ann.page.on("request", lambda request: asked.append(request.url))
    formulas = "\n\n".join(f"$${tex}$$" for tex in (*DRAWN, *REFUSED))
    comment = written(ann, f"{HOSTILE}\n{formulas}")
    drawn = ann.panel.locator("[slot]")
    expect(drawn.locator("mjx-container")).to_have_count(len(DRAWN))
    assert drawn.locator("mjx-merror").count() == 0
    for tex in REFUSED:
        expect(drawn.get_by_text(f"$${tex}$$", exact=True)).to_have_count(1)
    # Of what Lab drew, all but formulas are spans with a class.
    outside = drawn.locator(":not(mjx-container, mjx-container *)").evaluate_all(
        "(all) => all.flatMap((one) => [one.localName, ...one.getAttributeNames()])"
    )
    assert set(outside) <= {"span", "class"}
    # A formula's elements are MathJax's own; what its attributes may be, the extension says.
    assert (
        drawn.locator("[href], [id], [name], [onclick], [data-commandlinker-command]").count() == 0
    )
    assert comment.locator("img, script, [data-commandlinker-command], [onerror]").count() == 0
    assert not ann.page.evaluate("() => 'acted' in window")
    for link in comment.locator("a").all():
        assert (link.get_attribute("href") or "").startswith("https://example.org/")
    assert not any("example.org" in url for url in asked)
