"""The text of HTML that others wrote, for better or worse."""

from __future__ import annotations

import pytest

from crdtchat.document.markup import plain_text

TABLE = [
    ("<p>Whose <b>truths</b>?</p><P CLASS=a>Ours.</P>", "Whose truths?\n\nOurs."),
    ("one<br>two<BR/>three", "one\ntwo\nthree"),
    ("AT&amp;T &#169; &lt;b> &nope;", "AT&T © <b> &nope;"),
    ("<a title='a > b' rel = \"c>d\">e</a>", "e"),
    ("<a title=it's>e</a> isn't", "e isn't"),
    ("<!-- <p>a</p> -->b<!doctype html><?x y?></ >c", "bc"),
    ("<style>b {}</style>a<script type=x>if (a < b) c('</scripts>')</SCRIPT >d", "ad"),
    ("<script>never ends", ""),
    ("<!-- never ends", ""),
    ("1 < 2, a<3, 4 <5", "1 < 2, a<3, 4 <5"),
    ("a <b and &amp; c", "a <b and & c"),
    ("<p>a <b title='never ends>c</p>", "a <b title='never ends>c</p>"),
    ("a<", "a<"),
    ("", ""),
]


@pytest.mark.parametrize(("markup", "text"), TABLE, ids=[markup for markup, _ in TABLE])
def test_text(markup: str, text: str) -> None:
    assert plain_text(markup) == text


@pytest.mark.parametrize(
    "part",
    [
        "<a",
        "<a b='",
        '<a b="',
        "<a b=",
        "= ",
        "<!--",
        "<!a",
        "<?",
        "</",
        "</a",
        "<",
        "&",
        "<script>",
    ],
)
def test_what_is_begun_and_never_ended_is_read_at_once(part: str) -> None:
    """A megabyte of it: what looks for each end anew takes hours."""
    assert len(plain_text(part * (1_000_000 // len(part)))) <= 1_000_000
