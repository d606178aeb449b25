"""The least HTTP server that aiohttp's client is content with: keep-alive, whole bodies, an answer now or later."""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)

Serve = Callable[["Exchange", bytes, bytes], None]
"""Called with each request's path and body; answers through the exchange, at once or later."""


class Exchange(asyncio.Protocol):
    """One connection. A client sends its next request only after the answer to the one before."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._path = b""
        self._body: list[bytes] = []

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._path = url

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        body = b"".join(self._body)
        self._body.clear()
        self._serve(self, self._path, body)

    def json(self, body: bytes) -> None:
        self._write(JSON_HEAD % len(body) + body)

    def stream(self, chunks: bytes) -> None:
        """`chunks` are already framed, the last one included."""
        self._write(STREAM_HEAD + chunks)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
