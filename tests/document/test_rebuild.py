"""What a rebuilt document holds and what it does not."""

from crdtchat.document import rebuild
from crdtchat.document.replica import Replica
from crdtchat.document.rules import RULES
from crdtchat.document.schema import ROOTS
from crdtchat.document.view import read_view
from crdtchat.sync.fold import fold
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.rules import is_server_client, server_client
from crdtchat.sync.update import Value

T = 1_700_000_000_000
TARGET = ("words", "before ", " after", 7, 12)


def page() -> rebuild.Content:
    """Ann's thread with Bob's answer, Bob's thread with Ann's answer, Ann's own alone."""
    written: list[tuple[str, str, Value]] = [
        ("a", "anns-one", ("ann", T, *TARGET)),
        ("c", "anns-one/open", ("ann", T, "Ann opens")),
        ("c", "anns-one/bobs", ("bob", T + 1, "Bob answers @ann", 0, "open")),
        ("r", "anns-one/open/bob", "👍"),
        ("r", "anns-one/bobs/ann", "🎉"),
        ("s", "anns-one", (1, "ann", T + 2)),
        ("t", "anns-one", ("ann", T + 2, *TARGET)),
        ("a", "bobs-one", ("bob", T, *TARGET)),
        ("c", "bobs-one/open", ("bob", T, "Bob opens")),
        ("c", "bobs-one/anns", ("ann", T + 1, "Ann answers")),
        ("d", "bobs-one/gone", ("ann", T + 3)),
        ("a", "ann-alone", ("ann", T, *TARGET)),
        ("c", "ann-alone/open", ("ann", T, "Ann to herself")),
        ("u", "ann", ("Ann Name",)),
        ("u", "bob", ("Bob Name",)),
    ]
    content: rebuild.Content = {root: {} for root in ROOTS}
    for root, key, value in written:
        content[root][key] = value
    return content


def test_content_reads_back_as_it_was_written() -> None:
    client = server_client(2)
    state = rebuild.encode_content(page(), client)
    replica, mirror = Replica(), Mirror()
    replica.apply(state)
    fold(state, mirror, RULES)
    assert rebuild.read_content(replica) == page()
    assert list(mirror.state_vector()) == [client]
    empty: rebuild.Content = {root: {} for root in ROOTS}
    assert rebuild.encode_content(empty, client) == b"\0\0"


def test_a_forgotten_annotation_leaves_a_tombstone_that_names_nobody() -> None:
    left = rebuild.forget_annotations(page(), {"anns-one", "ann-alone"}, T + 9)
    assert left["d"] == {
        "bobs-one/gone": ("ann", T + 3),
        "anns-one": ("", T + 9),
        "ann-alone": ("", T + 9),
    }
    assert set(left["a"]) == {"bobs-one"}
    assert set(left["c"]) == {"bobs-one/open", "bobs-one/anns"}
    assert not left["r"] and not left["s"] and not left["t"]
    assert left["u"] == page()["u"]
    assert "Ann opens" not in repr(left)


def test_names_go_with_the_last_record_that_names_them() -> None:
    left = rebuild.forget_annotations(page(), rebuild.annotation_ids(page()), T + 9)
    assert left["u"] == {}
    assert not left["a"] and not left["c"]


def test_a_forgotten_user_is_nowhere_and_the_others_words_stay() -> None:
    left = rebuild.forget_user(page(), "ann", T + 9)
    assert "ann" not in rebuild.users(left) | set(left["u"])
    assert left["u"] == {"bob": ("Bob Name",)}
    assert left["a"] == {
        "anns-one": ("", T, *TARGET),
        "bobs-one": ("bob", T, *TARGET),
    }
    assert left["c"] == {
        "anns-one/bobs": ("bob", T + 1, "Bob answers @ann", 0, "open"),
        "bobs-one/open": ("bob", T, "Bob opens"),
    }
    assert left["r"] == {}
    assert left["s"] == {"anns-one": (1, "", T + 2)}
    assert left["t"]["anns-one"][0] == ""
    assert left["d"] == {
        "bobs-one/gone": ("", T + 3),
        "anns-one/open": ("", T + 9),
        "bobs-one/anns": ("", T + 9),
        "ann-alone": ("", T + 9),
    }


def test_the_thread_of_a_forgotten_user_is_still_shown() -> None:
    replica = Replica()
    replica.apply(
        rebuild.encode_content(rebuild.forget_user(page(), "ann", T + 9), server_client(2))
    )
    thread = next(found for found in read_view(replica) if found.aid == "anns-one")
    assert (thread.author, thread.author_name, thread.resolved) == ("", "", True)
    assert [comment.text for comment in thread.comments if comment.deleted is None] == [
        "Bob answers @ann"
    ]


def test_the_servers_id_of_an_epoch_is_nobody_elses() -> None:
    ids = [server_client(epoch) for epoch in range(1, 50)]
    assert len(set(ids)) == len(ids)
    assert all(map(is_server_client, ids))
    assert not any(is_server_client(client) for client in (2, 3, 2**31, 2**32 - 1, 2**53 - 1))
