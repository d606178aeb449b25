"""Composition of the sandbox: the parts, the routes, start and stop."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from maskarad.sandbox.botapi import BotApi
from maskarad.sandbox.disorder import Post
from maskarad.sandbox.events import EventFeed
from maskarad.sandbox.faults import Faults
from maskarad.sandbox.flood import FloodLimits
from maskarad.sandbox.human.levers import Levers
from maskarad.sandbox.human.people import id_in_token
from maskarad.sandbox.human.routes import routes as human_routes
from maskarad.sandbox.model import Model
from maskarad.sandbox.refusal import HumanError, Refused
from maskarad.sandbox.state import keep_saved, load_world, save_world
from maskarad.sandbox.telegram import Clock, Telegram
from maskarad.sandbox.webhook import WebhookPusher
from maskarad.sandbox.wire import CuttableProtocol, Json
from maskarad.sandbox.world import Bot

PAGE = Path(__file__).parent / "page"
STOP_SECONDS = 5


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to start. `port` 0 takes a free one; `state` None keeps everything in memory only; `manager_token` makes a
    bot with that token that a reset leaves in place."""

    host: str = "127.0.0.1"
    port: int = 8081
    state: Path | None = None
    manager_token: str | None = None
    flood: bool = False


class SandboxServer(uvicorn.Server):
    """Uvicorn's server that leaves signals to its caller and wakes waiting calls before it stops."""

    def __init__(self, config: uvicorn.Config, telegram: Telegram, listening: socket.socket) -> None:
        super().__init__(config)
        self._telegram = telegram
        self._socket = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._telegram.close()
        await super().shutdown(sockets)

    async def run_until_stopped(self) -> None:
        await self.serve(sockets=[self._socket])

    def stop(self) -> None:
        self.should_exit = True

    @property
    def address(self) -> str:
        """Connections to it are taken from the start, and answered as soon as the server runs."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}"


def make_server(options: Options, clock: Clock = time.time) -> SandboxServer:
    """A sandbox ready to serve, whose time is the clock's. Raises `StateUnreadable`, `OSError` when the port is taken,
    and `HumanError` when the manager's token is no token."""
    telegram = Telegram(load_world(options.state), clock)
    manager = _seat_manager(telegram, options.manager_token) if options.manager_token else None
    config = uvicorn.Config(
        make_app(telegram, options, manager),
        http=CuttableProtocol,
        loop="uvloop",
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=75,
    )
    return SandboxServer(config, telegram, _listen(options.host, options.port))


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket whose protocol is named, because asyncio switches Nagle's algorithm off only for those."""
    family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(2048)
    except OSError:
        listening.close()
        raise
    return listening


def make_app(telegram: Telegram, options: Options, manager: int | None) -> Starlette:
    faults = Faults(telegram.clock)
    api = BotApi(telegram, faults, FloodLimits(telegram.clock) if options.flood else None)
    model = Model(telegram)
    post = Post(telegram.clock)
    routes: list[BaseRoute] = [
        Route("/bot{token}/{method}", api.endpoint, methods=["GET", "POST"]),
        Route("/v1/chat/completions", model.complete, methods=["POST"]),
        Route("/v1/models", model.models, methods=["GET"]),
        Route("/file/bot{token}/{path:path}", api.file, methods=["GET"]),
        *human_routes(telegram, Levers(api, faults, model, post, manager), EventFeed(telegram)),
        Mount("/page", StaticFiles(directory=PAGE, check_dir=False)),
        Mount("/", StaticFiles(directory=PAGE, html=True, check_dir=False)),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            pusher = WebhookPusher(session, api.perform, post, telegram.clock)
            telegram.watch_webhook = pusher.watch
            for bot in telegram.world.bots.values():
                pusher.watch(telegram.mailbox(bot))
            saving = asyncio.create_task(keep_saved(telegram, options.state)) if options.state else None
            yield
            await pusher.stop()
            if saving is not None and options.state is not None:
                telegram.changes.ring()
                await saving
                await save_world(telegram, options.state)

    handlers = {HumanError: _human_error, HTTPException: _not_served}
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def running(options: Options, clock: Clock = time.time) -> AsyncIterator[str]:
    """A sandbox in this process, for tests; yields its address."""
    server = make_server(options, clock)
    serving = asyncio.create_task(server.run_until_stopped())
    try:
        yield server.address
    finally:
        server.stop()
        await serving


def _seat_manager(telegram: Telegram, token: str) -> int:
    bot_id = id_in_token(token)
    bot = telegram.world.bots.get(bot_id)
    if bot is None:
        bot = telegram.world.bots[bot_id] = Bot(bot_id, "Maskarad", "maskarad_manager_bot", "")
    telegram.give_token(bot, token)
    return bot_id


async def _human_error(_: Request, error: HumanError) -> Response:
    return Json({"error": str(error)}, error.status)


async def _not_served(request: Request, error: HTTPException) -> Response:
    if request.url.path.startswith(("/bot", "/file")):
        return Json(Refused(404, "Not Found").envelope(), 404)
    if request.url.path.startswith(("/sandbox", "/v1")):
        return Json({"error": f"{request.method} {request.url.path}: {error.detail}"}, error.status_code)
    return PlainTextResponse(str(error.detail), error.status_code)
