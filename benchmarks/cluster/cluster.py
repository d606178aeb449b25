"""PostgreSQL, Redis, the sandbox, a proxy, and so many gateways and workers: started together, each on a free port."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import aiohttp

from benchmarks import unlimited
from benchmarks.cluster.member import Member
from benchmarks.program import surroundings
from benchmarks.stage import MANAGER_TOKEN, Stage, set_up
from maskarad.key_file import KEY_FILE
from maskarad.sandbox.person import Sandbox
from tests.support.clocks import told_another_time
from tests.support.servers import PostgresServer, ProxyServer, RedisServer, free_port

GATEWAY = ("maskarad", "gateway")
WORKER = ("maskarad", "worker", "--queues", "turns,delivery,slow")
DATABASE = "cluster"
POOL_SIZE = "10"
"""As compose.yaml has it."""
TABLES = ("chat_bot_instances", "reply_parts")
HEALTH = "/healthz"
SANDBOX_WITHIN = 20.0
AHEAD = "worker-3"
"""Its machine's clock is `AHEAD_BY` seconds ahead."""
AHEAD_BY = 60.0


class Cluster:
    """Whatever is started here ends with `close`, by its own process id."""

    def __init__(self, folder: Path, session: aiohttp.ClientSession, *, gateways: int, workers: int) -> None:
        """Every process logs into the folder. Raises ServerMissing."""
        self.folder = folder
        self.gateways: list[Member] = []
        self.workers: list[Member] = []
        self.postgres = PostgresServer()
        self.redis = RedisServer()
        self._ports = [free_port() for _ in range(gateways)]
        self._workers = workers
        self.proxy = ProxyServer(self._ports, health=HEALTH)
        self._session = session
        self._sandbox: asyncio.subprocess.Process | None = None
        self.sandbox_url = ""

    @property
    def members(self) -> list[Member]:
        return [*self.gateways, *self.workers]

    @property
    def database_url(self) -> str:
        return self.postgres.url(DATABASE)

    async def open(self, *, bots: int, people: int, settings: Mapping[str, str]) -> Stage:
        """Start the servers, settle the bots and the people that the manager bot knows, and make the members ready to
        be started. `settings` are added to every member's."""
        await asyncio.gather(*(asyncio.to_thread(each.start) for each in (self.postgres, self.redis, self.proxy)))
        await self._start_sandbox()
        await asyncio.to_thread(self.postgres.execute, f"CREATE DATABASE {DATABASE}")
        stage = await set_up(self.folder, actors=bots, people=people, database_url=self.database_url)
        key = (self.folder / KEY_FILE).read_text().strip()
        await self._settle(stage)
        shared = {**self._settings(), "MASKARAD_SECRET_KEY": key, **settings}
        self.gateways = [
            self._member(f"gateway-{number}", GATEWAY, shared, port) for number, port in enumerate(self._ports, 1)
        ]
        self.workers = [
            self._member(f"worker-{number}", WORKER, shared, free_port()) for number in range(1, self._workers + 1)
        ]
        return stage

    async def start(self, members: Sequence[Member]) -> None:
        """Returns when all are well. Raises MemberFailed."""
        await asyncio.gather(*(each.start() for each in members))

    async def keep_rows(self) -> None:
        """What stands in the database about work under way, for whoever looks for a fault: `rows.txt` in the folder."""
        said = await asyncio.to_thread(
            self.postgres.execute, "\\x on", *(f"SELECT * FROM {table}" for table in TABLES), database=DATABASE
        )
        (self.folder / "rows.txt").write_text(said)

    async def close(self) -> None:
        for each in self.members:
            each.resume()
        await asyncio.gather(*(each.kill() for each in self.members))
        if self._sandbox is not None and self._sandbox.returncode is None:
            self._sandbox.terminate()
            await self._sandbox.wait()
        await asyncio.gather(*(asyncio.to_thread(each.close) for each in (self.proxy, self.redis, self.postgres)))

    def _member(self, name: str, command: Sequence[str], settings: Mapping[str, str], port: int) -> Member:
        """As on a host of its own: with a data folder that no other knows."""
        data = self.folder / name
        data.mkdir()
        clock = told_another_time(AHEAD_BY) if name == AHEAD else {}
        own = {**settings, **clock, "DATA_DIR": str(data), "PORT": str(port)}
        return Member(name, command, own, self.folder, self._session)

    def _settings(self) -> dict[str, str]:
        return {
            "TELEGRAM_BOT_TOKEN": MANAGER_TOKEN,
            "TELEGRAM_API_BASE_URL": self.sandbox_url,
            "LLM_BASE_URL": f"{self.sandbox_url}/v1",
            "LLM_API_KEY": "cluster-key",
            **unlimited.VARIABLES,
            "DATABASE_URL": self.database_url,
            "DB_POOL_SIZE": POOL_SIZE,
            "REDIS_URL": self.redis.url,
            "RUN_MODE": "webhook",
            "WEBHOOK_URL_BASE": self.proxy.url,
            "REPLY_PACING": "none",
            "LOG_FORMAT": "json",
        }

    async def _start_sandbox(self) -> None:
        with (self.folder / "sandbox.log").open("ab") as log:
            self._sandbox = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "maskarad.sandbox", "--port", "0", "--manager-token", MANAGER_TOKEN),
                cwd=self.folder,
                env=surroundings({}),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._sandbox.stdout is not None
        async with asyncio.timeout(SANDBOX_WITHIN):
            said = await self._sandbox.stdout.readline()
        self.sandbox_url = said.decode().partition("sandbox: ")[2].strip().rstrip("/")

    async def _settle(self, stage: Stage) -> None:
        """Telegram learns of the bots that the platform has."""
        sandbox = Sandbox(self.sandbox_url, self._session)
        for actor in stage.actors:
            await sandbox.add_bot("Мавка", actor.username, token=actor.token, privacy=False)


@contextlib.asynccontextmanager
async def standing(folder: Path, *, gateways: int, workers: int) -> AsyncIterator[Cluster]:
    """A cluster to be opened, that ends with the block. Raises ServerMissing."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        cluster = await asyncio.to_thread(lambda: Cluster(folder, session, gateways=gateways, workers=workers))
        try:
            yield cluster
        finally:
            await cluster.close()
