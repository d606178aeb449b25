"""What is played on: a platform that receives by webhook, on SQLite or on PostgreSQL and Redis, full of people."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec
import psutil

from benchmarks.databases import postgresql as postgresql_server
from benchmarks.load.ledger import Ledger, TimedStub
from benchmarks.load.mix import BOTS, PEOPLE
from benchmarks.load.plan import Bot, Plan
from benchmarks.load.play import Player, epoch
from benchmarks.program import PLATFORM, running, settings_for
from benchmarks.stage import MANAGER_TOKEN, Stage, set_up
from maskarad.telegram.bots import webhook_identity
from maskarad.values import Token
from tests.support.servers import PostgresServer, RedisServer, free_port

MODEL_SECONDS = 0.5


class Servers(msgspec.Struct, frozen=True):
    """`settings` are the platform's; `watched` are the servers' processes by name."""

    database_url: str = ""
    settings: Mapping[str, str] = {}
    watched: Mapping[str, int] = {}


@asynccontextmanager
async def sqlite() -> AsyncIterator[Servers]:
    yield Servers()


@asynccontextmanager
async def postgresql() -> AsyncIterator[Servers]:
    """Raises ServerMissing."""
    redis = RedisServer()
    try:
        await asyncio.to_thread(redis.start)
        async with postgresql_server() as postgres:
            await asyncio.to_thread(postgres.execute, "CREATE DATABASE load")
            yield Servers(
                database_url=postgres.url("load"),
                settings={"REDIS_URL": redis.url},
                watched={"PostgreSQL": _first_process(postgres), "Redis": _process(redis)},
            )
    finally:
        await asyncio.to_thread(redis.close)


DATABASES: Mapping[str, Callable[[], AbstractAsyncContextManager[Servers]]] = {
    "sqlite": sqlite,
    "postgresql": postgresql,
}


@asynccontextmanager
async def player(folder: Path, database: str) -> AsyncIterator[Player]:
    """A platform in full swing. What it runs on is made in `folder` and ends with the block."""
    began_at = epoch()
    async with DATABASES[database]() as servers, TimedStub(began_at).running() as stub:
        stage = await set_up(folder, actors=BOTS, people=PEOPLE, database_url=servers.database_url)
        port = free_port()
        settings = settings_for(
            stage,
            stub.url,
            RUN_MODE="webhook",
            WEBHOOK_URL_BASE="https://bots.example",
            PORT=str(port),
            **servers.settings,
        )
        ledger = Ledger(stub, bots=BOTS + 1)
        async with running(PLATFORM, settings, folder) as program:
            await ledger.registered()
            watched = {"platform": program.pid, "stub": os.getpid(), **servers.watched}
            plan = _plan(stage, began_at, watched, folder)
            with stub.thinking(MODEL_SECONDS):
                yield Player(plan, f"http://127.0.0.1:{port}", program.complaints, ledger)


def _plan(stage: Stage, began_at: float, watched: Mapping[str, int], folder: Path) -> Plan:
    manager = webhook_identity(Token(MANAGER_TOKEN))
    actors = (Bot(public_id=each.public_id, secret=each.secret, username=each.username) for each in stage.actors)
    return Plan(
        rate=0.0,
        seconds=0.0,
        seed=0,
        epoch=began_at,
        manager=Bot(public_id=manager.public_id, secret=manager.secret, username=""),
        actors=tuple(actors),
        persona_ids=stage.persona_ids,
        watched=dict(watched),
        seen=str(folder / "seen.json"),
    )


def _first_process(postgres: PostgresServer) -> int:
    """The parent of all of the server's processes."""
    oldest = postgres.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    return psutil.Process(int(oldest)).ppid()


def _process(redis: RedisServer) -> int:
    said = redis.execute("INFO", "server").decode()
    return int(said.partition("process_id:")[2].partition("\r")[0])
