import pytest

from tests.support.clock import FakeClock

pytest_plugins = ["tests.support.databases"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
