"""The stage of the journeys, for what strangers and thieves try on it."""

from tests.journeys.conftest import sandbox as sandbox
from tests.journeys.conftest import sandbox_address as sandbox_address
from tests.journeys.conftest import stage as stage
