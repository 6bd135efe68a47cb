"""Which tokens of the old page stand where on the new one: anchors that are unique, then moves."""

from __future__ import annotations

from bisect import bisect_left

from crdtchat.anchoring.page_index import PageIndex

_SMALL_AREA = 1600
_MOVE_GRAM = 3


class PageDiff:
    """A matching of an old page's tokens with those of a new one.

    Patience diff: tokens that occur once on both sides are matched in the longest increasing
    order, and so on between them; small rests by longest common subsequence; what remains, as
    moved runs that are unique among the remains. About linear in the pages.
    """

    def __init__(self, old: PageIndex, new: PageIndex) -> None:
        self.old = old
        self.new = new
        self._left = new.numbers(old.tokens.folds)
        self._right = new.ids
        #: For each token of the old page the token of the new one, or -1.
        self.to_new = [-1] * len(self._left)
        #: For each token of the new page the token of the old one, or -1.
        self.to_old = [-1] * len(self._right)
        self._match_in_order()
        self._drop_strays()
        self._match_moved()

    def _pair(self, old_at: int, new_at: int) -> None:
        self.to_new[old_at] = new_at
        self.to_old[new_at] = old_at

    def _match_in_order(self) -> None:
        areas = [(0, len(self._left), 0, len(self._right))]
        left, right = self._left, self._right
        while areas:
            a, b, c, d = areas.pop()
            while a < b and c < d and left[a] == right[c]:
                self._pair(a, c)
                a, c = a + 1, c + 1
            while a < b and c < d and left[b - 1] == right[d - 1]:
                b, d = b - 1, d - 1
                self._pair(b, d)
            if a >= b or c >= d:
                continue
            anchors = self._unique_anchors(a, b, c, d)
            if anchors:
                before, after = a, c
                for old_at, new_at in anchors:
                    areas.append((before, old_at, after, new_at))
                    before, after = old_at, new_at
                areas.append((before, b, after, d))
                # each area begins with its anchor, which the loop above pairs
            elif (b - a) * (d - c) <= _SMALL_AREA:
                self._match_small(a, b, c, d)

    def _unique_anchors(self, a: int, b: int, c: int, d: int) -> list[tuple[int, int]]:
        left, right = self._left, self._right
        seen: dict[int, int] = {}
        for at in range(a, b):
            number = left[at]
            if number >= 0:
                seen[number] = -1 if number in seen else at
        found: dict[int, int] = {}
        for at in range(c, d):
            number = right[at]
            if seen.get(number, -1) >= 0:
                found[number] = -1 if number in found else at
        pairs = sorted((seen[number], at) for number, at in found.items() if at >= 0)
        return _longest_increasing(pairs)

    def _match_small(self, a: int, b: int, c: int, d: int) -> None:
        left, right = self._left, self._right
        width = d - c
        table = [[0] * (width + 1)]
        for at in range(b - 1, a - 1, -1):
            below = table[-1]
            row = [0] * (width + 1)
            number = left[at]
            for column in range(width - 1, -1, -1):
                if number == right[c + column]:
                    row[column] = below[column + 1] + 1
                else:
                    row[column] = max(below[column], row[column + 1])
            table.append(row)
        table.reverse()
        at, column = a, 0
        while at < b and column < width:
            if left[at] == right[c + column]:
                self._pair(at, c + column)
                at, column = at + 1, column + 1
            elif table[at - a + 1][column] >= table[at - a][column + 1]:
                at += 1
            else:
                column += 1

    def _drop_strays(self) -> None:
        """Takes back short runs that stand alone among strangers: they match by chance."""
        to_new = self.to_new
        weight = self.new.weight
        folds = self.old.tokens.folds
        runs: list[tuple[int, int, int]] = []
        at = 0
        size = len(to_new)
        while at < size:
            if to_new[at] < 0:
                at += 1
                continue
            begin = at
            total = 0
            while at < size and to_new[at] >= 0 and to_new[at] == to_new[begin] + at - begin:
                total += weight(folds[at])
                at += 1
            runs.append((begin, at, total))
        for number, (begin, end, total) in enumerate(runs):
            if total >= 24:
                continue
            support = 0
            for other in (number - 1, number + 1):
                if not 0 <= other < len(runs):
                    continue
                first, last, worth = runs[other]
                gap_old = begin - last if other < number else first - end
                new_first, new_last = to_new[first], to_new[last - 1] + 1
                gap_new = (
                    to_new[begin] - new_last if other < number else new_first - to_new[end - 1] - 1
                )
                if gap_old + gap_new <= 8 + worth // 8:
                    support += worth
            if support < 24:
                runs[number] = (begin, end, -1)
        for begin, end, total in runs:
            if total < 0:
                for at in range(begin, end):
                    self.to_old[to_new[at]] = -1
                    to_new[at] = -1

    def _match_moved(self) -> None:
        left, right = self._left, self._right
        grams: dict[tuple[int, ...], int] = {}
        for at in range(len(left) - _MOVE_GRAM + 1):
            gram = tuple(left[at : at + _MOVE_GRAM])
            if self.to_new[at] < 0 and min(gram) >= 0:
                grams[gram] = -1 if gram in grams else at
        found: dict[tuple[int, ...], int] = {}
        for at in range(len(right) - _MOVE_GRAM + 1):
            if self.to_old[at] < 0:
                gram = tuple(right[at : at + _MOVE_GRAM])
                if grams.get(gram, -1) >= 0:
                    found[gram] = -1 if gram in found else at
        pairs = sorted((grams[gram], at) for gram, at in found.items() if at >= 0)
        weight = self.new.weight
        folds = self.old.tokens.folds
        for old_at, new_at in pairs:
            if self.to_new[old_at] >= 0 or self.to_old[new_at] >= 0:
                continue
            low = 0
            while (
                old_at - low > 0
                and new_at - low > 0
                and left[old_at - low - 1] == right[new_at - low - 1]
                and self.to_new[old_at - low - 1] < 0
                and self.to_old[new_at - low - 1] < 0
            ):
                low += 1
            high = 0
            while (
                old_at + high < len(left)
                and new_at + high < len(right)
                and left[old_at + high] == right[new_at + high]
                and self.to_new[old_at + high] < 0
                and self.to_old[new_at + high] < 0
            ):
                high += 1
            run = range(-low, high)
            if sum(weight(folds[old_at + step]) for step in run) >= 40:
                for step in run:
                    self._pair(old_at + step, new_at + step)


def _longest_increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of `pairs`, sorted by the first, that also rises in the second."""
    tails: list[int] = []
    holders: list[int] = []
    previous = [-1] * len(pairs)
    for number, (_, value) in enumerate(pairs):
        at = bisect_left(tails, value)
        if at == len(tails):
            tails.append(value)
            holders.append(number)
        else:
            tails[at] = value
            holders[at] = number
        if at:
            previous[number] = holders[at - 1]
    result = []
    number = holders[-1] if holders else -1
    while number >= 0:
        result.append(pairs[number])
        number = previous[number]
    result.reverse()
    return result
