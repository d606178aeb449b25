"""Groups that talk among themselves, by webhook: each message is a request of its own, stored before its 200."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import orjson

from benchmarks.figures import figure, grid
from benchmarks.people import GROUPS, group_message, person
from benchmarks.program import Program, running, settings_for
from benchmarks.scene import Outcome, Scene
from benchmarks.sides import COMMANDS, FLOOR, OURS, quiet, ratio
from benchmarks.stage import MANAGER_TOKEN, PEOPLE, Stage, set_up
from maskarad.telegram.bots import webhook_identity
from maskarad.values import Token, WebhookIdentity
from tests.support.servers import free_port

ROUNDS = 5
MESSAGES = 600
"""In a round."""
CONNECTIONS = {"one at a time": 1, "40 at once": 40}
"""Telegram opens at most 40 unless told otherwise (Bot API, setWebhook, max_connections)."""
PATIENCE = 30.0


class Receiver(msgspec.Struct, frozen=True):
    """A program that has webhooks called, and the address of the bot that is loaded."""

    program: Program
    url: str
    secret: str


async def group_message_by_webhook(scene: Scene) -> Outcome:
    stage = await set_up(scene.new_folder())
    actor = WebhookIdentity(public_id=stage.actors[0].public_id, secret=stage.actors[0].secret)
    floor = ("benchmarks.floor", scene.stub.url, MANAGER_TOKEN, "webhook")
    costs: dict[str, dict[str, list[float]]] = {name: {how: [] for how in CONNECTIONS} for name in (OURS, FLOOR)}
    updates = itertools.count(1)
    async with (
        _receiving(scene, COMMANDS[OURS], stage, actor) as ours,
        _receiving(scene, floor, stage, webhook_identity(Token(MANAGER_TOKEN))) as least,
    ):
        for number, (how, connections) in itertools.product(range(ROUNDS + 1), CONNECTIONS.items()):
            for name, receiver in ((OURS, ours), (FLOOR, least)):
                cost = await _cost(scene, receiver, updates, connections)
                if number:
                    costs[name][how].append(cost)
        complaints = ours.program.complaints()
    return Outcome(
        note=f"Small talk in {GROUPS} groups, kept and not answered, {MESSAGES} messages a round, each posted on a "
        "kept connection and answered with 200 once it is stored. The floor is the same web server and the same "
        f"reading of updates, and does nothing with them. {ROUNDS} rounds a side, in turn.",
        figures=tuple(
            figure(f"CPU, {how}, {OURS} ÷ {FLOOR}", "×", ratio(costs[OURS][how], costs[FLOOR][how]), most=2)
            for how in CONNECTIONS
        ),
        grids=(grid("", dict.fromkeys(CONNECTIONS, "ms"), costs),),
        complaints=tuple(complaints),
    )


@asynccontextmanager
async def _receiving(
    scene: Scene, command: tuple[str, ...], stage: Stage, identity: WebhookIdentity
) -> AsyncIterator[Receiver]:
    port = free_port()
    more = {"RUN_MODE": "webhook", "WEBHOOK_URL_BASE": "https://bots.example", "PORT": str(port)}
    address = f"http://127.0.0.1:{port}"
    async with running(command, settings_for(stage, scene.stub.url, **more), scene.new_folder()) as program:
        await _listens(f"{address}/healthz")
        yield Receiver(program=program, url=f"{address}/telegram/{identity.public_id}", secret=identity.secret)


async def _listens(url: str) -> None:
    async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)


async def _cost(scene: Scene, receiver: Receiver, updates: "itertools.count[int]", connections: int) -> float:
    """Milliseconds of CPU a message."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": receiver.secret, "Content-Type": "application/json"}
    left = iter(range(MESSAGES))

    async def post(session: aiohttp.ClientSession) -> None:
        for number in left:
            message = group_message(number % GROUPS, person(number % PEOPLE), scene.stub.new_message_id())
            body = orjson.dumps({"update_id": next(updates), **message})
            async with session.post(receiver.url, data=body, headers=headers) as answer:
                answer.raise_for_status()

    used = receiver.program.cpu()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        await asyncio.gather(*(post(session) for _ in range(connections)))
    await quiet(receiver.program)
    return (receiver.program.cpu() - used) / MESSAGES * 1e3
