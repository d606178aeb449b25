"""The least a bot could do over the platform's own transport, poller and web server: the floor that the platform is
held against.

`python -m benchmarks.floor URL TOKEN press|message`: a press is answered with constants, a message with nothing.
`… webhook` does not poll but has itself called, on the port that PORT names, and answers 200.
"""

import asyncio
import os
import signal
import sys
import time
from contextlib import AsyncExitStack

import uvloop

from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import BotRegistry
from maskarad.telegram.handling import Handle
from maskarad.telegram.limits import FloodLimits
from maskarad.telegram.pollers import Pollers
from maskarad.telegram.send import Sender
from maskarad.telegram.transport import AiohttpRequest
from maskarad.values import MANAGER_BOT_ID, Button, Event, Press, Screen, Token
from maskarad.web.app import build_app
from maskarad.web.server import HttpServer

SCREEN = Screen(
    html="<b>Maskarad</b>\nЩо робимо?",
    keyboard=tuple((Button(label=label, data=f"1:{data}"),) for label, data in (("Профіль", "u"), ("Персони", "ps:0"))),
)


def answering(sender: Sender) -> Handle:
    async def handle(event: Event) -> None:
        if isinstance(event, Press):
            answering = asyncio.create_task(sender.answer_press(MANAGER_BOT_ID, event.callback_query_id))
            await sender.edit_text(MANAGER_BOT_ID, event.chat.id, event.message_id, SCREEN)
            await answering

    return handle


async def silent(_event: Event) -> None:
    pass


async def _noted(_bot_id: int) -> None:
    pass


async def _refused(_bot_id: int, _version: int) -> bool:
    return True


async def called(token: Token, told: asyncio.Event) -> None:
    registry = BotRegistry(token, on_invalid=_refused, on_conflict=_noted, clock=time.time)
    app = build_app(registry, silent, looks={}, metrics=Metrics())
    server = HttpServer(app, "127.0.0.1", int(os.environ["PORT"]))
    await server.start()
    await told.wait()
    await server.stop()


async def run(url: str, token: Token, kind: str) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    if kind == "webhook":
        await called(token, told)
    else:
        await poll(url, token, kind, told)


async def poll(url: str, token: Token, kind: str, told: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        request, polls = [
            await stack.enter_async_context(AiohttpRequest(pool_size=size, pool_timeout=30.0, read_timeout=30.0))
            for size in (100, 0)
        ]
        api = BotApi(request, polls, url, metrics=Metrics())
        registry = BotRegistry(token, on_invalid=_refused, on_conflict=_noted, clock=time.time)
        limits = FloodLimits(per_bot_second=0, per_chat_second=0, per_group_minute=0, clock=time.monotonic)
        sender = Sender(api, limits, registry)
        pollers = Pollers(api, registry, answering(sender) if kind == "press" else silent, metrics=Metrics())
        pollers.start()
        await told.wait()
        await pollers.stop()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], Token(sys.argv[2]), sys.argv[3]))
