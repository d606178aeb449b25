"""Gateways, thinkers and senders apart: how work comes to whoever does it, and what happens when one stands still."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from maskarad.app import Platform
from maskarad.db.tables import chat_bot_instances as links
from maskarad.jobs.periodic import Sleep
from maskarad.values import GATEWAY, Queue, Role
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import FRIEND, OWNER, Actor, Stage
from tests.support.servers import free_port
from tests.support.until import until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

TAKEN_OVER = 30.0
"""Seconds for a lease to run out and a sweep to find it, on a busy machine; some ten on a free one."""


async def never(_seconds: float) -> None:
    """A worker's pause between two rounds of what it does at intervals: there are none, and only rings are left."""
    await asyncio.Event().wait()


def worker(*queues: Queue) -> Role:
    return Role(name="worker", receives=False, queues=frozenset(queues))


@asynccontextmanager
async def playing(stage: Stage, *workers: Role, sleep: Sleep = asyncio.sleep) -> AsyncIterator[None]:
    """Workers, and a gateway that begins when they have begun."""
    platforms = [Platform(stage.settings, role, sleep=sleep) for role in workers]
    platforms.append(Platform(stage.settings, GATEWAY))
    try:
        for platform in platforms:
            await platform.start(alone=False)
        yield
    finally:
        for platform in reversed(platforms):
            await platform.stop()


@pytest.fixture
async def actor(stage: Stage) -> Actor:
    return await stage.actor()


@pytest.mark.parametrize(
    "roles",
    [
        (worker(*Queue),),
        (worker(Queue.TURNS), worker(Queue.DELIVERY)),
    ],
    ids=["together", "apart"],
)
async def test_by_rings_alone_every_message_is_answered(
    stage: Stage, actor: Actor, redis_url: str, roles: tuple[Role, ...]
) -> None:
    stage.settings = stage.settings.model_copy(update={"redis_url": redis_url})
    async with playing(stage, *roles, sleep=never):
        for number in range(3):
            for person in (OWNER, FRIEND):
                await stage.ask(actor, f"message {number}", person)
        # A second message while the answer to the first is on its way: its turn comes by a ring from who sends.
        await stage.sandbox.order_fault("slow", method="sendMessage", seconds=0.5, times=1)
        chat, before = stage.private(actor), await stage.sandbox.position()
        await stage.sandbox.say(chat, OWNER, "one")
        await stage.until_model_is_asked(7)
        await stage.sandbox.say(chat, OWNER, "two")
        first = await stage.sandbox.next_message(chat, after=before)
        await stage.sandbox.next_message(chat, after=first.seq)


async def test_without_redis_sweeps_find_the_work(stage: Stage, actor: Actor) -> None:
    async with playing(stage, worker(Queue.TURNS), worker(Queue.DELIVERY)):
        await stage.ask(actor, "hello")


async def test_what_intake_sends_without_a_turn_goes_to_whoever_sends(
    stage: Stage, actor: Actor, redis_url: str
) -> None:
    stage.settings = stage.settings.model_copy(update={"redis_url": redis_url, "flood_messages": 1})
    async with playing(stage, worker(Queue.DELIVERY), sleep=never):
        chat, before = stage.private(actor), await stage.sandbox.position()
        for number in range(3):
            await stage.sandbox.say(chat, OWNER, f"message {number}")
        await stage.sandbox.next_message(chat, after=before)
    assert await stage.prompts() == []


async def test_what_comes_to_a_process_that_stops_is_rung_to_another(
    stage: Stage, actor: Actor, redis_url: str
) -> None:
    port = free_port()
    webhooks = {"run_mode": "webhook", "webhook_url_base": f"http://127.0.0.1:{port}", "port": port}
    settings = stage.settings.model_copy(update={"redis_url": redis_url, "drain_seconds": 4})
    stops = Platform(settings.model_copy(update=webhooks))
    other = Platform(settings, worker(*Queue), sleep=never)
    chat, before = stage.private(actor), await stage.sandbox.position()
    try:
        await other.start(alone=False)
        await stops.start(alone=False)
        await stage.ask(actor, "one")
        before = await stage.sandbox.position()
        stopping = asyncio.create_task(stops.stop())
        await asyncio.sleep(0)
        await stage.sandbox.say(chat, OWNER, "two")
        await stage.sandbox.next_message(chat, after=before)
        assert not stopping.done()
        await stopping
    finally:
        await other.stop()


class Workers:
    """Two real ones, of which the second is started when the first does nothing any more."""

    def __init__(self, stage: Stage, folder: Path, **more: str) -> None:
        self._folder = folder
        self.first, self.second = (self._process(stage, name, more) for name in ("first", "second"))

    def _process(self, stage: Stage, name: str, more: dict[str, str]) -> PlatformProcess:
        folder = self._folder / name
        folder.mkdir()
        return PlatformProcess(stage.settings, folder, "worker", "--queues", "turns,delivery", **more)

    async def close(self) -> None:
        for each in (self.first, self.second):
            await each.close()


@pytest.fixture
async def workers(stage: Stage, tmp_path: Path) -> AsyncIterator[Workers]:
    made = Workers(stage, tmp_path, REPLY_PACING="natural")
    yield made
    await made.close()


def parts_are(number: int) -> Callable[[Connection], bool]:
    return lambda connection: connection.execute(select(links.c.parts)).scalars().all() == [number]


@pytest.mark.parametrize("killed", [False, True], ids=["paused", "killed"])
async def test_a_worker_that_stands_still_in_a_turn_loses_it_and_its_late_result_is_refused(
    stage: Stage, actor: Actor, workers: Workers, killed: bool
) -> None:
    chat = stage.private(actor)
    await stage.sandbox.direct_model(delay=3)
    async with playing(stage):
        await workers.first.start()
        before = await stage.sandbox.position()
        await stage.sandbox.say(chat, OWNER, "think of something")
        await stage.until_model_is_asked(1)
        if killed:
            await workers.first.kill()
        else:
            workers.first.pause()
        await stage.sandbox.direct_model(delay=0)
        await workers.second.start()
        await stage.sandbox.next_message(chat, after=before, timeout=TAKEN_OVER)
        if not killed:
            workers.first.go_on()
            await until(lambda: "claim_lost" in workers.first.log(), TAKEN_OVER)
        await stage.settled(actor)
    assert len(await stage.spoken_by(actor, chat)) == 1
    assert len(await stage.prompts()) == 2


async def test_a_worker_that_stands_still_between_two_parts_does_not_send_what_another_has_sent(
    stage: Stage, actor: Actor, workers: Workers
) -> None:
    chat = stage.private(actor)
    # Long enough for pauses of four seconds between them.
    said = [f"{word} " + "and so on " * 15 for word in ("First", "Second", "Third")]
    said = [text.strip() for text in said]
    await stage.sandbox.direct_model(replies=['{"response": ["' + '", "'.join(said) + '"]}'])
    async with playing(stage):
        await workers.first.start()
        before = await stage.sandbox.position()
        await stage.sandbox.say(chat, OWNER, "tell me three things")
        await stage.sandbox.next_message(chat, after=before, timeout=TAKEN_OVER)
        await until(lambda: stage.database.read(parts_are(2)))
        workers.first.pause()
        await workers.second.start()
        await until(lambda: stage.database.read(parts_are(0)), 2 * TAKEN_OVER)
        workers.first.go_on()
        await until(lambda: "claim_lost" in workers.first.log(), TAKEN_OVER)
        await stage.settled(actor)
    assert await stage.spoken_by(actor, chat) == said
