"""What happens, as it happens, for the human side: server-sent events and a long poll over the same ring."""

from collections.abc import AsyncIterator

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from maskarad.sandbox.refusal import HumanError
from maskarad.sandbox.ring import Ring
from maskarad.sandbox.telegram import Telegram
from maskarad.sandbox.wire import Json
from maskarad.sandbox.world import Body

MAX_EVENTS_PER_ANSWER = 1_000
MAX_WAIT_SECONDS = 60.0
KEEPALIVE_SECONDS = 15.0


def number(request: Request, name: str, default: float = 0) -> float:
    """A number from the query string."""
    given = request.query_params.get(name)
    try:
        return default if given is None else float(given)
    except ValueError:
        raise HumanError(400, f"{name} must be a number") from None


class EventFeed:
    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    @property
    def _events(self) -> Ring[Body]:
        return self._telegram.events

    async def long_poll(self, request: Request) -> Response:
        after = min(int(number(request, "after")), self._events.last)
        seconds = min(number(request, "wait"), MAX_WAIT_SECONDS)
        found = await self._events.wait_after(after, seconds, MAX_EVENTS_PER_ANSWER)
        return Json({"next": found[-1]["seq"] if found else after, "events": found})

    async def stream(self, request: Request) -> Response:
        resumed = request.headers.get("last-event-id", "")
        after = int(resumed) if resumed.isascii() and resumed.isdigit() else int(number(request, "after"))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        told = self._told(min(after, self._events.last))
        return StreamingResponse(told, media_type="text/event-stream", headers=headers)

    async def _told(self, after: int) -> AsyncIterator[bytes]:
        yield b": welcome\n\n"
        while not self._telegram.closing.is_set():
            found = await self._events.wait_after(after, KEEPALIVE_SECONDS, MAX_EVENTS_PER_ANSWER)
            if found:
                after = found[-1]["seq"]
                yield b"".join(_framed(event) for event in found)
            else:
                yield b": still here\n\n"


def _framed(event: Body) -> bytes:
    data = orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS)
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event["seq"], event["kind"].encode(), data)
