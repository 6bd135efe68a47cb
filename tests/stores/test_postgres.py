"""The PostgreSQL store: the contract."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from hypothesis import Phase, settings

from crdtchat.stores.base import Store
from crdtchat.stores.postgres import PostgresStore
from crdtchat.testing.store_contract_access import AccessContract
from crdtchat.testing.store_contract_audit import AuditContract
from crdtchat.testing.store_contract_erase import ErasingContract
from crdtchat.testing.store_contract_hooks import HooksContract
from crdtchat.testing.store_contract_lists import ListContract
from crdtchat.testing.store_contract_versions import VersionsContract
from crdtchat.testing.store_machine import StoreMachine
from tests.postgres_server import PostgresServer


@pytest.fixture
def anyio_backend() -> str:
    """What meets the event loop is `crdtchat.stores.lane`; SQLite's tests show it on both."""
    return "asyncio"


class TestPostgresStore(
    ErasingContract, VersionsContract, AccessContract, AuditContract, HooksContract, ListContract
):
    @pytest.fixture
    def make_store(self, postgres: PostgresServer) -> Callable[[], Store]:
        return partial(PostgresStore, postgres.url(postgres.fresh()))


def test_random_histories(postgres: PostgresServer) -> None:
    @contextmanager
    def fresh() -> Iterator[Callable[[], Store]]:
        yield partial(PostgresStore, postgres.url(postgres.fresh()))

    class Machine(StoreMachine):
        fresh_data = staticmethod(fresh)

    case = Machine.TestCase
    # Not made smaller: a history costs half a second here.
    case.settings = settings(max_examples=6, deadline=None, phases=[Phase.generate])
    case("runTest").runTest()
