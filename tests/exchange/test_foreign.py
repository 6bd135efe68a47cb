"""Annotations of Hypothesis, Recogito and other W3C programs: what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdtchat.document.foreign import Surroundings
from crdtchat.document.importable import portables
from crdtchat.document.portable import Portable
from crdtchat.document.records import Target
from crdtchat.document.schema import COMMENT_CP, CONTEXT_CP, EXACT_CP
from crdtchat.document.tally import Tally

NOW = 1_700_000_000_000
TEXT = "🙂🙂 We hold these truths to be self-evident, that all men are created equal."
CREATED = "2023-04-05T06:07:08.009000+00:00"
CREATED_MS = 1_680_674_828_009


def read(*items: object, text: str | None = None) -> tuple[list[Portable], Tally]:
    tally = Tally()
    found = portables(items, Surroundings(tally, NOW, text))
    return [one for one in found if isinstance(one, Portable)], tally


def row(name: str, **changes: Any) -> dict[str, Any]:
    """A row of Hypothesis' API; offsets count UTF-16 units."""
    selectors = [
        {
            "type": "RangeSelector",
            "startContainer": "/div[1]/p[2]",
            "endContainer": "/div[1]/p[2]",
            "startOffset": 8,
            "endOffset": 20,
        },
        {"type": "TextPositionSelector", "start": 8, "end": 25},
        {
            "type": "TextQuoteSelector",
            "exact": "hold these truths",
            "prefix": "We ",
            "suffix": " to",
        },
    ]
    return {
        "id": name,
        "created": CREATED,
        "updated": CREATED,
        "user": "acct:ann@hypothes.is",
        "user_info": {"display_name": "Ann Example"},
        "uri": "https://example.org/declaration",
        "text": "Whose truths?",
        "tags": [],
        "group": "__world__",
        "permissions": {"read": ["group:__world__"], "admin": ["acct:ann@hypothes.is"]},
        "target": [{"source": "https://example.org/declaration", "selector": selectors}],
        "links": {},
        **changes,
    }


class TestHypothesis:
    def test_a_row(self) -> None:
        (found,), tally = read(row("r1"))
        assert found.page == "https://example.org/declaration"
        assert found.head.author == "import:acct:ann@hypothes.is"
        assert found.names[found.head.author] == "Ann Example"
        assert found.head.created == CREATED_MS
        target = found.head.target
        assert (target.exact, target.prefix, target.suffix) == ("hold these truths", "We ", " to")
        assert [comment.text for comment in found.comments.values()] == ["Whose truths?"]
        assert tally.altered["selectors of type RangeSelector: not kept"] == 1

    def test_offsets_become_code_points_where_the_text_is_known(self) -> None:
        (found,), tally = read(row("r1"), text=TEXT)
        target = found.head.target
        assert (target.start_cp, target.end_cp) == (6, 23)
        assert TEXT[target.start_cp : target.end_cp] == target.exact
        assert not any("offsets" in reason for reason in tally.altered)
        (found,), tally = read(row("r1"))
        assert (found.head.target.start_cp, found.head.target.end_cp) == (8, 25)
        assert tally.altered["UTF-16 offsets without the page's text: kept as hints"] == 1
        (found,), tally = read(row("r1"), text="Another text.")
        assert tally.altered["offsets that do not fit the page's text: kept as hints"] == 1

    def test_replies_find_their_thread_though_they_come_first(self) -> None:
        replies = [
            row("r3", references=["r1", "r2"], text="A reply to the reply", target=[]),
            row("r2", references=["r1"], text="A reply", user="acct:bob@hypothes.is", target=[]),
        ]
        (found,), tally = read(*replies, row("r1"))
        first, second, third = found.comments.items()
        assert [comment.text for _, comment in (first, second, third)] == [
            *("Whose truths?", "A reply", "A reply to the reply"),
        ]
        assert (second[1].parent, third[1].parent) == ("", second[0])
        assert second[1].author == "import:acct:bob@hypothes.is"
        assert not tally.left_out

    def test_a_reply_to_nothing_is_reported(self) -> None:
        found, tally = read(row("r2", references=["r1"]))
        assert found == []
        assert tally.left_out == {"replies to annotations that are not in the file": 1}
        assert tally.examples["replies to annotations that are not in the file"] == ["r2"]

    def test_what_was_private_stays_private(self) -> None:
        private = row("r1", permissions={"read": ["acct:ann@hypothes.is"]})
        found, tally = read(private, row("r2", hidden=True), row("r3", group="abc"))
        assert len(found) == 1
        assert tally.left_out.total() == 2
        assert any("group" in reason for reason in tally.altered)

    def test_page_notes_highlights_tags_and_edits(self) -> None:
        note = row("r1", target=[{"source": "https://example.org/"}], tags=["two words", "x"])
        highlight = row("r2", text="", updated="2023-04-06T00:00:00Z")
        (page, marked), _ = read(note, highlight)
        assert page.head.target == Target("", kind="page")
        assert [one.text for one in page.comments.values()] == ["Whose truths?\n\n#two-words #x"]
        assert marked.comments == {}
        assert marked.head.target.exact == "hold these truths"
        (edited,), _ = read(row("r3", updated="2023-04-06T00:00:00Z"))
        assert next(iter(edited.comments.values())).edited == CREATED_MS + 64_371_991


class TestRecogito:
    ITEM: dict[str, Any] = {  # noqa: RUF012 - read only
        "id": "a1",
        "bodies": [
            {
                "id": "b1",
                "annotation": "a1",
                "purpose": "commenting",
                "value": "Whose truths?",
                "creator": {"id": "u1", "name": "Ann"},
                "created": "2023-04-05T06:07:08.009Z",
            },
            {"id": "b2", "purpose": "tagging", "value": "history"},
            {
                "id": "b3",
                "purpose": "replying",
                "value": "Anybody's.",
                "creator": {"id": "u2", "name": "Bob"},
                "created": "2023-04-06T06:07:08Z",
            },
        ],
        "target": {
            "annotation": "a1",
            "selector": [{"quote": "hold these truths", "start": 8, "end": 25}],
            "creator": {"id": "u1", "name": "Ann"},
            "created": "2023-04-05T06:07:08.009Z",
        },
    }

    def test_an_annotation(self) -> None:
        (found,), tally = read(self.ITEM, text=TEXT)
        assert (found.head.target.start_cp, found.head.target.end_cp) == (6, 23)
        assert [(one.author, one.text) for one in found.comments.values()] == [
            ("import:u1", "Whose truths?\n\n#history"),
            ("import:u2", "Anybody's."),
        ]
        assert found.names == {"import:u1": "Ann", "import:u2": "Bob"}
        assert found.page == ""
        assert not tally.left_out

    def test_without_a_quote_it_has_no_place(self) -> None:
        found, tally = read({**self.ITEM, "target": {"selector": []}})
        assert (found, tally.left_out.total()) == ([], 1)


class TestW3C:
    ITEM: dict[str, Any] = {  # noqa: RUF012 - read only
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "id": "http://example.org/anno1",
        "type": "Annotation",
        "motivation": "commenting",
        "creator": {"id": "http://example.org/user1", "type": "Person", "name": "Ann"},
        "created": "2023-04-05T06:07:08Z",
        "modified": "2023-04-05T07:07:08Z",
        "rights": "https://creativecommons.org/publicdomain/zero/1.0/",
        "body": [
            {"type": "TextualBody", "value": "<p>Whose <b>truths</b>?</p>", "format": "text/html"},
            {"type": "TextualBody", "value": "history", "purpose": "tagging"},
        ],
        "target": {
            "source": "http://example.org/page1",
            "selector": {
                "type": "FragmentSelector",
                "value": "p2",
                "refinedBy": [
                    {"type": "TextQuoteSelector", "exact": "hold these", "prefix": "We "},
                    {"type": "TextPositionSelector", "start": 6, "end": 16},
                ],
            },
        },
    }
    REPLY: dict[str, Any] = {  # noqa: RUF012 - read only
        "id": "http://example.org/anno2",
        "type": "Annotation",
        "motivation": "replying",
        "creator": "http://example.org/user2",
        "created": "2023-04-05T08:07:08Z",
        "bodyValue": "Anybody's.",
        "target": "http://example.org/anno1",
    }

    def test_an_annotation_and_its_reply(self) -> None:
        (found,), tally = read(self.REPLY, self.ITEM)
        assert found.page == "http://example.org/page1"
        assert found.head.target == Target("hold these", "We ", "", 6, 16)
        assert [(one.author, one.text) for one in found.comments.values()] == [
            ("import:http:%2F%2Fexample.org%2Fuser1", "Whose truths?\n\n#history"),
            ("import:http:%2F%2Fexample.org%2Fuser2", "Anybody's."),
        ]
        assert tally.altered["members called 'rights': not kept"] == 1
        assert tally.altered["selectors of type FragmentSelector: not kept"] == 1

    def test_a_whole_page(self) -> None:
        (found,), _ = read({**self.ITEM, "target": "http://example.org/page2#top"})
        assert (found.page, found.head.target.kind) == ("http://example.org/page2", "page")

    def test_a_position_alone_needs_the_text(self) -> None:
        selector = {"type": "TextPositionSelector", "start": 6, "end": 10}
        item = {**self.ITEM, "target": {"source": "x", "selector": selector}}
        (found,), _ = read(item, text=TEXT)
        assert found.head.target.exact == "hold"
        assert read(item)[1].left_out.total() == 1

    @pytest.mark.parametrize(
        ("body", "text", "said"),
        [
            (
                {
                    "type": "Choice",
                    "items": [
                        {"type": "TextualBody", "value": "Whose?", "language": "en"},
                        {"type": "TextualBody", "value": "Czyje?", "language": "pl"},
                    ],
                },
                "Whose?",
                ["bodies to choose from: the first is kept"],
            ),
            (
                {"type": "List", "items": [{"value": "Whose?"}, [{"value": "Theirs?"}]]},
                "Whose?\n\nTheirs?",
                [],
            ),
            (
                {
                    "type": "SpecificResource",
                    "purpose": "commenting",
                    "source": {"type": "TextualBody", "value": "Whose?"},
                },
                "Whose?",
                [],
            ),
            (
                {
                    "value": "<style>b {}</style><p>Whose?</p><script>if (a < b) c();</script>",
                    "format": "text/html",
                },
                "Whose?",
                ["HTML: turned into plain text"],
            ),
            ({"id": "urn:sound"}, "urn:sound", ["bodies that are no text: their address is kept"]),
            ({"type": "Image"}, None, ["bodies that are no text: not kept"]),
        ],
    )
    def test_its_words_wherever_they_are(
        self, body: object, text: str | None, said: list[str]
    ) -> None:
        item = {name: value for name, value in self.ITEM.items() if name not in ("rights", "body")}
        (found,), tally = read({**item, "body": body})
        assert [one.text for one in found.comments.values()] == [text] * (text is not None)
        assert [one for one in tally.altered if "selectors" not in one] == said

    @pytest.mark.parametrize(
        "changes",
        [
            {"target": {"source": "http://example.org/anno1"}},
            {"target": {"source": {"id": "http://example.org/anno1", "type": "Annotation"}}},
            {"target": [{"id": "http://example.org/anno1"}]},
            {"motivation": ["http://www.w3.org/ns/oa#replying"]},
            {"motivation": "oa:replying"},
        ],
    )
    def test_a_reply_however_it_is_told(self, changes: dict[str, object]) -> None:
        (found,), tally = read(self.ITEM, {**self.REPLY, **changes})
        assert len(found.comments) == 2
        assert not tally.left_out

    def test_without_an_id_it_is_the_same_each_time(self) -> None:
        item = {name: value for name, value in self.ITEM.items() if name != "id"}
        assert [one.aid for one in read(item)[0]] == [one.aid for one in read(item)[0]]


def test_what_is_too_long_is_trimmed_or_split() -> None:
    quote = {
        "type": "TextQuoteSelector",
        "exact": "e" * (EXACT_CP + 1),
        "prefix": "p" * 500,
        "suffix": "s" * 500,
    }
    item = row("r1", text="x" * (2 * COMMENT_CP + 1), target=[{"selector": [quote]}])
    (found,), tally = read(item)
    target = found.head.target
    assert (len(target.exact), len(target.prefix)) == (EXACT_CP, CONTEXT_CP)
    assert target.suffix == "e" + "s" * (CONTEXT_CP - 1)
    assert [len(one.text) for one in found.comments.values()] == [COMMENT_CP, COMMENT_CP, 1]
    assert tally.altered[f"comments over {COMMENT_CP} characters: split into several"] == 1


@pytest.mark.parametrize(
    "item", [None, 1, "x", [], {}, {"type": "Note"}, {"id": "x", "comments": []}]
)
def test_what_is_no_annotation_is_reported(item: object) -> None:
    found, tally = read(item)
    assert (found, tally.left_out.total()) == ([], 1)


_ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.data())
def test_no_value_makes_a_reader_fail(data: st.DataObject) -> None:
    """Take a good annotation and put anything at any of its places."""
    own = {
        "id": "aaaa",
        "type": "Annotation",
        "creator": {"id": "ann", "name": "Ann"},
        "created": CREATED,
        "target": {"source": "x", "selector": [{"exact": "x", "start": 0, "end": 1}]},
        "resolution": {"creator": {"id": "ann"}, "created": CREATED},
        "anchored": {"creator": {"id": "ann"}, "created": CREATED},
        "madeOn": {"source": "x", "selector": [{"exact": "x"}]},
        "comments": [
            {"id": "cccc", "creator": {"id": "ann"}, "created": CREATED, "body": {"value": "x"}}
        ],
    }
    item: Any = data.draw(
        st.sampled_from([own, row("r1"), TestRecogito.ITEM, TestW3C.ITEM, TestW3C.REPLY])
    )
    found, _ = read(_spoiled(item, data))
    for portable in found:
        try:
            list(portable.writes())
        except ValueError as error:
            # Only what the schema's own check tells people about.
            assert type(error).__name__ == "InvalidRecord"  # noqa: PT017


def _spoiled(value: Any, data: st.DataObject) -> Any:
    if isinstance(value, dict) and value:
        place = data.draw(st.sampled_from(sorted(value)))
        return {**value, place: _spoiled(value[place], data)}
    if isinstance(value, list) and value:
        return [_spoiled(value[0], data), *value[1:]]
    return data.draw(_ANYTHING)
