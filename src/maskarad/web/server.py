"""uvicorn inside our own event loop: it takes no signals, writes no access log, and says which port it got."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

STOP_SECONDS = 10
"""How long requests in work may take once the server is to stop."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the platform's: it has more to stop than this server."""
        yield


class HttpServer:
    """Serves `app` from `start` to `stop`."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        """`port` 0 takes any free one; `port` then tells which, from construction on. Raises OSError when the
        address is taken."""
        self._socket = socket.create_server((host, port), family=_family(host), backlog=1_024)
        self.port: int = self._socket.getsockname()[1]
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when requests are accepted."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="http server")
        await self._server.ready.wait()

    async def stop(self) -> None:
        """Accepts nothing more and lets requests in work end."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
