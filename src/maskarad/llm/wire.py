"""Bytes to and from an OpenAI-compatible server, through the `openai` SDK, and its exceptions made ours.

What the SDK gives: the endpoint, the headers, one connection pool for all keys. What it would cost is left out: it
checks the request's messages one by one (0.25 ms each) unless they come in `extra_body`, and makes a pydantic object
of every event unless the body is read raw. docs/decisions/model-client.md has the figures.
"""

import email.utils
from collections.abc import Callable, Sequence

import aiohttp
import httpx2
import orjson
from openai import APIStatusError, AsyncOpenAI, DefaultAioHttpClient, OpenAIError

from maskarad.errors import ModelError, ModelRejected, ModelRetryable, SettingsError
from maskarad.llm.failures import from_status
from maskarad.values import JsonObject

NO_KEY = "none"
"""What goes out as the key to a server that asks for none."""


class Wire:
    """One connection pool; keys are named by their place in the list, so that no caller holds one."""

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
        limits = httpx2.Limits(
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=keepalive_expiry,
        )
        client = AsyncOpenAI(
            base_url=base_url,
            api_key=NO_KEY,
            max_retries=0,
            timeout=None,
            http_client=DefaultAioHttpClient(limits=limits),
        )
        self._clients = [client.with_options(api_key=key) for key in keys or (NO_KEY,)]
        self._clock = clock
        self.key_count = len(self._clients)

    async def complete(self, key: int, payload: JsonObject, receive: Callable[[bytes], None]) -> None:
        """Ask for a completion and hand on the body's bytes as they come. Has no time limit of its own.

        Raises ModelError, including any that `receive` raises.
        """
        try:
            async with self._clients[key].chat.completions.with_streaming_response.create(
                model=payload["model"], messages=(), stream=True, extra_body=payload
            ) as response:
                async for chunk in response.iter_bytes():
                    receive(chunk)
        except (OpenAIError, httpx2.HTTPError, aiohttp.ClientError, ValueError) as error:
            raise self._translated(error, payload) from None

    async def models(self, key: int) -> tuple[str, ...]:
        """The names that `GET /models` lists. Raises ModelError."""
        try:
            response = await self._clients[key].models.with_raw_response.list()
            return tuple(each["id"] for each in orjson.loads(response.content)["data"])
        except (OpenAIError, httpx2.HTTPError, aiohttp.ClientError) as error:
            raise self._translated(error, {}) from None
        except (ValueError, KeyError, TypeError):
            raise ModelRejected("refused", "no list of models at this address") from None

    async def close(self) -> None:
        await self._clients[0].close()

    def _translated(self, error: Exception, payload: JsonObject) -> ModelError:
        # The cause is cut off where this is raised: the SDK's text may repeat the key or the message.
        if isinstance(error, APIStatusError):
            headers = error.response.headers
            wait = _retry_after(headers.get("retry-after"), self._clock())
            return from_status(error.status_code, error.body, retry_after=wait, sent=payload.keys())
        if isinstance(error, UnicodeError):
            return ModelRejected("refused", "the prompt is not valid Unicode")
        return ModelRetryable("unavailable", "connection")


def _retry_after(value: str | None, now: float) -> float | None:
    """Seconds from a `Retry-After` header, which holds seconds or a date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None
