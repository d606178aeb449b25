"""A whole platform in production's settings, as one process and as several, and people, models, Telegrams and operators
who do what can be done, well and badly. Of tokens, keys, passwords and words nothing is in its logs, pages, metrics,
errors and file names. What commands write is in test_canary_commands.py."""

import json

import pytest
from sqlalchemy import Connection, select, update

from maskarad.db import failed_updates
from maskarad.db.tables import bot_instances, persona_configs
from maskarad.manager.callbacks import encode
from maskarad.settings import Settings
from maskarad.telegram.bots import webhook_identity
from maskarad.values import Token
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, STRANGER, Actor, Stage
from tests.journeys.test_import import Owner, export
from tests.sandbox.scene import MANAGER_TOKEN
from tests.security import canaries
from tests.security.aviary import MESSAGES_A_DAY, WITHIN, Aviary, paste_tokens, webhook_secrets
from tests.security.backstage import (
    begin_hopeless_import,
    draw,
    import_is_given_up,
    is_refused,
    quiet_group,
    speak_unasked_and_fold,
)
from tests.security.canaries import found_in, text
from tests.support.servers import PostgresServer, RedisServer
from tests.support.until import until

pytestmark = pytest.mark.timeout(600)

MUST_BE_WRITTEN = (
    "platform_started",
    "update_failed",
    "update_malformed",
    "purse_empty",
    "operator_stopped",
    "turn_model_failed",
    "work_postponed",
    "telegram_flooded",
    "chat_gone",
    "picture_failed",
    "errand_failed",
    "errand_given_up",
    "stirred",
    "stir_model_failed",
    "summary_failed",
)
"""Of each path that can be told by its event."""


async def test_no_secret_and_no_word_is_written_anywhere(aviary: Aviary, request: pytest.FixtureRequest) -> None:
    stage = aviary.stage
    await aviary.start()
    actor = await paste_tokens(aviary)
    group = await stage.group(actor, FRIEND)
    await _be_at_fault(aviary, actor, group)
    await _talk(stage, actor, group)
    await _talk_until_the_limit(stage, actor)
    await _use_commands_and_buttons(stage, actor, group)
    await _operate(aviary)
    await _import(stage)
    await begin_hopeless_import(stage)
    await _fail_model(stage, actor)
    await _fail_telegram(stage, actor, group)
    other_group = await quiet_group(stage, actor)
    await draw(stage, actor, other_group)
    await speak_unasked_and_fold(stage, actor, other_group)
    await _send_hostile(aviary, actor)
    await _ask_pages(aviary)
    await import_is_given_up(stage)
    secrets = await stage.database.read(webhook_secrets)
    if "REDIS_URL" in aviary.environment:
        await _lose_servers(aviary, actor, request)
    await aviary.stop()
    aviary.must_have_written(*MUST_BE_WRITTEN, secrets=secrets)


async def _talk(stage: Stage, actor: Actor, group: str) -> None:
    await stage.ask(actor, text("private"))
    await stage.ask(actor, text("stranger"), STRANGER)
    answer = await stage.sandbox.ask(group, FRIEND, f"@{actor.username} {text('group')}")
    await stage.sandbox.say(group, FRIEND, text("unaddressed"))
    await stage.sandbox.react(group, FRIEND, answer.id, "👍")
    said = await stage.sandbox.say(group, FRIEND, text("before"))
    await stage.sandbox.edit(group, FRIEND, said["message_id"], text("edited"))


async def _talk_until_the_limit(stage: Stage, actor: Actor) -> None:
    """One has been said before: what is heard last here is that it is enough."""
    for _ in range(MESSAGES_A_DAY):
        await stage.ask(actor, text("limit"), STRANGER)
    await stage.sandbox.say(stage.private(actor, STRANGER), STRANGER, text("unheard"))


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


async def _import(stage: Stage) -> None:
    owner, name = Owner(stage), f"{text('file')}.json"
    good = export(555, 3, text("chat")).replace(b"the lighthouse", text("line").encode())
    asked = await owner.sends(good, name)
    await owner.presses(asked, asked.buttons[0])
    for content in (good[:-40], b'{"messages": "' + text("broken").encode() + b'"'):
        await owner.sends(content, name)


async def _operate(aviary: Aviary) -> None:
    """Look, press "back up now", and stop somebody and let them go on."""
    sandbox = aviary.stage.sandbox
    manager = sandbox.private(OWNER, MANAGER_ID)
    admin = await sandbox.ask(manager, OWNER, "/admin")
    await sandbox.press(manager, OWNER, admin.id, data=encode("ab"))
    for action in ("ac", "as", "ay"):
        await sandbox.press(manager, OWNER, admin.id, data=encode(action, "u", STRANGER))
    await sandbox.ask(sandbox.private(STRANGER, MANAGER_ID), STRANGER, text("stopped"))
    await sandbox.press(manager, OWNER, admin.id, data=encode("ag", "u", STRANGER))
    await sandbox.press(manager, OWNER, admin.id, data=encode("af"))
    await sandbox.ask(manager, OWNER, text("whom"))
    await until(lambda: any((aviary.folder / "backups").glob("*.backup")), WITHIN)


async def _fail_model(stage: Stage, actor: Actor) -> None:
    """A refused key, a limit, nonsense for HTTP, then nonsense for an answer; and a refusal of the request."""
    sandbox, private = stage.sandbox, stage.private(actor)
    broken = f'{{"response": [{text("reply")}'
    await sandbox.direct_model(faults=[{"status": 401}, {"status": 500}], replies=[broken])
    await stage.ask(actor, text("nonsense"))
    await sandbox.direct_model(faults=[{"status": 400, "times": 20}])
    await sandbox.say(private, OWNER, text("unanswered"))
    await is_refused(stage, text("unanswered"))
    await sandbox.direct_model(clear=True)


async def _fail_telegram(stage: Stage, actor: Actor, group: str) -> None:
    """It is unreachable, then wants a pause, then says that the bot may not write there any more."""
    sandbox = stage.sandbox
    kinds = ("500", "cut", "429", "403")
    for kind in kinds:
        await sandbox.order_fault(kind, method="sendMessage", chat=group, retry_after=1)
    await sandbox.say(group, FRIEND, f"@{actor.username} {text('unsent')}")

    async def are_met() -> bool:
        calls = await sandbox.calls(bot=actor.telegram_id, method="sendMessage")
        return {each["fault"] for each in calls} >= set(kinds)

    await until(are_met, WITHIN)


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
    for base in aviary.bases:
        for headers in ({}, {"Authorization": "Bearer canary"}, {"Authorization": f"Bearer {canaries.METRICS_TOKEN}"}):
            for path in ("/healthz", "/readyz", "/metrics", "/nowhere"):
                await aviary.page(path, base=base, headers=headers)


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


def test_the_search_finds_a_canary() -> None:
    assert found_in({"a": "fine", "b": "Canary", "c": "x other y"}, ["other"]) == ["b: …Canary…", "c: …x other y…"]


def test_every_setting_that_is_secret_is_a_canary_here() -> None:
    secret = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert secret == {"telegram_bot_token", "llm_api_key", "metrics_token", "maskarad_secret_key", "backup_passphrase"}
