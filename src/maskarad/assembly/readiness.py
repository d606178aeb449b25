"""What `/readyz` looks at."""

from collections.abc import Callable

from maskarad.assembly.ground import Ground
from maskarad.db import schema, users
from maskarad.errors import Stopping, TokenInvalid
from maskarad.ops.readiness import Finding, Look
from maskarad.telegram.bots import BotRegistry


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
        if stopping():
            raise Stopping("this process is stopping")
        return Finding.OK

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
        return Finding.OK if has_begun() else Finding.FAILED

    async def manager() -> Finding:
        try:
            await registry.check_manager()
        except TokenInvalid:
            return Finding.DEGRADED
        return Finding.OK if receives else Finding.OFF

    return {
        "running": running,
        "database": database,
        "schema": fits,
        "cache": cache,
        "bots": bots,
        "manager": manager,
    }
