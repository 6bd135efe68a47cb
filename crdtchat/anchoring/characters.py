"""What a character is to the matcher: its class, its folded form, where graphemes may be cut."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache

from crdtchat.anchoring.character_tables import IGNORABLES, MARKS, SIGNS, SINGLES, SPACES

#: A word is cut after this many characters, so that a text without breaks stays affordable.
MAX_WORD = 64

#: Blocks whose folding is the same in every Unicode since 12: only these are handed to the host.
_FOLDED_BLOCKS = (
    "a0-24f 370-52f 531-587 900-dff 10a0-10ff 1e00-1fff 2070-209c 2100-214f 2150-218b 2460-24ff "
    "3041-30ff 3200-32fe 3300-33ff ac00-d7a3 fb00-fb06 fb13-fb17 fb1d-fdfb fe70-fefc ff01-ffee "
    "1d400-1d7ff"
)
#: Lower-case letters that still differ from what readers take for the same letter.
_FOLDED_LAST = {"ß": "ss", "ς": "σ"}
#: Quotation marks and hyphens that authors and converters exchange for each other.
_QUOTES = "22 ab bb 2b9-2bc 2018-201f 2032-2033 2039-203a"
_DASHES = "2010-2015 2212"

_ZWJ = 0x200D
_EXTENDERS = "200c-200d fe00-fe0f 1f3fb-1f3ff e0020-e007f e0100-e01ef ff9e-ff9f"
_PREPENDED = "600-605 6dd 70f 890-891 8e2 d4e 110bd 110cd 111c2-111c3 1193f 11941 11a3a 11a84-11a89"


def _ranges(table: str) -> list[tuple[int, int]]:
    pairs = []
    for item in table.split():
        first, _, last = item.partition("-")
        pairs.append((int(first, 16), int(last or first, 16)))
    return pairs


class _CodePointSet:
    """Sorted ranges of code points, asked by bisection."""

    def __init__(self, *tables: str) -> None:
        pairs = sorted(pair for table in tables for pair in _ranges(table))
        self._firsts = [first for first, _ in pairs]
        self._lasts = [last for _, last in pairs]

    def __contains__(self, code: int) -> bool:
        at = bisect_right(self._firsts, code) - 1
        return at >= 0 and code <= self._lasts[at]


_SINGLE_SET = _CodePointSet(SINGLES)
_IGNORABLE_SET = _CodePointSet(IGNORABLES)
_SIGN_SET = _CodePointSet(SIGNS)
_SPACE_SET = _CodePointSet(SPACES)
_QUOTE_SET = _CodePointSet(_QUOTES)
_DASH_SET = _CodePointSet(_DASHES)
_FOLDED_SET = _CodePointSet(_FOLDED_BLOCKS)
_EXTENDER_SET = _CodePointSet(MARKS, _EXTENDERS)
_PREPENDED_SET = _CodePointSet(_PREPENDED)
_PICTURE_SET = _CodePointSet(
    "a9 ae 203c 2049 2122 2139 2190-21ff 2300-27bf 2900-2bff", "1f000-1faff"
)


def _body(pairs: list[tuple[int, int]]) -> str:
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in pairs)


def _class_body(*tables: str) -> str:
    return _body([pair for table in tables for pair in _ranges(table)])


def _letters() -> list[tuple[int, int]]:
    """What is in no table. Said positively: the engine finds members of a set much faster."""
    letters = []
    begin = 0
    tables = (SIGNS, SPACES, IGNORABLES, SINGLES, MARKS)
    for first, last in sorted(pair for table in tables for pair in _ranges(table)):
        if begin < first:
            letters.append((begin, first - 1))
        begin = last + 1
    return [*letters, (begin, 0x10FFFF)] if begin <= 0x10FFFF else letters


def _token_pattern() -> re.Pattern[str]:
    extra = _class_body(MARKS, IGNORABLES)
    letter = _body(_letters())
    word = f"[{letter}][{letter}{extra}]{{0,{MAX_WORD - 1}}}"
    single = f"[{_class_body(SINGLES)}][{extra}]*"
    sign = _class_body(SIGNS)
    flag = "[\\U0001f1e6-\\U0001f1ff]{2}"
    repeated = f"([{sign}])\\3{{3,{MAX_WORD - 1}}}"
    joined = f"[{sign}][{extra}\\U0001f3fb-\\U0001f3ff]*(?:(?<=\\u200d)[{sign}][{extra}]*)*"
    lone = f"[{_class_body(MARKS)}][{extra}]*"
    general = f"{word}|{single}|{flag}|{repeated}|{joined}|{lone}"
    # the same for plain ASCII, first because large sets are slow to say no
    ascii_sign = "[!-/:-@\\[-^`{-~]"
    ascii_only = "(?![^\\x00-\\x7f])"
    quick = (
        f"({ascii_sign})\\1{{3,{MAX_WORD - 1}}}+{ascii_only}"
        f"|[0-9A-Za-z_]{{1,{MAX_WORD}}}+{ascii_only}|{ascii_sign}{ascii_only}(?!(?<=(.))\\2{{3}})"
    )
    return re.compile(f"{quick}|(?![\\t-\\r ])(?:{general})", re.DOTALL)


#: Finds tokens: words, single characters of unspaced scripts, signs with all that belongs to them.
TOKEN = _token_pattern()

_WHITE = re.compile(f"[{_class_body(SPACES, IGNORABLES)}]+")


def same_words(first: str, second: str) -> bool:
    """Whether two texts differ in white space and invisible characters only."""
    return _WHITE.sub("", first) == _WHITE.sub("", second)


_folded_codes: dict[str, str] = {}


def _fold_character(char: str) -> str:
    code = ord(char)
    if code in _IGNORABLE_SET:
        return ""
    if code in _QUOTE_SET:
        return "'"
    if code in _DASH_SET:
        return "-"
    if code in _FOLDED_SET:
        char = unicodedata.normalize("NFKD", char.lower()).lower()
        char = "".join(_FOLDED_LAST.get(part, part) for part in char)
        return "".join(part for part in char if ord(part) not in _SPACE_SET)
    return char


def fold(raw: str) -> str:
    """The form under which `raw` is compared: case, ligatures, widths and joiners removed.

    Quotation marks are one mark, and hyphens and dashes one, however they are set.

    Underscores join words (identifiers) but count for nothing at their ends (emphasis).
    """
    if raw.isascii():
        return raw.lower().replace('"', "'").strip("_") or raw
    parts = []
    for char in raw:
        folded = _folded_codes.get(char)
        if folded is None:
            folded = _folded_codes[char] = _fold_character(char.lower() if char < "\x80" else char)
        parts.append(folded)
    folded = "".join(parts)
    return folded.strip("_") or folded


def is_single(char: str) -> bool:
    """Whether a character belongs to a script written without spaces between words."""
    return ord(char) in _SINGLE_SET


@lru_cache(maxsize=4096)
def is_sign(char: str) -> bool:
    """Whether a character is punctuation, a symbol or an emoji."""
    return ord(char) in _SIGN_SET


def is_space(char: str) -> bool:
    """Whether a character is white space for the matcher (NBSP and line separators included)."""
    return ord(char) in _SPACE_SET


def _hangul_kind(code: int) -> str:
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return "L"
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return "V"
    if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB:
        return "T"
    if 0xAC00 <= code <= 0xD7A3:
        return "V" if (code - 0xAC00) % 28 == 0 else "T"
    return ""


def _is_flag_half(code: int) -> bool:
    return 0x1F1E6 <= code <= 0x1F1FF


def is_boundary(text: str, at_cp: int) -> bool:
    """Whether cutting `text` before offset `at_cp` keeps every grapheme whole.

    The rules of UAX #29, without those that need the newest tables (Indic conjuncts).
    """
    if at_cp <= 0 or at_cp >= len(text):
        return True
    before, after = ord(text[at_cp - 1]), ord(text[at_cp])
    if before < 0x300 and after < 0x300:
        return not (before == 13 and after == 10)
    if before in (10, 13) or after in (10, 13):
        return True
    if after in _EXTENDER_SET or before in _PREPENDED_SET:
        return False
    if before == _ZWJ and after in _PICTURE_SET:
        return False
    left, right = _hangul_kind(before), _hangul_kind(after)
    if left and right:
        starts_syllable = 0xAC00 <= after <= 0xD7A3
        if left == "L":
            return not (right in "LV" or starts_syllable)
        if not starts_syllable:
            return not (right == "T" or (left == "V" and right == "V"))
    if _is_flag_half(before) and _is_flag_half(after):
        run = at_cp - 1
        while run >= 0 and _is_flag_half(ord(text[run])):
            run -= 1
        return (at_cp - 1 - run) % 2 == 0
    return True
