"""A page's comments as a pandas DataFrame. pandas is optional and imported on use."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from crdtchat.document.view import Annotation

COLUMNS = (
    *("aid", "cid", "quote", "prefix", "suffix", "start_cp", "end_cp", "kind", "part"),
    *("author", "author_name", "created", "edited", "text", "parent", "reactions"),
    *("resolved", "deleted"),
)

_TYPES = {"start_cp": "int64", "end_cp": "int64", "resolved": "bool", "deleted": "bool"}


def rows(annotations: Iterable[Annotation]) -> list[tuple[object, ...]]:
    """One row a comment, in the order of `COLUMNS`; times in milliseconds since 1970."""
    return [
        (
            annotation.aid,
            comment.cid,
            *(annotation.target.exact, annotation.target.prefix, annotation.target.suffix),
            *(annotation.target.start_cp, annotation.target.end_cp),
            *(annotation.target.kind, annotation.target.part),
            *(comment.author, comment.author_name, comment.created, comment.edited or None),
            *(comment.text, comment.parent),
            {reaction.emoji: len(reaction.users) for reaction in comment.reactions},
            *(annotation.resolved, comment.deleted is not None),
        )
        for annotation in annotations
        for comment in annotation.comments
    ]


def to_dataframe(annotations: Iterable[Annotation]) -> Any:
    """One row a comment; `created` and `edited` as UTC timestamps. Raises ImportError without
    pandas."""
    try:
        pandas: Any = import_module("pandas")
    except ModuleNotFoundError as error:
        raise ImportError("a table needs pandas: pip install pandas") from error
    # Of a page without comments pandas cannot see what its columns hold.
    frame = pandas.DataFrame(rows(annotations), columns=list(COLUMNS)).astype(_TYPES)
    for column in ("created", "edited"):
        frame[column] = pandas.to_datetime(frame[column], unit="ms", utc=True)
    return frame
