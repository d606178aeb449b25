"""A Bot API server that answers whatever a test tells it to, however wrong, over real HTTP."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from maskarad.values import Token

MESSAGE = {"message_id": 77, "date": 1_700_000_000, "chat": {"id": 5, "type": "private", "first_name": "A"}}


class Call(NamedTuple):
    token: str
    method: str
    params: dict[str, Any]
    at: float
    connection: int


class Raw(NamedTuple):
    """An answer as it goes over the wire."""

    status: int
    body: bytes
    content_type: str = "application/json"


class Broken(NamedTuple):
    """The beginning of an answer that promised more, then the connection closes."""

    body: bytes


class Sent(NamedTuple):
    """A file as it came in a form."""

    name: str
    content_type: str
    content: bytes


class Cut:
    """Close the connection without a word."""


class Hang:
    """Never answer."""


def refusal(status: int, description: str, **parameters: object) -> Raw:
    body: dict[str, object] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Raw(status, orjson.dumps(body))


class Stub:
    """`script(method, …)` queues answers; without any, every method has a harmless one. What is downloaded from
    `files_url` has the method "file"."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.open_calls = 0
        self.open_tokens: Counter[str] = Counter()
        self.most_open = 0
        self.url = self.files_url = ""
        self._scripts: dict[tuple[str, str], deque[Any]] = defaultdict(deque)
        self._told = asyncio.Condition()
        self._closing = asyncio.Event()

    def script(self, method: str, *answers: Any, token: Token | None = None) -> None:
        """An answer is a result, a `Raw`, `Cut()`, `Hang()`, or a function of the parameters giving one of these.
        Without a `token` whoever asks next gets it."""
        self._scripts[method, token.reveal() if token else ""].extend(answers)

    def of(self, method: str, token: Token | None = None) -> list[Call]:
        return [call for call in self.calls if call.method == method and token in (None, Token(call.token))]

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait until what this server has seen fulfils a condition."""
        async with asyncio.timeout(seconds), self._told:
            await self._told.wait_for(condition)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        params = await _params(request)
        method = request.match_info.get("method", "file")
        connection = id(request.transport)
        call = Call(request.match_info["token"], method, params, asyncio.get_running_loop().time(), connection)
        self.open_calls += 1
        self.open_tokens[call.token] += 1
        self.most_open = max(self.most_open, self.open_calls)
        try:
            async with self._told:
                self.calls.append(call)
                self._told.notify_all()
            return await self._answer(request, method, params)
        finally:
            self.open_calls -= 1
            self.open_tokens[call.token] -= 1
            async with self._told:
                self._told.notify_all()

    async def _answer(self, request: web.Request, method: str, params: dict[str, Any]) -> web.StreamResponse:
        script = self._scripts[method, request.match_info["token"]] or self._scripts[method, ""]
        answer = script.popleft() if script else await self._usual(method, params)
        if callable(answer):
            answer = answer(params)
        match answer:
            case Broken():
                return await _broken(request, answer.body)
            case Raw():
                return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)
            case Cut():
                assert request.transport is not None
                request.transport.abort()
            case Hang():
                await self._closing.wait()
        return web.json_response({"ok": True, "result": answer if not isinstance(answer, Cut | Hang) else True})

    async def _usual(self, method: str, params: dict[str, Any]) -> Any:
        if method == "getUpdates":
            try:
                async with asyncio.timeout(params["timeout"]):
                    await self._closing.wait()
            except TimeoutError:
                pass
            return []
        return MESSAGE if method in ("sendMessage", "sendPhoto", "sendDocument", "editMessageText") else True

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Stub"]:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.*}", self._serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2_000)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self.files_url = f"{self.url}/file"
        try:
            yield self
        finally:
            self._closing.set()
            await runner.cleanup()


async def _params(request: web.Request) -> dict[str, Any]:
    """Of a form, text as it came, what is JSON read, and files."""
    if request.method == "GET":
        return dict(request.match_info)
    if request.content_type != "multipart/form-data":
        return dict(orjson.loads(await request.read() or b"{}"))
    return {name: _field(value) for name, value in (await request.post()).items()}


def _field(value: Any) -> Any:
    if isinstance(value, web.FileField):
        return Sent(value.filename, value.content_type, value.file.read())
    return orjson.loads(value) if value.startswith(("{", "[")) else value


async def _broken(request: web.Request, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_length = len(body) + 1
    await response.prepare(request)
    await response.write(body)
    assert request.transport is not None
    request.transport.close()
    return response
