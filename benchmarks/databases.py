"""The databases that both sides of a comparison get: each its own, with the same people in it."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing

import msgspec

from benchmarks.scene import Outcome, Scene
from benchmarks.stage import Stage, set_up
from tests.support.servers import PostgresServer, ServerMissing


class Databases:
    """SQLite files, or databases of one PostgreSQL server."""

    def __init__(self, scene: Scene, server: PostgresServer | None = None) -> None:
        self._scene = scene
        self._server = server
        self._made = 0

    @property
    def are_served(self) -> bool:
        """By a process of their own."""
        return self._server is not None

    async def stage(self, *, actors: int = 1, people: int = 1, personas_each: int = 1) -> Stage:
        url = ""
        if self._server is not None:
            name = self._new_name()
            await asyncio.to_thread(self._server.execute, f"CREATE DATABASE {name}")
            url = self._server.url(name)
        folder = self._scene.new_folder()
        return await set_up(folder, actors=actors, people=people, personas_each=personas_each, database_url=url)

    async def copy(self, stage: Stage) -> Stage:
        """Nobody may be connected to the stage's database."""
        folder = self._scene.new_folder()
        shutil.copytree(stage.folder, folder, dirs_exist_ok=True)
        url = f"sqlite:///{folder / 'maskarad.db'}"
        if self._server is not None:
            name = self._new_name()
            await asyncio.to_thread(self._server.clone, _name(stage), name)
            url = self._server.url(name)
        return msgspec.structs.replace(stage, folder=folder, database_url=url)

    async def execute(self, stage: Stage, *statements: str) -> None:
        """In the stage's database, however long it takes."""
        if self._server is not None:
            await asyncio.to_thread(self._server.execute, *statements, database=_name(stage))
            return

        def run() -> None:
            with closing(sqlite3.connect(stage.folder / "maskarad.db", isolation_level=None)) as connection:
                for each in statements:
                    connection.execute(each)

        await asyncio.to_thread(run)

    def _new_name(self) -> str:
        self._made += 1
        return f"bench{self._made}"


def _name(stage: Stage) -> str:
    return stage.database_url.rpartition("/")[2]


@asynccontextmanager
async def postgresql() -> AsyncIterator[PostgresServer]:
    """Raises ServerMissing."""
    server = await asyncio.to_thread(PostgresServer)
    try:
        await asyncio.to_thread(server.start)
        yield server
    finally:
        await asyncio.to_thread(server.close)


Measure = Callable[[Scene, Databases], Awaitable[Outcome]]


async def on_postgresql(scene: Scene, measure: Measure) -> Outcome:
    try:
        async with postgresql() as server:
            outcome = await measure(scene, Databases(scene, server))
    except ServerMissing as missing:
        return Outcome(note=f"Not measured: {missing}.", figures=())
    note = f"{outcome.note} The server runs without fsync, and its CPU is not counted."
    return msgspec.structs.replace(outcome, note=note)
