"""Every rule of PROTOCOL section 3, by the code it refuses with."""

from __future__ import annotations

import pytest

from crdtchat.sync.codes import Refused, RejectCode
from crdtchat.sync.update import Value
from crdtchat.sync.verifier import Accepted
from tests.sync.kernel import NOW, TARGET, Kernel

A = ("ann", NOW, *TARGET)
C = ("ann", NOW, "text")


@pytest.fixture
def kernel() -> Kernel:
    found = Kernel()
    found.thread()
    return found


REFUSED: list[tuple[str, str, str, Value, RejectCode]] = [
    # user, root, key, value, code
    ("eve", "a", "evil", ("ann", NOW, *TARGET), RejectCode.FORGED_AUTHOR),
    ("eve", "c", "anno/c900", C, RejectCode.FORGED_AUTHOR),
    ("eve", "s", "anno", (1, "ann", NOW), RejectCode.FORGED_AUTHOR),
    ("mod", "d", "anno", ("ann", NOW), RejectCode.FORGED_AUTHOR),
    ("eve", "c", "anno/c001", ("ann", NOW, "your words"), RejectCode.NOT_AUTHOR),
    ("eve", "c", "anno/c001", ("eve", NOW, "my words"), RejectCode.NOT_AUTHOR),
    ("mod", "c", "anno/c001", ("mod", NOW, "my words"), RejectCode.NOT_AUTHOR),
    ("eve", "d", "anno", ("eve", NOW), RejectCode.NOT_AUTHOR),
    ("eve", "d", "anno/c001", ("eve", NOW), RejectCode.NOT_AUTHOR),
    ("eve", "r", "anno/c001/ann", "👍", RejectCode.NOT_AUTHOR),
    ("eve", "t", "anno", ("eve", NOW, *TARGET), RejectCode.NOT_AUTHOR),
    ("mod", "t", "anno", ("ann", NOW, *TARGET), RejectCode.FORGED_AUTHOR),
    ("eve", "m", "anno", (1, "eve", NOW), RejectCode.READ_ONLY),
    ("ann", "m", "anno/c001", (1, "ann", NOW), RejectCode.READ_ONLY),
    ("mod", "m", "anno", (1, "ann", NOW), RejectCode.FORGED_AUTHOR),
    ("mod", "m", "anno", (4, "mod", NOW), RejectCode.BAD_VALUE),
    ("mod", "m", "anno", ("1", "mod", NOW), RejectCode.BAD_VALUE),
    ("mod", "m", "anno/c001", (2, "mod", NOW), RejectCode.BAD_VALUE),
    ("mod", "m", "anno/c001/ann", (1, "mod", NOW), RejectCode.BAD_KEY),
    ("mod", "m", "none", (1, "mod", NOW), RejectCode.UNKNOWN_ANNOTATION),
    ("mod", "m", "anno/none", (1, "mod", NOW), RejectCode.UNKNOWN_COMMENT),
    ("mod", "m", "anno", (1, "mod", NOW + 300_001), RejectCode.FUTURE),
    ("ann", "t", "anno", ("ann", NOW + 300_001, *TARGET), RejectCode.FUTURE),
    ("ann", "t", "none", ("ann", NOW, *TARGET), RejectCode.UNKNOWN_ANNOTATION),
    ("ann", "t", "anno/c001", ("ann", NOW, *TARGET), RejectCode.BAD_KEY),
    ("ann", "t", "anno", ("ann", NOW, "x", "", "", 5, 4), RejectCode.BAD_VALUE),
    ("ann", "t", "anno", ("ann", NOW, "x", "y" * 129, "", 0, 1), RejectCode.TOO_LONG),
    ("ann", "t", "anno", ("ann", NOW, *TARGET, "", "", "", 2), RejectCode.BAD_VALUE),
    ("ann", "t", "anno", ("ann", NOW, *TARGET, "", "", "", 1, 0), RejectCode.BAD_VALUE),
    ("ann", "c", "anno/c001", ("ann", NOW - 1, "older"), RejectCode.EXISTS),
    ("ann", "c", "anno/c001", ("ann", NOW - 1, "older", NOW), RejectCode.IMMUTABLE),
    ("bob", "c", "anno/c002", ("bob", NOW, "reply", 0, ""), RejectCode.IMMUTABLE),
    ("ann", "a", "anno", A, RejectCode.EXISTS),
    ("bob", "a", "anno", ("bob", NOW, *TARGET), RejectCode.EXISTS),
    ("ann", "a", "later", ("ann", NOW + 300_001, *TARGET), RejectCode.FUTURE),
    ("ann", "c", "anno/c009", ("ann", NOW + 300_001, "x"), RejectCode.FUTURE),
    ("ann", "c", "anno/c001", ("ann", NOW, "x", NOW + 300_001), RejectCode.FUTURE),
    ("ann", "s", "anno", (1, "ann", NOW + 300_001), RejectCode.FUTURE),
    ("ann", "d", "anno", ("ann", NOW + 300_001), RejectCode.FUTURE),
    ("ann", "c", "none/c001", C, RejectCode.UNKNOWN_ANNOTATION),
    ("ann", "s", "none", (1, "ann", NOW), RejectCode.UNKNOWN_ANNOTATION),
    ("ann", "d", "none", ("ann", NOW), RejectCode.UNKNOWN_ANNOTATION),
    ("ann", "d", "anno/none", ("ann", NOW), RejectCode.UNKNOWN_COMMENT),
    ("ann", "r", "anno/none/ann", "👍", RejectCode.UNKNOWN_COMMENT),
    ("ann", "c", "anno/c009", ("ann", NOW, "x", 0, "none"), RejectCode.UNKNOWN_COMMENT),
    ("ann", "u", "ann", ("Ann the Great",), RejectCode.SERVER_ONLY),
    ("ann", "a", "a/b", A, RejectCode.BAD_KEY),
    ("ann", "a", "abc", A, RejectCode.BAD_KEY),
    ("ann", "a", "x" * 23, A, RejectCode.BAD_KEY),
    ("ann", "a", "__proto__", A, RejectCode.BAD_KEY),
    ("ann", "c", "anno", C, RejectCode.BAD_KEY),
    ("ann", "c", "anno/__proto__", C, RejectCode.BAD_KEY),
    ("ann", "s", "anno/c001", (1, "ann", NOW), RejectCode.BAD_KEY),
    ("ann", "r", "anno/c001", "👍", RejectCode.BAD_KEY),
    ("ann", "r", "anno/c001/a/b", "👍", RejectCode.BAD_KEY),
    ("ann", "d", "anno/c001/ann", ("ann", NOW), RejectCode.BAD_KEY),
    ("ann", "a", "valu", "text", RejectCode.BAD_VALUE),
    ("ann", "a", "valu", A[:6], RejectCode.BAD_VALUE),
    ("ann", "a", "valu", (*A, "text", "", "", ""), RejectCode.BAD_VALUE),
    ("ann", "a", "valu", (*A, "no kind"), RejectCode.BAD_VALUE),
    ("ann", "a", "valu", ("ann", NOW, "", "", "", 0, 0), RejectCode.BAD_VALUE),
    ("ann", "a", "valu", ("ann", NOW, "x", "", "", 5, 4), RejectCode.BAD_VALUE),
    ("ann", "a", "valu", ("ann", NOW, "x", "", "", -1, 4), RejectCode.BAD_VALUE),
    ("ann", "a", "valu", ("ann", "now", *TARGET), RejectCode.BAD_VALUE),
    ("ann", "a", "valu", ("ann", 0, *TARGET), RejectCode.BAD_VALUE),
    ("ann", "c", "anno/c009", ("ann", NOW, 7), RejectCode.BAD_VALUE),
    ("ann", "c", "anno/c009", ("ann", NOW, "x", -1), RejectCode.BAD_VALUE),
    ("ann", "c", "anno/c009", ("ann", NOW, "x", 0, "c009"), RejectCode.BAD_VALUE),
    ("ann", "s", "anno", (2, "ann", NOW), RejectCode.BAD_VALUE),
    ("ann", "r", "anno/c001/ann", "", RejectCode.BAD_VALUE),
    ("ann", "r", "anno/c001/ann", "x" * 65, RejectCode.BAD_VALUE),
    ("ann", "d", "anno", ("ann", NOW, "why"), RejectCode.BAD_VALUE),
    ("ann", "a", "long", ("ann", NOW, "x" * 8_193, "", "", 0, 1), RejectCode.TOO_LONG),
    ("ann", "a", "long", ("ann", NOW, "x", "y" * 129, "", 0, 1), RejectCode.TOO_LONG),
    ("ann", "c", "anno/c009", ("ann", NOW, "x" * 10_001), RejectCode.TOO_LONG),
    ("ann", "x", "anno", "new root", RejectCode.FOREIGN_TYPE),
]


@pytest.mark.parametrize(
    ("user", "root", "key", "value", "code"),
    REFUSED,
    ids=[f"{user}-{root}-{key[:12]}-{code}" for user, root, key, _, code in REFUSED],
)
def test_refused(
    kernel: Kernel, user: str, root: str, key: str, value: Value, code: RejectCode
) -> None:
    """V1: what is refused changes nothing."""
    before = kernel.mirror.state_vector(), kernel.mirror.live_ids()
    with pytest.raises(Refused) as caught:
        kernel.write(user, root, key, value)
    assert caught.value.code is code
    assert (kernel.mirror.state_vector(), kernel.mirror.live_ids()) == before


@pytest.mark.parametrize("root", ["a", "c", "s", "r", "d", "t", "m"])
def test_read_only_role_writes_nowhere(kernel: Kernel, root: str) -> None:
    cases: dict[str, tuple[str, Value]] = {
        "a": ("mine", ("eve", NOW, *TARGET)),
        "c": ("anno/c009", ("eve", NOW, "x")),
        "s": ("anno", (1, "eve", NOW)),
        "r": ("anno/c001/eve", "👍"),
        "d": ("anno", ("eve", NOW)),
        "t": ("anno", ("eve", NOW, *TARGET)),
        "m": ("anno", (1, "eve", NOW)),
    }
    key, value = cases[root]
    with pytest.raises(Refused) as caught:
        kernel.judge("eve", kernel.encode("eve", root, key, value), may_comment=False)
    assert caught.value.code is RejectCode.READ_ONLY
    assert not caught.value.code.hard


ALLOWED: list[tuple[str, str, str, Value]] = [
    ("bob", "a", "more", ("bob", NOW - 10**9, *TARGET)),
    ("bob", "a", "cell", ("bob", NOW, "", "", "", 0, 0, "cell", "cell=9f2")),
    ("bob", "a", "full", ("bob", NOW, *TARGET, "source", "cell=9f2", "v" * 64)),
    ("ann", "c", "anno/c001", ("ann", NOW, "edited", NOW + 1)),
    ("eve", "c", "anno/c009", ("eve", NOW + 300_000, "from a fast clock")),
    ("eve", "c", "anno/c009", ("eve", NOW, "x", 0, "c002")),
    ("eve", "s", "anno", (1, "eve", NOW)),
    ("eve", "r", "anno/c001/eve", "👍 🎉"),
    ("ann", "t", "anno", ("ann", NOW, *TARGET)),
    ("mod", "t", "anno", ("mod", NOW, "other words", "", "", 9, 20, "", "", "v2")),
    ("ann", "t", "anno", ("ann", NOW, "other words", "", "", 9, 20, "", "", "v2", 1)),
    ("mod", "d", "anno/c001", ("mod", NOW)),
    ("mod", "d", "anno", ("mod", NOW)),
    ("bob", "d", "anno/c002", ("bob", NOW)),
    ("mod", "m", "anno", (3, "mod", NOW)),
    ("mod", "m", "anno/c001", (1, "mod", NOW)),
    ("mod", "m", "anno/c001", (0, "mod", NOW)),
]


@pytest.mark.parametrize(("user", "root", "key", "value"), ALLOWED)
def test_allowed(kernel: Kernel, user: str, root: str, key: str, value: Value) -> None:
    assert isinstance(kernel.write(user, root, key, value), Accepted)
    assert kernel.replica.get(root, key) == value


def test_what_never_changes_is_dated_once(kernel: Kernel) -> None:
    """A comment is edited also where the clock was set back behind the time it was made at."""
    kernel.now = NOW - 3_600_000
    edited: Value = ("ann", NOW, "edited", kernel.now)
    assert isinstance(kernel.write("ann", "c", "anno/c001", edited), Accepted)
    assert kernel.replica.get("c", "anno/c001") == edited
    for created in (NOW - 1, NOW + 1):
        with pytest.raises(Refused) as caught:
            kernel.write("ann", "c", "anno/c001", ("ann", created, "edited", kernel.now))
        assert caught.value.code is RejectCode.FUTURE


def test_a_reaction_is_taken_back_by_its_user_only(kernel: Kernel) -> None:
    kernel.write("bob", "r", "anno/c001/bob", "👍")
    with pytest.raises(Refused) as caught:
        kernel.remove("eve", "r", "anno/c001/bob")
    assert caught.value.code is RejectCode.NOT_AUTHOR
    kernel.remove("bob", "r", "anno/c001/bob")
    assert kernel.replica.get("r", "anno/c001/bob") is None


@pytest.mark.parametrize(("root", "key"), [("a", "anno"), ("c", "anno/c001")])
@pytest.mark.parametrize("user", ["ann", "eve", "mod"])
def test_records_never_just_vanish(kernel: Kernel, user: str, root: str, key: str) -> None:
    """V4: not even their author removes them other than by a tombstone."""
    with pytest.raises(Refused) as caught:
        kernel.remove(user, root, key)
    assert caught.value.code is RejectCode.IMMUTABLE


@pytest.mark.parametrize(
    ("user", "root", "key", "value"),
    [
        ("bob", "c", "anno/c009", ("bob", NOW, "late reply")),
        ("bob", "c", "anno/c002", ("bob", NOW, "late edit", NOW, "c001")),
        ("bob", "s", "anno", (1, "bob", NOW)),
        ("ann", "t", "anno", ("ann", NOW, *TARGET)),
        ("bob", "r", "anno/c001/bob", "👍"),
        ("ann", "a", "anno", A),
        ("ann", "d", "anno", ("ann", NOW)),
        ("bob", "d", "anno/c002", ("bob", NOW)),
    ],
)
def test_nothing_is_written_behind_a_tombstone(
    kernel: Kernel, user: str, root: str, key: str, value: Value
) -> None:
    """An edit that raced a delete is refused softly, whoever was first to arrive."""
    kernel.write("ann", "d", "anno", ("ann", NOW))
    with pytest.raises(Refused) as caught:
        kernel.write(user, root, key, value)
    assert caught.value.code is RejectCode.DELETED
    assert not caught.value.code.hard


LATE: list[tuple[str, str, Value]] = [
    ("bob", "anno/c009", ("bob", NOW, "late reply")),
    ("ann", "anno/c009", ("ann", NOW, "late reply", 0, "c001")),
    ("bob", "anno/c002", ("bob", NOW, "late edit", NOW, "c001")),
]


@pytest.mark.parametrize(("user", "key", "value"), LATE)
def test_nothing_is_written_into_a_locked_thread(
    kernel: Kernel, user: str, key: str, value: Value
) -> None:
    """Softly: it may have been written before the lock arrived. Reactions and deletes still go."""
    kernel.write("mod", "m", "anno", (2, "mod", NOW))
    with pytest.raises(Refused) as caught:
        kernel.write(user, "c", key, value)
    assert caught.value.code is RejectCode.LOCKED
    assert not caught.value.code.hard
    kernel.write("bob", "r", "anno/c001/bob", "👍")
    kernel.write("mod", "c", "anno/c00m", ("mod", NOW, "why it is locked"))
    kernel.write("mod", "m", "anno", (0, "mod", NOW + 1))
    kernel.write(user, "c", key, value)


def test_a_hidden_annotation_is_still_written_under(kernel: Kernel) -> None:
    """Hiding is what is shown, not what is allowed."""
    kernel.write("mod", "m", "anno", (1, "mod", NOW))
    assert isinstance(kernel.write("bob", "c", "anno/c009", ("bob", NOW, "reply")), Accepted)


def test_a_reply_may_follow_a_deleted_comment(kernel: Kernel) -> None:
    """Its place stays (PROTOCOL section 3)."""
    kernel.write("ann", "d", "anno/c001", ("ann", NOW))
    kernel.remove("server", "c", "anno/c001")
    kernel.write("bob", "c", "anno/c003", ("bob", NOW, "reply", 0, "c001"))
