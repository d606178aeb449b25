"""The platform's own HTTP: Telegram's webhook for every bot, and a word on whether all is well."""

import hmac
from collections.abc import Mapping
from functools import partial

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from maskarad.errors import DatabaseUnavailable, IntakeFull
from maskarad.metrics import CONTENT_TYPE, Metrics
from maskarad.ops.readiness import PATIENCE, Finding, Look, findings
from maskarad.telegram import wire
from maskarad.telegram.bots import BotRegistry, Served
from maskarad.telegram.handling import Handle, UpdateFailed
from maskarad.telegram.reading import Reading
from maskarad.values import Event, JsonObject
from maskarad.web.insiders import refusal

BODY_BYTES = 1024 * 1024
LENGTH_DIGITS = 20
"""Of a Content-Length that can be true; int() raises on one of thousands."""
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"

HEALTH = ("running", "database", "manager")
"""What `/healthz` looks at."""

DECISIVE = frozenset({"running", "database"})
"""Checks without which a process is of no use: by the status a proxy takes it out. What else fails would fail in every
other process too, and all bots would be without any."""


class Refused(Exception):
    """The request is answered with `status` and no body: whoever sent it is not Telegram, or broken."""

    def __init__(self, status: int) -> None:
        self.status = status


def build_app(
    registry: BotRegistry,
    handle: Handle | None,
    *,
    looks: Mapping[str, Look],
    metrics: Metrics,
    metrics_token: str | None = None,
    behind_proxy: bool = False,
    patience: float = PATIENCE,
) -> Starlette:
    """`GET /healthz`; `GET /readyz` and `GET /metrics` for those who may look inside (`insiders.py`);
    `POST /telegram/{public_id}` with a `handle`, where updates come in.

    A webhook is answered 200 only after `handle` has returned, 503 when the database is away or too much waits, and 500
    after a fault of ours: Telegram then delivers the update again.
    404 unknown id, 401 wrong secret, 413 body above 1 MiB, 400 not a JSON object; an update that cannot be read is
    logged and answered 200, as a poll would pass over it. `/healthz` names those of `HEALTH` that are not well: 503
    when one of them is `DECISIVE`, else 200. `/readyz` gives a word for each of `looks`: 503 when one has failed. Each
    may take `patience` seconds.
    """
    reading = Reading(metrics)
    is_refused = partial(refusal, token=metrics_token, behind_proxy=behind_proxy)
    health = {name: look for name, look in looks.items() if name in HEALTH}

    async def receive(request: Request) -> Response:
        try:
            event = await _read(request, registry, reading)
        except Refused as refused:
            return Response(status_code=refused.status)
        return Response(status_code=200 if event is None or handle is None else await _store(event, handle))

    async def healthz(_request: Request) -> Response:
        found = await findings(health, patience)
        failed = [name for name, finding in found.items() if finding in (Finding.FAILED, Finding.DEGRADED)]
        status = 200 if DECISIVE.isdisjoint(failed) else 503
        return JSONResponse({"ok": not failed, "failed": failed}, status_code=status)

    async def readyz(request: Request) -> Response:
        if (status := is_refused(request)) is not None:
            return Response(status_code=status)
        found = await findings(looks, patience)
        ready = Finding.FAILED not in found.values()
        return JSONResponse({"ready": ready, "checks": found}, status_code=200 if ready else 503)

    async def counted(request: Request) -> Response:
        if (status := is_refused(request)) is not None:
            return Response(status_code=status)
        return Response(metrics.exposition(), media_type=CONTENT_TYPE)

    pages = {"/healthz": healthz, "/readyz": readyz, "/metrics": counted}
    routes = [Route(path, page, methods=["GET"]) for path, page in pages.items()]
    if handle is not None:
        routes.append(Route("/telegram/{public_id}", receive, methods=["POST"]))
    return Starlette(routes=routes)


async def _read(request: Request, registry: BotRegistry, reading: Reading) -> Event | None:
    """As `Reading.event`. Raises Refused."""
    served = _sender_of(request, registry)
    update = _parse(await _body(request))
    registry.update_seen(served.bot_id)
    registry.works(served.bot_id)
    return reading.event(update, served.bot_id)


async def _store(event: Event, handle: Handle) -> int:
    """The status that tells Telegram whether to keep the update."""
    try:
        await handle(event)
    except (DatabaseUnavailable, IntakeFull):
        return 503
    except UpdateFailed:
        return 500
    return 200


def _sender_of(request: Request, registry: BotRegistry) -> Served:
    served = registry.find_public(request.path_params["public_id"])
    if served is None or not served.receives:
        raise Refused(404)
    given = request.headers.get(SECRET_HEADER, "")
    if not hmac.compare_digest(given.encode(), served.webhook.secret.encode()):
        raise Refused(401)
    return served


async def _body(request: Request) -> bytes:
    """Read no more than is allowed, whatever the length that was announced, if any."""
    announced = request.headers.get("Content-Length", "0")
    if not (announced.isascii() and announced.isdecimal()):
        raise Refused(400)
    if len(announced) > LENGTH_DIGITS or int(announced) > BODY_BYTES:
        raise Refused(413)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES:
                raise Refused(413)
    except ClientDisconnect:
        raise Refused(400) from None
    return bytes(body)


def _parse(body: bytes) -> JsonObject:
    try:
        update = wire.decode(body)
    except ValueError:
        update = None
    if not isinstance(update, dict):
        raise Refused(400)
    return update
