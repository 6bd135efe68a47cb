"""The memory store: the contract, on data that several stores share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from crdtchat.stores.base import Store
from crdtchat.stores.memory import MemoryData, MemoryStore
from crdtchat.testing.store_contract_access import AccessContract
from crdtchat.testing.store_contract_audit import AuditContract
from crdtchat.testing.store_contract_erase import ErasingContract
from crdtchat.testing.store_contract_hooks import HooksContract
from crdtchat.testing.store_contract_lists import ListContract
from crdtchat.testing.store_contract_versions import VersionsContract
from crdtchat.testing.store_machine import StoreMachine


class TestMemoryStore(
    ErasingContract, VersionsContract, AccessContract, AuditContract, HooksContract, ListContract
):
    @pytest.fixture
    def make_store(self) -> Callable[[], Store]:
        return partial(MemoryStore, MemoryData())


@contextmanager
def memory_data() -> Iterator[Callable[[], Store]]:
    yield partial(MemoryStore, MemoryData())


class MemoryMachine(StoreMachine):
    fresh_data = staticmethod(memory_data)


TestMemoryMachine = MemoryMachine.TestCase
