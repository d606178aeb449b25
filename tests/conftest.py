import pytest

from tests.support.clock import FakeClock

pytest_plugins = ["tests.support.databases", "tests.support.inputs_tried"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
