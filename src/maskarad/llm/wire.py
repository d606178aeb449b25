"""Bytes to and from an OpenAI-compatible server; whatever goes wrong on the way becomes an error of ours.

docs/decisions/model-client.md says why no SDK stands here, and what became of the things it did unasked.
"""

import email.utils
import math
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec
import orjson

from maskarad.errors import ModelError, ModelRejected, ModelRetryable, SettingsError
from maskarad.llm.failures import from_status
from maskarad.values import JsonObject

NO_KEY = "none"
"""What goes out as the key to a server that asks for none: behind a gateway one may still want the header."""
LONGEST_REST = 3600.0
"""Seconds of a `Retry-After` that are believed."""
MOST_OF_A_REFUSAL = 64 * 1024
"""Bytes that are read of the body of a refusal."""
MOST_OF_A_LIST = 16 * 1024 * 1024
"""Bytes that a list of models may have; that of OpenRouter has less than one."""

_HEADERS = {"Content-Type": "application/json", "User-Agent": "Maskarad"}

_Receive = Callable[[bytes], None]


class ListedModel(msgspec.Struct):
    """What `GET /models` says of a model; `pricing` is OpenRouter's, dollars for a token, and others may have anything
    of that name."""

    id: str
    pricing: object = None


class _Models(msgspec.Struct):
    data: tuple[ListedModel, ...]


class Wire:
    """One connection pool; keys are named by their place in the list, so that no caller holds one.

    No error refers to one of aiohttp's, which may hold the key or the message.
    """

    def __init__(
        self,
        *,
        base_url: str,
        keys: Sequence[str],
        max_connections: int,
        keepalive_expiry: float,
        clock: Callable[[], float],
    ) -> None:
        if not all(key.isascii() and key.isprintable() for key in keys):
            raise SettingsError("LLM_API_KEY: a key may hold Latin letters, digits and signs only")
        base = base_url.rstrip("/")
        self._completions_url = f"{base}/chat/completions"
        self._models_url = f"{base}/models"
        self._proxy = _proxy_for(base)
        self._credentials = [{"Authorization": f"Bearer {key}"} for key in keys or (NO_KEY,)]
        self._max_connections = max_connections
        self._keepalive_expiry = keepalive_expiry
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self.key_count = len(self._credentials)

    async def complete(self, key: int, payload: JsonObject, receive: _Receive) -> None:
        """Ask for a completion and hand on the body's bytes as they come. Has no time limit of its own.

        Raises ModelError, including any that `receive` raises.
        """
        await self._request("POST", self._completions_url, key, receive, _encoded(payload), payload.keys())

    async def models(self, key: int) -> tuple[ListedModel, ...]:
        """What `GET /models` lists. Raises ModelError."""
        body = bytearray()

        def receive(chunk: bytes) -> None:
            body.extend(chunk)
            if len(body) > MOST_OF_A_LIST:
                raise ModelRejected("refused", "endless list of models")

        await self._request("GET", self._models_url, key, receive)
        try:
            return msgspec.json.decode(body, type=_Models).data
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise ModelRejected("refused", "no list of models at this address") from None

    async def close(self) -> None:
        """Calls that are under way fail, and so do later ones."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def _request(
        self,
        method: str,
        url: str,
        key: int,
        receive: _Receive,
        body: bytes | None = None,
        sent: Collection[str] = (),
    ) -> None:
        failure: ModelError
        try:
            async with self._opened().request(method, url, data=body, headers=self._credentials[key]) as answer:
                if answer.status < 300:
                    async for chunk in answer.content.iter_any():
                        receive(chunk)
                    return
                failure = await self._refusal(answer, sent)
        except (aiohttp.ClientError, OSError, ValueError):
            failure = ModelRetryable("unavailable", "connection")
        raise failure

    def _opened(self) -> aiohttp.ClientSession:
        """The session belongs to the running event loop, so it is the first call that makes it."""
        if self._closed:
            raise ModelError("unavailable", "closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._max_connections, keepalive_timeout=self._keepalive_expiry),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_HEADERS,
                proxy=self._proxy,
                timeout=aiohttp.ClientTimeout(),
            )
        return self._session

    async def _refusal(self, answer: aiohttp.ClientResponse, sent: Collection[str]) -> ModelError:
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) >= MOST_OF_A_REFUSAL:
                break
        wait = _retry_after(answer.headers.get("Retry-After"), self._clock())
        return from_status(answer.status, _decoded(bytes(body)), retry_after=wait, sent=sent)


def _encoded(payload: JsonObject) -> bytes:
    with suppress(UnicodeEncodeError):
        return msgspec.json.encode(payload)
    raise ModelRejected("refused", "the prompt is not valid Unicode")


def _decoded(body: bytes) -> object:
    """JSON, else the text."""
    with suppress(ValueError):
        return orjson.loads(body)
    return body.decode("utf-8", "replace")


def _proxy_for(url: str) -> str | None:
    """What HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say about an address.

    aiohttp would look on every call, in a thread, and would put what ~/.netrc holds in the key's place.
    """
    parts, proxies = urlsplit(url), getproxies()
    if proxy_bypass(parts.hostname or ""):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")


def _retry_after(value: str | None, now: float) -> float | None:
    """Seconds from a `Retry-After` header, which holds seconds or a date."""
    seconds = None
    with suppress(ValueError):
        seconds = email.utils.parsedate_to_datetime(value or "").timestamp() - now
    with suppress(ValueError):
        seconds = float(value or "")
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(0.0, seconds), LONGEST_REST)
