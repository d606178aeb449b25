"""For what strangers and thieves try."""

from tests.security.arena import arena as arena
from tests.security.aviary import aviary as aviary
from tests.security.aviary import house as house
