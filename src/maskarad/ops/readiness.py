"""Whether a process can do its work now, check by check (`/healthz`, `/readyz`), for whoever decides what it gets."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

import structlog

from maskarad.errors import MaskaradError

log = structlog.get_logger()

PATIENCE = 4.0
"""Seconds that a check may take; one that takes longer has failed. A proxy waits longer (deploy/Caddyfile), and hears
which it was."""


class Finding(StrEnum):
    OK = "ok"
    OFF = "off"
    """It is not part of this process."""
    DEGRADED = "degraded"
    """It is away, or some of it, and the process does its work without."""
    FAILED = "failed"


Look = Callable[[], Awaitable[Finding]]
"""Raises one of our errors for FAILED."""


async def findings(looks: Mapping[str, Look], patience: float = PATIENCE) -> dict[str, Finding]:
    """All at once, by their names."""
    found = await asyncio.gather(*(_found(name, look, patience) for name, look in looks.items()))
    return dict(zip(looks, found, strict=True))


async def _found(name: str, look: Look, patience: float) -> Finding:
    try:
        async with asyncio.timeout(patience):
            return await look()
    except TimeoutError:
        log.warning("check_failed", check=name, error="no answer in time")
    except MaskaradError as error:
        log.warning("check_failed", check=name, error=str(error))
    return Finding.FAILED
