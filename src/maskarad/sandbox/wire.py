"""HTTP answers, and closing a connection without one."""

from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_ABORT = "maskarad.sandbox.abort"
"""Key of the scope's extensions."""


class CuttableProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol that lets an endpoint drop the connection, which plain ASGI cannot say."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_ABORT: {"now": self.transport.abort}}


class Json(Response):
    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)


async def cut(request: Request) -> Response:
    """Drops the connection; the returned response reaches nobody."""
    abort: Callable[[], None] = request.scope["extensions"][_ABORT]["now"]
    abort()
    while not await request.is_disconnected():
        await request.receive()
    return Response()
