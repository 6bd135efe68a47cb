"""The broker between hubs of one process: the contract."""

from __future__ import annotations

from functools import partial

import pytest

from crdtchat.brokers.memory import MemoryBroker, MemoryExchange
from crdtchat.testing.broker_contract import BrokerContract, MakeBroker


class TestMemoryBroker(BrokerContract):
    @pytest.fixture
    def make_broker(self) -> MakeBroker:
        return partial(MemoryBroker, MemoryExchange())
