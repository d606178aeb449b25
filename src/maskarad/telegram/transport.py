"""HTTP to Telegram on aiohttp: JSON bodies, one pool for every bot, no address in any error."""

from collections.abc import AsyncGenerator, Mapping
from io import BytesIO
from mimetypes import guess_type
from types import TracebackType
from typing import NamedTuple

import aiohttp
import orjson

from maskarad.errors import NothingSent, TelegramError, TelegramRefused, TelegramUnreachable, TokenInvalid
from maskarad.telegram import wire
from maskarad.values import JsonObject

CONNECT_SECONDS = 10.0
"""How long one attempt to reach Telegram's host may take."""

CHUNK_BYTES = 256 * 1024

AGENT = "maskarad"

_JSON = {"Content-Type": "application/json"}


class Upload(NamedTuple):
    """A parameter that is a file: it makes the call a multipart form."""

    name: str
    content: bytes


class AiohttpRequest:
    """One pool of connections shared by all bots.

    `pool_size` connections at most; 0 means no bound, which is for long polls only: each holds a connection for
    as long as it waits, so they have an `AiohttpRequest` of their own and can never starve the sending of messages.
    `pool_timeout` is how many seconds a call waits for a free connection before it fails with `NothingSent`,
    `read_timeout` how many it waits for an answer.
    """

    def __init__(self, *, pool_size: int, pool_timeout: float, read_timeout: float) -> None:
        self._pool_size = pool_size
        self._pool_timeout = pool_timeout
        self._read_timeout = read_timeout
        self._default_timeout = self._timeout(read_timeout)
        self._session: aiohttp.ClientSession | None = None

    async def initialize(self) -> None:
        """Opens the pool; it belongs to the running event loop. Opening twice does nothing."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._pool_size, ttl_dns_cache=300),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._default_timeout,
                headers={"User-Agent": AGENT},
            )

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def __aenter__(self) -> "AiohttpRequest":
        await self.initialize()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.shutdown()

    async def post(
        self, url: str, parameters: JsonObject, files: Mapping[str, Upload], *, read_timeout: float | None = None
    ) -> tuple[int, bytes]:
        """Status and body of the answer, whatever they are; `read_timeout` is the pool's own unless given.

        Raises NothingSent and TelegramUnreachable. None of them refers to aiohttp's error, which has the address and
        with it the token.
        """
        if self._session is None:
            raise NothingSent("the transport is not open")
        timeout = self._default_timeout if read_timeout is None else self._timeout(read_timeout)
        body, headers = (_form(parameters, files), None) if files else (wire.encode(parameters), _JSON)
        try:
            async with self._session.post(url, data=body, headers=headers, timeout=timeout) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = _without_address(error)
        raise failure

    async def stream(self, url: str) -> AsyncGenerator[bytes, None]:
        """What stands at an address, bit by bit, however long it takes as long as something comes. To be closed by
        whoever does not read to the end.

        Raises TelegramRefused when there is nothing, TokenInvalid when the token is refused, and otherwise what `post`
        does, as free of the address.
        """
        if self._session is None:
            raise NothingSent("the transport is not open")
        timeout = aiohttp.ClientTimeout(
            connect=self._pool_timeout, sock_connect=CONNECT_SECONDS, sock_read=self._read_timeout
        )
        try:
            async with self._session.get(url, timeout=timeout) as answer:
                _refuse(answer.status)
                async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                    yield chunk
                return
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = _without_address(error)
        raise failure

    def _timeout(self, read: float) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=self._pool_timeout + read, connect=self._pool_timeout, sock_connect=CONNECT_SECONDS, sock_read=read
        )


def _form(parameters: JsonObject, files: Mapping[str, Upload]) -> aiohttp.FormData:
    # Without quoting, file names go as they are: Telegram would show the percents.
    form = aiohttp.FormData(quote_fields=False)
    for name, value in orjson.loads(wire.encode(parameters)).items():
        form.add_field(name, value if isinstance(value, str) else orjson.dumps(value).decode())
    for name, file in files.items():
        # Bytes would be written in one go, and the loop would stand still for as long.
        content_type = guess_type(file.name)[0] or "application/octet-stream"
        form.add_field(name, BytesIO(file.content), filename=" ".join(file.name.split()), content_type=content_type)
    return form


def _refuse(status: int) -> None:
    if status == 401:
        raise TokenInvalid("Unauthorized")
    if status >= 500 or status == 429:
        raise TelegramUnreachable(f"the file is not to be had now ({status})")
    if status != 200:
        raise TelegramRefused(f"the file is not there ({status})")


def _without_address(error: Exception) -> TelegramError:
    name = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL):
        return NothingSent(f"no connection ({name})")
    if isinstance(error, TimeoutError):
        return TelegramUnreachable(f"no answer in time ({name})")
    return TelegramUnreachable(f"the connection broke ({name})")
