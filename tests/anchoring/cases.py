"""Small cases that show one rule each; the shared vectors are made of them and of real ones."""

from __future__ import annotations

from dataclasses import dataclass

WORDS = (
    "The harbour wakes before the town does. Gulls argue over the first crates, ropes creak, and "
    "somebody always whistles. By seven the auction hall is full of wet boots and quiet numbers; "
    "a nod is enough to buy a box of mackerel. Visitors think that nothing is going on. "
    "At noon the boats lie empty and the ice lorries have left for the cities beyond the hills."
)


@dataclass(frozen=True, slots=True)
class Small:
    """An old text with the quote, a new text, and what must come out: words found, or None."""

    name: str
    old: str
    quote: str
    new: str
    state: str
    found: str | None


def _edit(*changes: tuple[str, str]) -> str:
    text = WORDS
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


TWIN = "An entry that reads like every other.\n"
LINES = WORDS.replace(". ", ".\n")


def _rows(first: int) -> str:
    """A page of a table whose rows differ in their numbers."""
    return "".join(
        f"Row {number}: value {number * number * 37 % 900 + 100} measured at station {number * 5 % 9 + 1}\n"
        for number in range(first, first + 20)
    )


ROW = _rows(0).splitlines()[9]

SMALL = [
    Small("unchanged", WORDS, "quiet numbers", WORDS, "exact", "quiet numbers"),
    Small("shifted", WORDS, "quiet numbers", "News. " + WORDS, "moved", "quiet numbers"),
    Small("inside words", WORDS, "uiet numb", "News. " + WORDS, "moved", "uiet numb"),
    Small("context edited", WORDS, "quiet numbers", _edit(("wet", "muddy"), ("a nod", "one nod")),
          "moved", "quiet numbers"),
    Small("word replaced", WORDS, "the auction hall is full of wet boots",
          _edit(("hall is full", "house is full")), "changed",
          "the auction house is full of wet boots"),
    Small("word inserted", WORDS, "the auction hall is full of wet boots",
          _edit(("wet boots", "wet rubber boots")), "changed",
          "the auction hall is full of wet rubber boots"),
    Small("first word replaced", WORDS, "somebody always whistles along the ropes"[:24],
          _edit(("somebody always", "someone always")), "changed", "someone always whistles"),
    Small("white space", WORDS, "enough to buy a box of mackerel",
          WORDS.replace("buy a", "buy\n   a"), "exact", "enough to buy\n   a box of mackerel"),
    Small("no-break space", WORDS, "enough to buy a box of mackerel",
          "x " + WORDS.replace("a box", "a\u00a0box"), "moved",
          "enough to buy a\u00a0box of mackerel"),
    Small("case", WORDS, "Visitors think that nothing", WORDS.replace("Visitors", "VISITORS"),
          "changed", "VISITORS think that nothing"),
    Small("soft hyphen", WORDS, "box of mackerel", WORDS.replace("mackerel", "mack\u00aderel"),
          "exact", "box of mack\u00aderel"),
    Small("ligature", WORDS.replace("first", "ﬁrst"), "over the ﬁrst crates", WORDS, "changed",
          "over the first crates"),
    Small("combining", WORDS.replace("mackerel", "makréla"), "a box of makréla",
          WORDS.replace("mackerel", "makre\u0301la"), "changed", "a box of makre\u0301la"),
    Small("quotes", WORDS.replace("a nod", '"a nod"'), '"a nod" is enough',
          WORDS.replace("a nod", "“a nod”"), "changed", "“a nod” is enough"),
    Small("emoji before", WORDS, "quiet numbers", "👩‍👩‍👧🇵🇱 " + WORDS, "moved", "quiet numbers"),
    Small("emoji kept whole", WORDS.replace("full", "full 👍"), "full 👍 of wet",
          WORDS.replace("full", "full 👍🏽"), "changed", "full 👍🏽 of wet"),
    Small("removed", WORDS, " Visitors think that nothing is going on.",
          WORDS.replace(" Visitors think that nothing is going on.", ""), "orphaned", None),
    Small("words removed in place, a twin elsewhere", WORDS, "enough to buy",
          _edit(("is enough to buy a", "gets you a")) + "\nThere was enough to buy for all.",
          "orphaned", None),
    Small("another page", WORDS, "a nod is enough",
          "Release notes. Fixed a crash when the queue is empty; added two options; removed one.",
          "orphaned", None),
    Small("a row of another page of a table", _rows(0), ROW, _rows(20), "orphaned", None),
    Small("a part of such a row", _rows(0), ROW[:16], _rows(20), "orphaned", None),
    Small("a row that was edited among its neighbours", _rows(0), ROW,
          _rows(-3).replace(ROW, ROW.replace("measured", "estimated")), "changed",
          ROW.replace("measured", "estimated")),
    Small("an empty page", WORDS, "a nod is enough", "", "orphaned", None),
    Small("chinese", "我们每天早上在市场买鱼。中午的时候船都空了，冰车已经开往山那边的城市。游客以为什么都没有发生。",
          "船都空了", "我们每天清晨在市场买鱼。中午的时候渔船都空了，冰车已经开往山那边的城市。游客以为什么都没有发生。",
          "moved", "船都空了"),
    Small("japanese", "港は町より先に目を覚ます。かもめが最初の箱をめぐって争い、綱がきしみ、誰かがいつも口笛を吹く。",
          "最初の箱をめぐって争い",
          "港は町よりも先に目を覚ます。かもめたちが最初の木箱をめぐって争い、綱がきしみ、誰かがいつも口笛を吹く。",
          "changed", "最初の木箱をめぐって争い"),
    Small("korean", "항구는 마을보다 먼저 깨어난다. 갈매기들은 첫 상자를 두고 다투고 밧줄은 삐걱거린다. 누군가는 늘 휘파람을 분다.",
          "첫 상자를 두고 다투고",
          "항구는 마을보다 일찍 깨어난다. 갈매기들은 첫 상자를 두고 다투고 밧줄은 삐걱거린다. 누군가는 늘 휘파람을 분다.",
          "exact", "첫 상자를 두고 다투고"),
    Small("arabic", "يستيقظ الميناء قبل المدينة. تتشاجر النوارس على الصناديق الأولى، وتصر الحبال، ودائما يصفر أحدهم.",
          "الصناديق الأولى",
          "يستيقظ الميناء قبل المدينة بساعة. تتشاجر النوارس على الصناديق الأولى، وتصر الحبال، ودائما يصفر أحدهم.",
          "moved", "الصناديق الأولى"),
    Small("hebrew", "הנמל מתעורר לפני העיר. השחפים רבים על הארגזים הראשונים, החבלים חורקים, ומישהו תמיד שורק.",
          "החבלים חורקים",
          "הנמל תמיד מתעורר לפני העיר. השחפים רבים על הארגזים הראשונים, החבלים חורקים, ומישהו תמיד שורק.",
          "moved", "החבלים חורקים"),
    Small("thai", "ท่าเรือตื่นก่อนเมือง นกนางนวลทะเลาะกันเรื่องลังแรก เชือกส่งเสียงเอี๊ยดอ๊าด และมีคนผิวปากเสมอ",
          "เชือกส่งเสียง",
          "ท่าเรือมักตื่นก่อนเมือง นกนางนวลทะเลาะกันเรื่องลังแรก เชือกส่งเสียงเอี๊ยดอ๊าด และมีคนผิวปากเสมอ",
          "moved", "เชือกส่งเสียง"),
]  # fmt: skip
