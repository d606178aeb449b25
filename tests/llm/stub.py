"""A scripted OpenAI-compatible server, and a clock that only moves when told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from maskarad.llm.client import ModelClient
from maskarad.values import CompletionRequest, PromptMessage

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Connect = Callable[..., ModelClient]

HELLO = CompletionRequest(messages=(PromptMessage(role="user", content="Привіт! Hi"),))


class Clock:
    """Unix seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Server:
    """Gives its scripted answers in order, the last one again and again, and keeps what it was asked."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.by_model: dict[str, Answer] = {}
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.paths: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.connections: set[object] = set()
        self.released = asyncio.Event()
        """Set at the end of a test: answers that hang let go."""
        self.address = ""
        self.base_url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Server"]:
        app = web.Application()
        app.router.add_post("/{where:.*}chat/completions", self.chat)
        app.router.add_get("/v1/models", self.list_models)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        self.address = f"http://127.0.0.1:{port}"
        self.base_url = f"{self.address}/v1"
        yield self
        self.released.set()
        await runner.cleanup()

    @property
    def models(self) -> list[str]:
        return [body["model"] for body in self.bodies]

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.keys.append(request.headers.get("Authorization", "").removeprefix("Bearer "))
        self.paths.append(request.raw_path)
        self.headers.append(request.headers)
        self.connections.add(request.transport)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            answer = self.by_model.get(body["model"])
            if answer is None:
                answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            return await answer(request)
        finally:
            self.in_flight -= 1

    async def list_models(self, request: web.Request) -> web.StreamResponse:
        return await self.script[0](request)


def event(text: str | None = None, **fields: Any) -> bytes:
    choices = [] if text is None else [{"index": 0, "delta": {"content": text}, "finish_reason": None}]
    return b"data: " + json.dumps({"choices": choices, **fields}, ensure_ascii=False).encode() + b"\n\n"


USAGE = event(usage={"prompt_tokens": 11, "completion_tokens": 7})
DONE = b"data: [DONE]\n\n"


def stream(*chunks: bytes, then: Callable[[web.Request], Awaitable[None]] | None = None) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        if then is not None:
            await then(request)
        else:
            await response.write_eof()
        return response

    return answer


def says(*words: str) -> Answer:
    return stream(*(event(word) for word in words), USAGE, DONE)


def status(code: int, error: Any = None, **headers: str) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": error or {"message": "no"}}, status=code, headers=headers)

    return answer


def page(text: str, content_type: str = "text/html", code: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type, status=code)

    return answer
