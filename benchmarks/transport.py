"""CPU of one sendMessage, over the ways there are, against a Bot API stub in another process.

`python -m benchmarks.transport [CALLS]` prints a table; only ratios within one run mean anything.
"""

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import cast

import aiohttp
import orjson
import uvloop
from telegram import Bot
from telegram.request import BaseRequest, HTTPXRequest

from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import BotRegistry
from maskarad.telegram.limits import FloodLimits
from maskarad.telegram.read import read_update
from maskarad.telegram.send import Sender
from maskarad.telegram.transport import AiohttpRequest
from maskarad.values import MANAGER_BOT_ID, Piece, Token

TOKEN = "123456:benchmark-token"
IN_FLIGHT = (1, 10, 40)
MESSAGE = {"message_id": 7, "date": 1_700_000_000, "chat": {"id": 5, "type": "private", "first_name": "A"}, "text": "x"}
BODY = orjson.dumps({"ok": True, "result": MESSAGE})
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY

Send = Callable[[], Awaitable[object]]


class Stub(asyncio.Protocol):
    """Answers every whole request with the same message."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, rest = self._buffer.partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            self._transport.write(ANSWER)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


async def cpu_each(send: Send, calls: int, in_flight: int) -> float:
    """Microseconds of this process's CPU a call."""

    async def some() -> None:
        for _ in range(calls // in_flight):
            await send()

    await send()
    before = time.process_time()
    await asyncio.gather(*(some() for _ in range(in_flight)))
    return (time.process_time() - before) / (calls // in_flight * in_flight) * 1e6


async def bot_on(request: BaseRequest, url: str, stack: AsyncExitStack) -> Send:
    await stack.enter_async_context(request)
    bot = Bot(TOKEN, base_url=f"{url}/bot", request=request)
    return lambda: bot.send_message(chat_id=5, text="hello", parse_mode="HTML")


async def ways(url: str, stack: AsyncExitStack) -> dict[str, Send]:
    request = await stack.enter_async_context(AiohttpRequest(pool_size=100, pool_timeout=30, read_timeout=20))
    session = await stack.enter_async_context(aiohttp.ClientSession())
    api = BotApi(request, request, url, metrics=Metrics())

    async def nothing(_bot_id: int) -> None:
        pass

    async def refused(_bot_id: int, _version: int) -> bool:
        return True

    registry = BotRegistry(Token(TOKEN), on_invalid=refused, on_conflict=nothing, clock=time.time)
    limits = FloodLimits(per_bot_second=0, per_chat_second=0, per_group_minute=0, clock=time.monotonic)
    sender = Sender(api, limits, registry)
    params = {"chat_id": 5, "text": "hello", "parse_mode": "HTML"}
    chats = iter(range(1, 10_000_000))

    async def raw() -> object:
        body = orjson.dumps(params)
        async with session.post(f"{url}/bot{TOKEN}/sendMessage", data=body) as answer:
            return orjson.loads(await answer.read())

    return {
        "raw aiohttp + orjson": raw,
        "BotApi.call": lambda: api.call(Token(TOKEN), "sendMessage", params),
        "Sender.send_text": lambda: sender.send_text(MANAGER_BOT_ID, next(chats), Piece(text="hello", html="hello")),
        "telegram.Bot on httpx (stock)": await bot_on(HTTPXRequest(connection_pool_size=100), url, stack),
    }


def reading(calls: int) -> float:
    person = {"id": 5, "is_bot": False, "first_name": "A"}
    update = {"update_id": 1, "message": {**MESSAGE, "from": person}}
    before = time.process_time()
    for _ in range(calls):
        read_update(update, 1)
    return (time.process_time() - before) / calls * 1e6


async def measure(url: str, calls: int) -> None:
    print(f"| µs of CPU a message, {calls} calls | " + " | ".join(f"{number} in flight" for number in IN_FLIGHT) + " |")
    print("|---|" + "---|" * len(IN_FLIGHT))
    async with AsyncExitStack() as stack:
        for name, send in (await ways(url, stack)).items():
            costs = [await cpu_each(send, calls, in_flight) for in_flight in IN_FLIGHT]
            print(f"| {name} | " + " | ".join(f"{cost:.0f}" for cost in costs) + " |")
    print(f"\nread_update: {reading(calls):.0f} µs")
    print(f"resident at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


def main() -> None:
    if sys.argv[1:] == ["serve"]:
        uvloop.run(serve())
        return
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.transport", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as stub:
        assert stub.stdout is not None
        port = int(stub.stdout.readline())
        uvloop.run(measure(f"http://127.0.0.1:{port}", calls))
        assert stub.stdin is not None
        stub.stdin.close()


if __name__ == "__main__":
    main()
