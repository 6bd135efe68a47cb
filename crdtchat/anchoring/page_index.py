"""A text made ready to be searched by many annotations."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import numpy.typing as npt

from crdtchat.anchoring.tokens import Tokens, glue, stem, tokenize, weight_cap

Ints = npt.NDArray[np.int32]

#: Rarity is measured against at least this many tokens, so that small pages do not look common.
_FEWEST = 2048
_LIGHTEST = 2


class PageIndex:
    """Where every token and every pair of tokens of a text stands.

    Nothing is computed before it is needed: annotations that still stand where they stood cost
    no more than a comparison. Building is linear in the text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens: Tokens | None = None
        self._cache: dict[str, str] = {}
        self._vocabulary: dict[str, int] = {}
        self._stems: dict[str, int] = {"": -1}
        self._ids: list[int] = []
        self._postings: list[list[int]] = []
        self._weights: list[int] = []
        self._pairs: dict[int, list[int]] | None = None
        self._id_array: Ints | None = None
        self._stem_array: Ints | None = None
        self._glue_array: Ints | None = None

    @property
    def tokens(self) -> Tokens:
        """The tokens of the text."""
        if self._tokens is None:
            self._tokens = tokenize(self.text, self._cache)
        return self._tokens

    @property
    def ids(self) -> list[int]:
        """The number of each token's folded form."""
        self._build()
        return self._ids

    def _build(self) -> None:
        if self._id_array is not None:
            return
        tokens = self.tokens
        vocabulary = self._vocabulary
        postings = self._postings
        ids = self._ids
        for at, folded in enumerate(tokens.folds):
            number = vocabulary.get(folded)
            if number is None:
                number = vocabulary[folded] = len(postings)
                postings.append([at])
            else:
                postings[number].append(at)
            ids.append(number)
        scale = 4 * max(_FEWEST, len(ids))
        self._weights = [
            max(_LIGHTEST, min(weight_cap(folded), (scale // len(postings[number])).bit_length()))
            for folded, number in vocabulary.items()
        ]
        stems = self._stems
        of_word = [stems.setdefault(stem(folded), len(stems) - 1) for folded in vocabulary]
        self._id_array = np.array(ids, dtype=np.int32)
        self._stem_array = np.array(of_word or [-1], dtype=np.int32)[self._id_array]

    @property
    def id_array(self) -> Ints:
        """`ids` as an array."""
        self._build()
        assert self._id_array is not None
        return self._id_array

    @property
    def stem_array(self) -> Ints:
        """The number of each token's stem, -1 for tokens without one."""
        self._build()
        assert self._stem_array is not None
        return self._stem_array

    @property
    def glue_array(self) -> Ints:
        """1 for tokens that the next token touches, 0 for those before white space."""
        if self._glue_array is None:
            self._glue_array = np.array(glue(self.tokens), dtype=np.int32)
        return self._glue_array

    def number(self, folded: str) -> int:
        """The number of a folded form, -1 if the text does not have it."""
        self._build()
        return self._vocabulary.get(folded, -1)

    def numbers(self, folds: list[str]) -> list[int]:
        """The same of many."""
        self._build()
        known = self._vocabulary.get
        return [known(folded, -1) for folded in folds]

    def weight(self, folded: str) -> int:
        """How much a match of this form tells, in bits of rarity."""
        number = self.number(folded)
        if number >= 0:
            return self._weights[number]
        scale = 4 * max(_FEWEST, len(self._ids))
        return max(_LIGHTEST, min(weight_cap(folded), scale.bit_length()))

    def weight_at(self, place: int) -> int:
        """How much a match of the token at a place tells, in bits of rarity."""
        return self._weights[self._ids[place]]

    def look_up(self, folds: list[str]) -> tuple[list[int], list[int], list[int]]:
        """Numbers, stems and weights of many folded forms at once."""
        self._build()
        vocabulary, weights, stems = self._vocabulary, self._weights, self._stems
        rarest = (4 * max(_FEWEST, len(self._ids))).bit_length()
        found_ids, found_stems, found_weights = [], [], []
        for folded in folds:
            number = vocabulary.get(folded, -1)
            found_ids.append(number)
            shared = stem(folded)
            found_stems.append(stems.get(shared, -2) if shared else -2)
            found_weights.append(
                weights[number] if number >= 0 else max(_LIGHTEST, min(weight_cap(folded), rarest))
            )
        return found_ids, found_stems, found_weights

    def postings(self, number: int) -> list[int]:
        """Where a token stands, in order."""
        return self._postings[number]

    def pair_postings(self, first: int, second: int) -> list[int]:
        """Where `second` directly follows `first`: positions of `first`, in order."""
        if self._pairs is None:
            pairs: dict[int, list[int]] = {}
            ids = self.ids
            size = len(self._postings)
            for at in range(len(ids) - 1):
                pairs.setdefault(ids[at] * size + ids[at + 1], []).append(at)
            self._pairs = pairs
        return self._pairs.get(first * len(self._postings) + second, [])

    def token_at(self, offset_cp: int) -> int:
        """The number of the first token that starts at or after an offset."""
        return bisect_left(self.tokens.starts, offset_cp)

    def fold_cache(self) -> dict[str, str]:
        """Folded forms by raw form, shared with queries."""
        return self._cache
