"""Stock clients may repeat what everybody knows; pycrdt's Provider sends back all it receives."""

from __future__ import annotations

import pytest

from crdtchat.document.replica import Replica
from crdtchat.sync.codes import Refused, RejectCode
from crdtchat.sync.limits import REJOIN
from crdtchat.sync.verifier import DUPLICATE
from tests.sync.kernel import NOW, TARGET, Kernel


@pytest.fixture
def kernel() -> Kernel:
    kernel = Kernel()
    kernel.judge("ann", kernel.encode("ann", "a", "anno", ("ann", NOW, *TARGET)))
    kernel.judge("ann", kernel.encode("ann", "c", "anno/cmnt", ("ann", NOW, "first")))
    edit = ("ann", NOW, "better", NOW)
    origin = kernel.last("c", "anno/cmnt")
    kernel.judge("ann", kernel.encode("ann", "c", "anno/cmnt", edit, origin=origin))
    kernel.judge("mod", kernel.encode("mod", "d", "anno", ("mod", NOW)))
    return kernel


def test_the_whole_document_sent_back_is_a_duplicate(kernel: Kernel) -> None:
    assert kernel.judge("eve", kernel.replica.state(), limits=REJOIN) is DUPLICATE


def test_of_own_news_behind_an_echo_only_the_news_counts(kernel: Kernel) -> None:
    kernel.judge("ann", kernel.encode("ann", "a", "next", ("ann", NOW, *TARGET)))
    eve = Replica(client=13)
    eve.apply(kernel.replica.state())
    eve.write([("c", "next/evec", ("eve", NOW, "news"))])
    verdict = kernel.judge("eve", eve.state(), limits=REJOIN)
    assert verdict is not DUPLICATE
    assert kernel.replica.get("c", "next/evec") == ("eve", NOW, "news")


def test_other_words_under_a_foreign_id_are_no_echo(kernel: Kernel) -> None:
    other = Kernel()
    forged = other.encode("ann", "a", "else", ("ann", NOW, *TARGET))
    with pytest.raises(Refused) as caught:
        kernel.judge("eve", forged, limits=REJOIN)
    assert caught.value.code is RejectCode.FOREIGN_CLIENT


def test_one_step_beyond_what_is_known_is_a_foreign_client(kernel: Kernel) -> None:
    beyond = kernel.encode("ann", "s", "anno", (1, "ann", NOW))
    with pytest.raises(Refused) as caught:
        kernel.judge("eve", beyond, limits=REJOIN)
    assert caught.value.code is RejectCode.FOREIGN_CLIENT


def test_a_leased_session_repeats_under_its_own_id_only(kernel: Kernel) -> None:
    other = Kernel()
    first = other.encode("ann", "a", "anno", ("ann", NOW, *TARGET))
    assert kernel.judge("ann", first) is DUPLICATE
    with pytest.raises(Refused) as caught:
        kernel.judge("eve", first)
    assert caught.value.code is RejectCode.FOREIGN_CLIENT
