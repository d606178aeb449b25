"""python-telegram-bot's network side on aiohttp: JSON bodies, one pool for every bot, no address in any error."""

from collections.abc import AsyncGenerator
from io import BytesIO
from typing import Any

import aiohttp
import orjson
from telegram.error import BadRequest, InvalidToken, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from maskarad.telegram import wire
from maskarad.values import JsonObject

CONNECT_SECONDS = 10.0
"""How long one attempt to reach Telegram's host may take."""

CHUNK_BYTES = 256 * 1024

_JSON = {"Content-Type": "application/json"}


class NoConnection(NetworkError):
    """Telegram was never reached: the call cannot have had any effect."""

    __slots__ = ()


class AiohttpRequest(BaseRequest):
    """One pool of connections shared by all bots.

    `pool_size` connections at most; 0 means no bound, which is for long polls only: each holds a connection for
    as long as it waits, so they have an `AiohttpRequest` of their own and can never starve the sending of messages.
    `pool_timeout` is how many seconds a call waits for a free connection before it fails with `NoConnection`.
    """

    __slots__ = ("_default_timeout", "_pool_size", "_pool_timeout", "_read_timeout", "_session")

    def __init__(self, *, pool_size: int, pool_timeout: float, read_timeout: float) -> None:
        self._pool_size = pool_size
        self._pool_timeout = pool_timeout
        self._read_timeout = read_timeout
        self._default_timeout = self._timeout(read_timeout)
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return self._read_timeout

    async def initialize(self) -> None:
        """Opens the pool; it belongs to the running event loop. Opening twice does nothing."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._pool_size, ttl_dns_cache=300),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._default_timeout,
                headers={"User-Agent": self.USER_AGENT},
            )

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Send one request; of the four timeouts only `read_timeout` can differ from call to call.

        Raises NoConnection, TimedOut or NetworkError. None of them refers to aiohttp's error, which has the address
        and with it the token.
        """
        if self._session is None:
            raise NoConnection("the transport is not open")
        timeout = self._default_timeout if read_timeout is BaseRequest.DEFAULT_NONE else self._timeout(read_timeout)
        body, headers = _body(request_data)
        try:
            async with self._session.request(method, url, data=body, headers=headers, timeout=timeout) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = _without_address(error)
        raise failure

    async def stream(self, url: str) -> AsyncGenerator[bytes, None]:
        """What stands at an address, bit by bit, however long it takes as long as something comes. To be closed by
        whoever does not read to the end.

        Raises BadRequest when there is nothing, InvalidToken when the token is refused, and otherwise what
        `do_request` does, as free of the address.
        """
        if self._session is None:
            raise NoConnection("the transport is not open")
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

    @staticmethod
    def parse_json_payload(payload: bytes) -> JsonObject:
        """Read an answer, always an object. Raises python-telegram-bot's TelegramError."""
        try:
            parsed = wire.decode(payload)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            raise TelegramError("the answer is not a JSON object")
        return parsed

    def _timeout(self, read: float | None) -> aiohttp.ClientTimeout:
        total = None if read is None else self._pool_timeout + read
        return aiohttp.ClientTimeout(
            total=total, connect=self._pool_timeout, sock_connect=CONNECT_SECONDS, sock_read=read
        )


def _body(request_data: RequestData | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str] | None]:
    if request_data is None:
        return None, None
    if request_data.contains_files:
        return _form(request_data), None
    return wire.encode(request_data.parameters), _JSON


def _form(request_data: RequestData) -> aiohttp.FormData:
    # Without quoting, file names go as they are: Telegram would show the percents.
    form = aiohttp.FormData(quote_fields=False)
    fields = orjson.loads(wire.encode(request_data.parameters))
    for name, value in fields.items():
        form.add_field(name, value if isinstance(value, str) else orjson.dumps(value).decode())
    for name, (filename, content, content_type) in request_data.multipart_data.items():
        # Bytes would be written in one go, and the loop would stand still for as long.
        body = BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, body, filename=" ".join(filename.split()), content_type=content_type)
    return form


def _refuse(status: int) -> None:
    if status == 401:
        raise InvalidToken("Unauthorized")
    if status >= 500 or status == 429:
        raise NetworkError(f"the file is not to be had now ({status})")
    if status != 200:
        raise BadRequest(f"the file is not there ({status})")


def _without_address(error: Exception) -> NetworkError:
    name = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL):
        return NoConnection(f"no connection ({name})")
    if isinstance(error, TimeoutError):
        return TimedOut(f"no answer in time ({name})")
    return NetworkError(f"the connection broke ({name})")
