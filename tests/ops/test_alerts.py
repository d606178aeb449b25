"""What operators hear in their private chat with the manager bot, while time passes as the test says."""

import asyncio
import time as machine
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from benchmarks.replay.simulated import SimulatedTime
from maskarad.app import Platform
from maskarad.db import Connection, users
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances as links
from maskarad.jobs.presence import Presence
from maskarad.sandbox.person import Sandbox
from maskarad.values import GATEWAY, MANAGER_BOT_ID, Sender
from tests.journeys.stage import MANAGER_ID, OWNER, STRANGER, Actor, Stage, settings_for
from tests.sandbox.scene import MANAGER_TOKEN
from tests.support.databases import migrated
from tests.support.servers import PostgresServer
from tests.support.until import until

STEP = 10.0
SIGNS = ("🔴", "🟢", "⚪")
MODEL, DEAF, GONE, BACKUP, DATABASE = "одель", "чу", "ник", "езервн", "аза даних"
"""Of what a sentence is."""


@pytest.fixture
def time() -> SimulatedTime:
    """Telegram's messages are of now."""
    return SimulatedTime(machine.time())


@pytest.fixture
async def stage(sandbox: Sandbox, database: Database, database_url: str, tmp_path: Path, time: SimulatedTime) -> Stage:
    """Oksana runs the platform, and has pressed Start in the manager bot."""
    settings = settings_for(
        sandbox.address,
        database_url,
        tmp_path,
        admin_user_ids=(OWNER,),
        backup_hour=-1,
        answer_within=86_400,
        flood_messages=0,
    )
    made = Stage(sandbox, database, settings)
    await made.people()
    await sandbox.say(sandbox.private(OWNER, MANAGER_ID), OWNER, "/start")

    def know(connection: Connection) -> None:
        users.remember(
            connection, Sender(id=OWNER, name="Оксана", username="oksana_in"), language="uk", now=time.clock()
        )

    await database.write(know)
    return made


@asynccontextmanager
async def playing(stage: Stage, time: SimulatedTime, *, alone: bool = True, **more: Any) -> AsyncIterator[Platform]:
    platform = Platform(stage.settings.model_copy(update=more), clock=time.clock, sleep=time.sleep)
    await platform.start(alone=alone)
    try:
        yield platform
    finally:
        await platform.stop()


async def passes(time: SimulatedTime, seconds: float) -> None:
    """Everything that is due on the way is done, and what it tells is told."""
    await asyncio.sleep(0)  # what was begun just now first goes to sleep
    end = time.clock() + seconds
    while time.clock() < end:
        await time.pass_until(min(time.clock() + STEP, end))


async def alerts(stage: Stage, about: str) -> list[str]:
    """What the manager bot has told Oksana of one thing. There may be others, for the simulated minutes are shorter
    than real ones: a busy machine, or a poll that changes hands, may last for several of them."""
    said = (await stage.sandbox.chat(stage.sandbox.private(OWNER, MANAGER_ID)))["messages"]
    paragraphs = [each for message in said for each in message.get("text", "").split("\n\n")]
    return [each for each in paragraphs if each[:1] in SIGNS and about in each.partition("\n")[0]]


async def signs(stage: Stage, about: str) -> str:
    return "".join(each[0] for each in await alerts(stage, about))


async def fails(stage: Stage, actor: Actor, times: int = 4) -> None:
    """The model fails so often, each time also when it is asked without what it may not know, and people notice."""
    await stage.sandbox.direct_model(faults=[{"status": 400, "times": 2 * times}])
    for number in range(times):
        person = 2000 + number
        await stage.sandbox.add_user(f"Person {person}", id=person, language_code="en")
        await stage.ask(actor, "hello?", person)
    await stage.settled(actor)


async def is_well_again(stage: Stage, actor: Actor, times: int = 5) -> None:
    for number in range(times):
        await stage.ask(actor, f"hello {number}?", OWNER)
    await stage.settled(actor)


async def test_when_the_model_stops_and_when_it_is_well_again_there_is_one_message(
    stage: Stage, time: SimulatedTime
) -> None:
    actor = await stage.actor()
    async with playing(stage, time):
        await passes(time, 60)
        await fails(stage, actor)
        await passes(time, 600)
        [began] = await alerts(stage, MODEL)
        assert began.startswith("🔴 Модель не відповідає: з останніх 4 викликів не вдалося 4")
        assert "maskarad doctor" in began
        await is_well_again(stage, actor)
        await passes(time, 600)
        _, over = await alerts(stage, MODEL)
    assert over.startswith("🟢 Модель знову відповідає.")


async def test_a_restart_in_the_middle_tells_nothing_twice(stage: Stage, time: SimulatedTime) -> None:
    actor = await stage.actor()
    async with playing(stage, time):
        await passes(time, 60)
        await fails(stage, actor)
        await passes(time, 180)
    assert await signs(stage, MODEL) == "🔴"
    for _ in range(2):
        async with playing(stage, time):
            await passes(time, 600)
    assert await signs(stage, MODEL) == "🔴"
    async with playing(stage, time):
        await is_well_again(stage, actor)
        await passes(time, 600)
    async with playing(stage, time):
        await passes(time, 600)
    assert await signs(stage, MODEL) == "🔴🟢"


async def test_without_operators_nothing_is_told_and_the_metrics_show_it(stage: Stage, time: SimulatedTime) -> None:
    actor = await stage.actor()
    async with playing(stage, time, admin_user_ids=()) as platform:
        await passes(time, 60)
        await fails(stage, actor)
        await passes(time, 600)
        assert b'maskarad_alerts{name="model"} 1.0' in platform._ground.metrics.exposition()
    assert await alerts(stage, MODEL) == []


async def test_an_operator_who_never_pressed_start_breaks_nothing(stage: Stage, time: SimulatedTime) -> None:
    actor = await stage.actor()
    async with playing(stage, time, admin_user_ids=(STRANGER, OWNER)):
        await passes(time, 60)
        await fails(stage, actor)
        await passes(time, 600)
        assert await signs(stage, MODEL) == "🔴"
        assert (await stage.ask(actor, "ти тут?")).text
    calls = await stage.sandbox.calls(bot=MANAGER_ID, method="sendMessage")
    assert {each["status"] for each in calls if str(each["params"]["chat_id"]) == str(STRANGER)} == {400}


async def test_two_processes_tell_once(stage: Stage, time: SimulatedTime) -> None:
    actor = await stage.actor()
    async with playing(stage, time, alone=False), playing(stage, time, alone=False):
        await passes(time, 60)
        await fails(stage, actor, 8)
        await passes(time, 600)
        assert await signs(stage, MODEL) == "🔴"
        await is_well_again(stage, actor, 12)
        await passes(time, 600)
    assert await signs(stage, MODEL) == "🔴🟢"


async def test_thirty_deaf_bots_are_one_message(stage: Stage, time: SimulatedTime) -> None:
    actors = [await stage.actor(f"Actor {number}") for number in range(30)]
    for actor in actors:
        await stage.sandbox.order_fault("502", method="getUpdates", bot=actor.telegram_id, times=1_000)
    async with playing(stage, time):
        await until(partial(have_polled, stage, actors))
        await passes(time, 600)
        [began] = await alerts(stage, DEAF)
        assert began.startswith("🔴 30 ботів не чують: @")
        assert "та ще 25." in began


async def test_a_fight_over_the_manager_bots_token_is_told_once_and_when_it_is_over(
    stage: Stage, time: SimulatedTime
) -> None:
    """Polls get through now and then, and then another program has them again."""
    async with playing(stage, time) as platform, aiohttp.ClientSession() as rival:
        registry = platform._telegram.registry
        for _ in range(2):
            async with polling_too(rival, stage):
                await until(lambda: registry.health(MANAGER_BOT_ID).conflict_since is not None, within=60)
                await passes(time, 120)
            await stage.sandbox.say(stage.sandbox.private(OWNER, MANAGER_ID), OWNER, "/start")
            await until(lambda: registry.health(MANAGER_BOT_ID).last_error is None, within=60)
            await passes(time, 30)
        assert await signs(stage, DEAF) == "🔴"
        [began] = await alerts(stage, DEAF)
        assert began.startswith("🔴 1 бот не чує: бот-менеджер.")
        await passes(time, 600)
        assert await signs(stage, DEAF) == "🔴🟢"
    said = (await stage.sandbox.chat(stage.sandbox.private(OWNER, MANAGER_ID)))["messages"]
    assert [each["text"] for each in said if each.get("text", "").startswith("⚠️")] == []


@asynccontextmanager
async def polling_too(session: aiohttp.ClientSession, stage: Stage) -> AsyncIterator[None]:
    """Another program polls with the manager bot's token, and confirms nothing."""
    url = f"{stage.sandbox.address}/bot{MANAGER_TOKEN}/getUpdates"

    async def poll() -> None:
        while True:
            async with session.post(url, json={"timeout": 50}):
                pass

    task = asyncio.create_task(poll())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def have_polled(stage: Stage, actors: list[Actor]) -> bool:
    calls = await stage.sandbox.calls(method="getUpdates")
    return {each["bot_id"] for each in calls} >= {actor.telegram_id for actor in actors}


async def test_a_process_that_is_gone_without_a_word_is_missed(stage: Stage, time: SimulatedTime) -> None:
    def worker() -> Presence:
        return Presence(stage.database, role="worker turns", polls=False, clock=time.clock, place="db7 boot ns")

    await worker().beat()
    async with playing(stage, time, alone=False):
        await passes(time, 300)
        [gone] = await alerts(stage, GONE)
        assert gone.startswith("🔴 Процес зник без попередження: db7/worker/")
        successor = worker()
        for _ in range(20):
            await successor.beat()
            await passes(time, STEP)
        await successor.end()
        await passes(time, 300)
    assert await signs(stage, GONE) == "🔴🟢"


async def test_one_that_says_goodbye_is_not(stage: Stage, time: SimulatedTime) -> None:
    worker = Presence(stage.database, role="worker turns", polls=False, clock=time.clock, place="db7 boot ns")
    async with playing(stage, time, alone=False):
        await worker.beat()
        await worker.end()
        await passes(time, 300)
    assert await alerts(stage, GONE) == []


async def test_before_a_backup_could_be_due_none_is_missed(stage: Stage, time: SimulatedTime, tmp_path: Path) -> None:
    await stage.actor()
    no_folder = tmp_path / "no_folder"
    no_folder.touch()
    async with playing(stage, time, backup_hour=3, backup_dir=no_folder):
        await passes(time, 300)
        for _ in range(25):
            await time.pass_until(time.clock() + 3_600)
        assert await alerts(stage, BACKUP) == []
        for _ in range(3):
            await time.pass_until(time.clock() + 3_600)
            await passes(time, 60)
    [missing] = await alerts(stage, BACKUP)
    assert missing.startswith("🔴 Резервної копії цієї платформи ще немає.")


async def test_a_late_answer_is_told(stage: Stage, time: SimulatedTime) -> None:
    """There is nobody but a gateway."""
    gateway = Platform(stage.settings, GATEWAY, clock=time.clock, sleep=time.sleep)
    actor = await stage.actor()
    await gateway.start(alone=False)
    try:
        await stage.sandbox.say(stage.private(actor), OWNER, "ти тут?")
        await until(partial(stage.database.read, is_asked))
        await passes(time, 400)
    finally:
        await gateway.stop()
    [late] = await alerts(stage, "Відповіді")
    assert late.startswith("🔴 Відповіді запізнюються: чекає 1 чат")
    [undone] = await alerts(stage, "робити")
    assert undone.startswith("🔴 Нікому робити delivery, slow, turns.")


def is_asked(connection: Connection) -> bool:
    return connection.execute(select(links.c.asked)).scalars().all() == [1]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_database_that_is_away_is_told_straight(
    stage: Stage, own_postgres: PostgresServer, time: SimulatedTime
) -> None:
    own_postgres.execute("CREATE DATABASE mortal")
    url = own_postgres.url("mortal")
    migrated(url)
    stage.settings = stage.settings.model_copy(update={"database_url": url})
    async with playing(stage, time, alone=False), playing(stage, time, alone=False):
        await passes(time, 60)
        own_postgres.stop()
        await passes(time, 120)
        [away] = await alerts(stage, DATABASE)
        own_postgres.start()
        await until(partial(is_there_again, stage, time), within=60)
        await passes(time, 600)
    assert away.startswith("🔴 База даних недоступна.")
    assert await signs(stage, DATABASE) == "🔴🟢"


async def is_there_again(stage: Stage, time: SimulatedTime) -> bool:
    await passes(time, 60)
    return len(await alerts(stage, DATABASE)) == 2
