import pytest

from tests.support.clock import FakeClock

pytest_plugins = ["tests.support.databases", "tests.support.inputs_tried", "tests.journeys.fixtures"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
