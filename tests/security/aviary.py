"""A platform all of whose secrets are canaries, in production's settings, and all that it and its commands wrote."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import Connection, select

from maskarad.db.engine import Database
from maskarad.db.tables import bot_instances
from maskarad.manager.callbacks import encode
from maskarad.sandbox.person import Sandbox
from maskarad.telegram.bots import webhook_identity
from maskarad.values import Token, Value
from tests.cli.shell import Running, Said
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import MANAGER_ID, OWNER, Actor, Stage, settings_for
from tests.sandbox.scene import MANAGER_TOKEN
from tests.security import canaries
from tests.security.canaries import found_in, text
from tests.support.databases import connect, migrated
from tests.support.servers import PostgresServer, RedisServer, free_port
from tests.support.until import until

WITHIN = 60.0

AT_ONCE = 3
"""Commands: most of the time of each goes into starting Python."""

MESSAGES_A_DAY = 12
"""That a person may say; more than anybody says here who is not out for the limit."""


class House(Value, frozen=True):
    """Where it lives, and as which processes."""

    addresses: dict[str, str]
    commands: tuple[str, ...] = ("run",)


class Aviary:
    def __init__(self, stage: Stage, environment: dict[str, str], commands: tuple[str, ...], folder: Path) -> None:
        self.stage = stage
        self.environment = environment
        self.folder = folder
        self.processes: list[PlatformProcess] = []
        self.written: dict[str, str] = {}
        self._ports = {command: str(free_port()) for command in commands}
        self._few = asyncio.Semaphore(AT_ONCE)
        # Telegram calls the first of them.
        self.bases = [f"http://127.0.0.1:{port}" for port in self._ports.values()]
        self.environment["WEBHOOK_URL_BASE"] = self.bases[0]

    async def start(self) -> None:
        for command, port in self._ports.items():
            folder = self.folder / command
            folder.mkdir()
            made = PlatformProcess(self.stage.settings, folder, command, **(self.environment | {"PORT": port}))
            self.processes.append(made)
        await asyncio.gather(*(process.start() for process in self.processes))

    async def stop(self) -> None:
        assert set(await asyncio.gather(*(process.stop() for process in self.processes))) == {0}

    async def close(self) -> None:
        for process in self.processes:
            await process.close()

    async def maskarad(self, *arguments: str, stdin: str = "", **more: str) -> Said:
        """A command, with the platform's settings and `more`."""
        settings = self.stage.settings
        given = {
            "TELEGRAM_BOT_TOKEN": MANAGER_TOKEN,
            "TELEGRAM_API_BASE_URL": settings.telegram_api_base_url,
            "DATA_DIR": str(settings.data_dir),
            "LLM_BASE_URL": settings.llm_base_url,
            **self.environment,
        }
        async with self._few:
            running = await Running.start(*arguments, folder=self.folder, **(given | more))
            said = await running.end(stdin=stdin)
        self.written[f"maskarad {' '.join(arguments[:2])} {len(self.written)}"] = said.out + said.err
        return said

    async def page(self, path: str, *, base: str = "", headers: dict[str, str] | None = None, body: Any = None) -> int:
        method = "GET" if body is None else "POST"
        address = f"{base or self.bases[0]}{path}"
        async with aiohttp.request(method, address, headers=headers, data=body) as answer:
            shown = f"{answer.status} {dict(answer.headers)} {await answer.text()}"
            self.written[f"{method} {len(self.written)}"] = shown
            return answer.status

    def must_have_written(self, *kinds: str, secrets: list[str]) -> None:
        """Events of these kinds, and nothing that is secret or was said, anywhere."""
        logs = {f"log {number}": process.log() for number, process in enumerate(self.processes)}
        lines = [line for log in logs.values() for line in log.splitlines()]
        missing = set(kinds) - {json.loads(line)["event"] for line in lines if line.startswith("{")}
        assert not missing, missing
        manager = webhook_identity(Token(MANAGER_TOKEN))
        more = [*secrets, MANAGER_TOKEN, manager.secret, manager.public_id]
        found = found_in({**logs, "names": self._names(), **self.written}, more)
        assert not found, found

    def _names(self) -> str:
        """Of all files that it made."""
        return "\n".join(str(file.relative_to(self.folder)) for file in self.folder.rglob("*"))


@pytest.fixture(params=["sqlite", "postgresql", "gateway and worker"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    """With PostgreSQL there is a Redis; both addresses have passwords in them."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'maskarad.db'}"
        migrated(url)
        return House(addresses={"DATABASE_URL": url})
    postgres: PostgresServer = request.getfixturevalue("own_postgres")
    redis: RedisServer = request.getfixturevalue("own_redis")
    postgres.execute("CREATE DATABASE house", f"ALTER USER maskarad PASSWORD '{canaries.DATABASE_PASSWORD}'")
    redis.execute("CONFIG", "SET", "requirepass", canaries.REDIS_PASSWORD)
    url = with_password(postgres, "house")
    migrated(url)
    addresses = {"DATABASE_URL": url, "REDIS_URL": redis.url.replace("//", f"//:{canaries.REDIS_PASSWORD}@")}
    return House(addresses=addresses, commands=("run",) if request.param == "postgresql" else ("gateway", "worker"))


def with_password(postgres: PostgresServer, name: str) -> str:
    return postgres.url(name).replace("maskarad@", f"maskarad:{canaries.DATABASE_PASSWORD}@")


@pytest.fixture
async def aviary(sandbox: Sandbox, house: House, tmp_path: Path) -> AsyncIterator[Aviary]:
    """Not started yet."""
    database: Database = connect(house.addresses["DATABASE_URL"])
    stage = Stage(sandbox, database, settings_for(sandbox.address, house.addresses["DATABASE_URL"], tmp_path))
    await stage.people()
    environment = {
        **house.addresses,
        "LLM_API_KEY": f"{canaries.API_KEY},{canaries.OTHER_API_KEY}",
        "MASKARAD_SECRET_KEY": canaries.SECRET_KEY,
        "METRICS_TOKEN": canaries.METRICS_TOKEN,
        "BACKUP_PASSPHRASE": canaries.PASSPHRASE,
        "BACKUP_HOUR": "-1",
        "ADMIN_USER_IDS": str(OWNER),
        "RUN_MODE": "webhook",
        "LOG_LEVEL": "info",
        "LOG_FORMAT": "json",
        "FLOOD_MESSAGES": "0",
        "LIMIT_USER_DAY_MESSAGES": str(MESSAGES_A_DAY),
        "SPONTANEITY_MIN_PAUSE": "0",
        "QUIET_HOURS": "0-0",
    }
    made = Aviary(stage, environment, house.commands, tmp_path)
    try:
        yield made
    finally:
        await made.close()
        await database.close()


async def paste_tokens(aviary: Aviary) -> Actor:
    """One that nobody asked for, one of the wrong shape, one that Telegram does not know, and the right one."""
    stage, sandbox = aviary.stage, aviary.stage.sandbox
    made = await sandbox.add_bot("Canary", "actor1_test_bot", token=canaries.token(1), privacy=False)
    draft = {
        "--owner": str(OWNER),
        "--name": text("name"),
        "--description": text("description"),
        "--language": "uk",
        "--spontaneity": "often",
    }
    said = await aviary.maskarad("persona", "add", *(word for option in draft.items() for word in option))
    persona_id = int(said.out)
    manager = sandbox.private(OWNER, MANAGER_ID)
    await sandbox.ask(manager, OWNER, "/start")
    await sandbox.ask(manager, OWNER, f"here: {canaries.token(1)}")
    menu = await sandbox.ask(manager, OWNER, "/menu")
    await sandbox.press(manager, OWNER, menu.id, data=encode("bn", persona_id))
    await sandbox.ask(manager, OWNER, canaries.token(1)[:20])
    await sandbox.ask(manager, OWNER, canaries.token(2))
    await sandbox.ask(manager, OWNER, canaries.token(1))

    async def is_bound() -> bool:
        return bool(await stage.database.read(_bots))

    await until(is_bound, WITHIN)  # what operators are told may come in between
    [(bot_id, username)] = await stage.database.read(_bots)
    await sandbox.press(manager, OWNER, menu.id, data=encode("bs", persona_id, "public"))
    return Actor(bot_id, persona_id, made["id"], username)


def _bots(connection: Connection) -> list[Any]:
    return list(connection.execute(select(bot_instances.c.id, bot_instances.c.username)))


def webhook_secrets(connection: Connection) -> list[str]:
    columns = (bot_instances.c.public_id, bot_instances.c.secret)
    return [value for row in connection.execute(select(*columns)) for value in row]
