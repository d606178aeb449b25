"""A whole platform in production's settings, and people, models, Telegrams and operators who do all that can be done,
well and badly. Of tokens, keys, passwords and words nothing is in its logs, pages, metrics, errors and file names."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import Connection, select, update

from maskarad.db import failed_updates
from maskarad.db.engine import Database
from maskarad.db.tables import bot_instances, persona_configs
from maskarad.manager.callbacks import encode
from maskarad.sandbox.person import Sandbox
from maskarad.settings import Settings
from maskarad.telegram.bots import webhook_identity
from maskarad.values import Token
from tests.cli.shell import Running, Said
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, STRANGER, Actor, Stage, settings_for
from tests.journeys.test_import import export
from tests.sandbox.scene import MANAGER_TOKEN
from tests.security import canaries
from tests.security.canaries import found_in, text
from tests.support.databases import connect, migrated
from tests.support.servers import PostgresServer, RedisServer, free_port
from tests.support.until import until

WITHIN = 60.0

pytestmark = pytest.mark.timeout(600)


class Aviary:
    """A platform as a process, all of whose secrets are canaries, and all that it wrote."""

    def __init__(self, stage: Stage, environment: dict[str, str], folder: Path) -> None:
        self.stage = stage
        self.environment = environment
        self.folder = folder
        self.process = PlatformProcess(stage.settings, folder, "run", **environment)
        self.written: dict[str, str] = {}
        self.base = environment["WEBHOOK_URL_BASE"]

    async def maskarad(self, *arguments: str, stdin: str = "", **more: str) -> Said:
        """A command, with the platform's settings and `more`."""
        running = await Running.start(*arguments, folder=self.folder, **(_surroundings(self) | more))
        said = await running.end(stdin=stdin)
        self.written[f"maskarad {' '.join(arguments[:2])} {len(self.written)}"] = said.out + said.err
        return said

    async def page(self, path: str, *, headers: dict[str, str] | None = None, body: Any = None) -> int:
        method = "GET" if body is None else "POST"
        async with aiohttp.request(method, f"{self.base}{path}", headers=headers, data=body) as answer:
            shown = f"{answer.status} {dict(answer.headers)} {await answer.text()}"
            self.written[f"{method} {len(self.written)}"] = shown
            return answer.status

    def names(self) -> str:
        """Of all files that it made."""
        return "\n".join(str(file.relative_to(self.folder)) for file in self.folder.rglob("*"))


def _surroundings(aviary: Aviary) -> dict[str, str]:
    settings = aviary.stage.settings
    return {
        "TELEGRAM_BOT_TOKEN": MANAGER_TOKEN,
        "TELEGRAM_API_BASE_URL": settings.telegram_api_base_url,
        "DATA_DIR": str(settings.data_dir),
        "LLM_BASE_URL": settings.llm_base_url,
        **aviary.environment,
    }


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Addresses of a database, and of a Redis where there is PostgreSQL; both with passwords in them."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'maskarad.db'}"
        migrated(url)
        return {"DATABASE_URL": url}
    postgres: PostgresServer = request.getfixturevalue("own_postgres")
    redis: RedisServer = request.getfixturevalue("own_redis")
    postgres.execute("CREATE DATABASE house", f"ALTER USER maskarad PASSWORD '{canaries.DATABASE_PASSWORD}'")
    redis.execute("CONFIG", "SET", "requirepass", canaries.REDIS_PASSWORD)
    url = postgres.url("house").replace("maskarad@", f"maskarad:{canaries.DATABASE_PASSWORD}@")
    migrated(url)
    return {"DATABASE_URL": url, "REDIS_URL": redis.url.replace("//", f"//:{canaries.REDIS_PASSWORD}@")}


@pytest.fixture
async def aviary(
    sandbox: Sandbox, house: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Aviary]:
    port = free_port()
    database: Database = connect(house["DATABASE_URL"])
    settings = settings_for(sandbox.address, house["DATABASE_URL"], tmp_path)
    stage = Stage(sandbox, database, settings)
    await stage.people()
    environment = {
        **house,
        "LLM_API_KEY": f"{canaries.API_KEY},{canaries.OTHER_API_KEY}",
        "MASKARAD_SECRET_KEY": canaries.SECRET_KEY,
        "METRICS_TOKEN": canaries.METRICS_TOKEN,
        "BACKUP_PASSPHRASE": canaries.PASSPHRASE,
        "BACKUP_HOUR": "-1",
        "ADMIN_USER_IDS": str(OWNER),
        "RUN_MODE": "webhook",
        "WEBHOOK_URL_BASE": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "LOG_LEVEL": "info",
        "LOG_FORMAT": "json",
        "FLOOD_MESSAGES": "0",
    }
    made = Aviary(stage, environment, tmp_path)
    await made.process.start()
    try:
        yield made
    finally:
        await made.process.close()
        await database.close()


async def test_no_secret_and_no_word_is_written_anywhere(aviary: Aviary, request: pytest.FixtureRequest) -> None:
    stage, sandbox = aviary.stage, aviary.stage.sandbox
    actor = await _paste_tokens(aviary)
    group = await stage.group(actor, FRIEND)
    await _be_at_fault(aviary, actor, group)
    await _talk(stage, actor, group)
    await _use_commands_and_buttons(stage, actor, group)
    await _import(stage)
    await _fail_model(stage, actor)
    await _fail_telegram(stage, actor, group)
    await _send_hostile(aviary, actor)
    await _ask_pages(aviary)
    secrets = await stage.database.read(_webhook_secrets)
    if "REDIS_URL" in aviary.environment:
        await _lose_servers(aviary, actor, request)
    else:
        await _command_wrongly(aviary)
    await _back_up(aviary)
    await aviary.process.stop()

    manager = webhook_identity(Token(MANAGER_TOKEN))
    secrets += [MANAGER_TOKEN, manager.secret, manager.public_id]
    log = aviary.process.log()
    kinds = {json.loads(line)["event"] for line in log.splitlines() if line.startswith("{")}
    assert kinds >= {"platform_started", "update_failed", "update_malformed"}, kinds
    assert found_in({"log": log, "names": aviary.names(), **aviary.written}, secrets) == []
    assert (await sandbox.calls())[-1]  # it has talked


def _webhook_secrets(connection: Connection) -> list[str]:
    return [
        text for row in connection.execute(select(bot_instances.c.public_id, bot_instances.c.secret)) for text in row
    ]


async def _paste_tokens(aviary: Aviary) -> Actor:
    """One that nobody asked for, one of the wrong shape, one that Telegram does not know, and the right one."""
    stage, sandbox = aviary.stage, aviary.stage.sandbox
    made = await sandbox.add_bot("Canary", "actor1_test_bot", token=canaries.token(1), privacy=False)
    draft = {"--owner": str(OWNER), "--name": text("name"), "--description": text("description"), "--language": "uk"}
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


async def _talk(stage: Stage, actor: Actor, group: str) -> None:
    await stage.ask(actor, text("private"))
    await stage.ask(actor, text("stranger"), STRANGER)
    answer = await stage.sandbox.ask(group, FRIEND, f"@{actor.username} {text('group')}")
    await stage.sandbox.say(group, FRIEND, text("unaddressed"))
    await stage.sandbox.react(group, FRIEND, answer.id, "👍")
    said = await stage.sandbox.say(group, FRIEND, text("before"))
    await stage.sandbox.edit(group, FRIEND, said["message_id"], text("edited"))


async def _use_commands_and_buttons(stage: Stage, actor: Actor, group: str) -> None:
    sandbox, private = stage.sandbox, stage.private(actor)
    await stage.ask(actor, f"Називай мене {text('wish')}")
    for command in ("/start", "/mood", "/me", "/export_me", "/stats", f"/{text('command')}"):
        await stage.ask(actor, command)
    await sandbox.ask(group, OWNER, f"/chattiness@{actor.username}")
    question = await stage.ask(actor, "/forget_me")
    for data in (text("data"), f"1:mood:{text('m')}", f"1:p:{text('p')}"):
        await sandbox.press(private, OWNER, question.id, data=data)
    await sandbox.press(private, OWNER, question.id, label=question.buttons[0])
    manager = sandbox.private(OWNER, MANAGER_ID)
    wizard = await sandbox.ask(manager, OWNER, "/createpersona")
    await sandbox.ask(manager, OWNER, text("wizard"))
    await sandbox.press(manager, OWNER, wizard.id, data=text("forged"))
    await sandbox.ask(manager, OWNER, "/admin")


async def _import(stage: Stage) -> None:
    sandbox, manager = stage.sandbox, stage.sandbox.private(OWNER, MANAGER_ID)
    good = export(555, 3, text("chat")).replace(b"the lighthouse", text("line").encode())
    for content in (good, good[:-40], b'{"messages": "' + text("broken").encode() + b'"'):
        before = await sandbox.position()
        await sandbox.send_file(manager, OWNER, f"{text('file')}.json", content)
        await sandbox.next_message(manager, after=before, timeout=30)


async def _fail_model(stage: Stage, actor: Actor) -> None:
    """A refused key, a limit, nonsense for HTTP, then nonsense for an answer; and a refusal of the request."""
    sandbox, private = stage.sandbox, stage.private(actor)
    broken = f'{{"response": [{text("reply")}'
    await sandbox.direct_model(faults=[{"status": 401}, {"status": 500}], replies=[broken])
    await stage.ask(actor, text("nonsense"))
    await sandbox.direct_model(faults=[{"status": 400, "times": 20}])
    asked = len(await sandbox.model_requests())
    await sandbox.say(private, OWNER, text("unanswered"))

    async def is_refused() -> bool:
        return len(await sandbox.model_requests()) > asked

    await until(is_refused, WITHIN)
    await sandbox.direct_model(clear=True)


async def _fail_telegram(stage: Stage, actor: Actor, group: str) -> None:
    for kind in ("500", "cut", "429", "403"):
        await stage.sandbox.order_fault(kind, bot=actor.telegram_id, times=1, retry_after=1)
        await stage.sandbox.say(group, FRIEND, f"@{actor.username} {text('unsent')}")
    await stage.sandbox.clear_faults()


async def _send_hostile(aviary: Aviary, actor: Actor) -> None:
    stage = aviary.stage
    for hostile in (
        {"message": {"text": text("malformed"), "chat": 5}},
        {"message": text("no-object")},
        {"callback_query": {"id": 1, "data": text("press"), "from": None}},
    ):
        await stage.sandbox.inject_update(actor.telegram_id, hostile)
    identities = [*await stage.database.read(_doors), webhook_identity(Token(MANAGER_TOKEN)).public_id]
    for public_id in (*identities, text("path")):
        body = json.dumps({"update_id": 1, "message": {"text": text("forged")}})
        for secret in ("", text("secret")):
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
            assert await aviary.page(f"/telegram/{public_id}", headers=headers, body=body) in (401, 404)


def _doors(connection: Connection) -> list[str]:
    return list(connection.execute(select(bot_instances.c.public_id)).scalars())


async def _be_at_fault(aviary: Aviary, actor: Actor, group: str) -> None:
    """A persona's row is broken before anybody has read it: what is said to it fails by a fault of ours, and is put
    aside."""
    database = aviary.stage.database
    column = select(persona_configs.c.content).where(persona_configs.c.id == actor.persona_id)
    whole: str = await database.read(lambda connection: connection.execute(column).scalar_one())
    await database.write(lambda connection: _write(connection, actor.persona_id, '{"name": "canary-content'))
    await aviary.stage.sandbox.say(group, FRIEND, f"@{actor.username} {text('poison')}")

    async def is_put_aside() -> bool:
        return await database.read(failed_updates.how_many) > 0

    await until(is_put_aside, WITHIN)
    await aviary.maskarad("updates", "list")
    await aviary.maskarad("doctor")
    await database.write(lambda connection: _write(connection, actor.persona_id, whole))


def _write(connection: Connection, persona_id: int, content: str) -> None:
    connection.execute(update(persona_configs).where(persona_configs.c.id == persona_id).values(content=content))


async def _ask_pages(aviary: Aviary) -> None:
    for headers in ({}, {"Authorization": "Bearer canary"}, {"Authorization": f"Bearer {canaries.METRICS_TOKEN}"}):
        for path in ("/healthz", "/readyz", "/metrics", "/nowhere"):
            await aviary.page(path, headers=headers)


async def _lose_servers(aviary: Aviary, actor: Actor, request: pytest.FixtureRequest) -> None:
    redis: RedisServer = request.getfixturevalue("own_redis")
    postgres: PostgresServer = request.getfixturevalue("own_postgres")
    redis.kill()
    await aviary.stage.ask(actor, text("without-redis"))
    postgres.kill()
    await aviary.stage.sandbox.say(aviary.stage.private(actor), OWNER, text("outage"))
    assert await aviary.page("/healthz") == 503
    await aviary.maskarad("doctor")
    await aviary.maskarad("bot", "list")
    before = await aviary.stage.sandbox.position()
    postgres.start()
    redis.start()  # without its password, which it now says was given for nothing
    await aviary.stage.sandbox.next_message(aviary.stage.private(actor), after=before, timeout=60)
    await aviary.maskarad("doctor")


WRONG = [
    {"DATABASE_URL": f"postgresql://nobody:{canaries.DATABASE_PASSWORD}@127.0.0.1:1/x"},
    {"DATABASE_URL": f"postgresql://a:{canaries.DATABASE_PASSWORD}/x@127.0.0.1:1/x"},
    {"DATABASE_URL": f"postgresql://a:{canaries.DATABASE_PASSWORD}:5432"},
    {"DATABASE_URL": f"mysql://a:{canaries.DATABASE_PASSWORD}@127.0.0.1/x"},
    {"DATABASE_URL": f"postgresql://a:{canaries.DATABASE_PASSWORD}@127.0.0.1:1/x?ssl=canary"},
    {"REDIS_URL": f"redis://:{canaries.REDIS_PASSWORD}@127.0.0.1:1/0"},
    {"REDIS_URL": f"redis://:{canaries.REDIS_PASSWORD}/@127.0.0.1:1/0"},
    {"REDIS_URL": f"redis://:{canaries.REDIS_PASSWORD}@127.0.0.1:1/0?no_such=canary"},
    {"MASKARAD_SECRET_KEY": canaries.SECRET_KEY[1:]},
    {"MASKARAD_SECRET_KEY": f"{canaries.SECRET_KEY},canary"},
    {"TELEGRAM_BOT_TOKEN": canaries.token(3)},
    {"TELEGRAM_BOT_TOKEN": "canary-no-token"},
    {"LLM_API_KEY": f"{canaries.API_KEY}ї"},
    {"LLM_BASE_URL": "canary://canary"},
    {"METRICS_TOKEN": ""},
    {"BACKUP_PASSPHRASE": ""},
    {"ADMIN_USER_IDS": "canary"},
]


async def _command_wrongly(aviary: Aviary) -> None:
    for wrong in WRONG:
        await aviary.maskarad("doctor", **wrong)
        if "DATABASE_URL" in wrong:
            await aviary.maskarad("bot", "list", **wrong)
    await aviary.maskarad("doctor", "--settings")
    await aviary.maskarad("secrets", "check", MASKARAD_SECRET_KEY=canaries.SECRET_KEY.replace("y", "z"))
    await aviary.maskarad("secrets", "rotate")
    for token in (canaries.token(4), canaries.token(4)[:15], MANAGER_TOKEN):
        await aviary.maskarad("bot", "add", "--persona", "1", stdin=token)


async def _back_up(aviary: Aviary) -> None:
    made = await aviary.maskarad("backup", "create")
    assert made.code == 0, made
    listed = await aviary.maskarad("backup", "list", "--json")
    name = json.loads(listed.out)[0]["name"] if "name" in listed.out else json.loads(listed.out)[0]["file"]
    await aviary.maskarad("backup", "verify", name)
    for wrong in (canaries.WRONG_PASSPHRASE, ""):
        await aviary.maskarad("backup", "verify", name, BACKUP_PASSPHRASE=wrong)
        await aviary.maskarad("restore", name, BACKUP_PASSPHRASE=wrong)


def test_the_search_finds_a_canary() -> None:
    assert found_in({"a": "fine", "b": "Canary", "c": "x other y"}, ["other"]) == ["b: …Canary…", "c: …x other y…"]


def test_every_setting_that_is_secret_is_a_canary_here() -> None:
    secret = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert secret == {"telegram_bot_token", "llm_api_key", "metrics_token", "maskarad_secret_key", "backup_passphrase"}
