"""What `/readyz` looks at, and with some of it `/healthz`."""

from collections.abc import Callable

from maskarad.assembly.ground import Ground
from maskarad.db import schema, users
from maskarad.errors import TokenInvalid
from maskarad.ops.gauges import state_of
from maskarad.ops.readiness import Finding, Look
from maskarad.telegram.bots import BotRegistry

_UNHEARD = frozenset({"deaf", "invalid"})
"""States of bots that people talk to in vain, though nobody has wished it."""


def build_readiness(
    ground: Ground,
    registry: BotRegistry,
    *,
    receives: bool,
    has_begun: Callable[[], bool],
    stopping: Callable[[], bool],
) -> dict[str, Look]:
    """`has_begun` once all bots are loaded and served."""

    async def running() -> Finding:
        return Finding.FAILED if stopping() else Finding.OK

    async def database() -> Finding:
        await ground.database.read(lambda connection: users.language_of(connection, 0))
        return Finding.OK

    async def fits() -> Finding:
        await ground.database.read(schema.check)
        return Finding.OK

    async def cache() -> Finding:
        if ground.shared is None:
            return Finding.OFF
        return Finding.OK if ground.shared.is_up else Finding.DEGRADED

    async def bots() -> Finding:
        return _bots(registry) if has_begun() else Finding.FAILED

    async def manager() -> Finding:
        if not receives:
            return Finding.OFF
        try:
            await registry.check_manager()
        except TokenInvalid:
            return Finding.DEGRADED
        return Finding.OK

    return {
        "running": running,
        "database": database,
        "schema": fits,
        "cache": cache,
        "bots": bots,
        "manager": manager,
    }


def _bots(registry: BotRegistry) -> Finding:
    states = {state_of(served.bot, served) for served in registry if served.bot is not None}
    return Finding.OK if states.isdisjoint(_UNHEARD) else Finding.DEGRADED
