"""What a platform at work counts of itself, as a scrape reads it over HTTP: each thing done once, and nothing of
people."""

from contextlib import suppress
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from maskarad.app import Platform
from maskarad.errors import MaskaradError
from maskarad.jobs import tasks
from maskarad.metrics import meters, registry
from maskarad.ops.conditions import CONDITIONS
from maskarad.sandbox.person import Sandbox
from maskarad.values import Purpose, Scope
from tests.journeys.pages import WELL, ready, scrape
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, STRANGER, Actor, Stage, settings_for
from tests.support.databases import connect, migrated
from tests.support.servers import PostgresServer
from tests.support.until import until

CANARY = "канаркове слово"


async def busy(stage: Stage, actor: Actor) -> None:
    """Three answers, one of them after a flood; a model that refuses; an edited line, a reaction, an update that is
    malformed and one of no concern; a screen of the manager bot and a button on it."""
    sandbox, chat = stage.sandbox, stage.private(actor)
    said = await stage.ask(actor, "привіт")
    await sandbox.order_fault("429", method="sendMessage", chat=OWNER, bot=actor.telegram_id, retry_after=1)
    await stage.ask(actor, CANARY)
    await sandbox.direct_model(faults=[{"status": 400, "times": 50}])
    await stage.ask(actor, "чому?")
    await sandbox.direct_model(clear=True)
    await stage.ask(actor, "а тепер?")
    (line,) = [each for each in (await sandbox.chat(chat))["messages"] if each.get("text") == CANARY]
    await sandbox.edit(chat, OWNER, line["message_id"], f"{CANARY}!")
    await sandbox.react(chat, OWNER, said.id, "👍")
    await sandbox.inject_update(actor.telegram_id, {"message": {"chat": CANARY}})
    await sandbox.inject_update(actor.telegram_id, {"poll": {"id": CANARY}})
    manager = sandbox.private(FRIEND, MANAGER_ID)
    menu = await sandbox.ask(manager, FRIEND, "/start")
    pressed = await sandbox.press(manager, FRIEND, menu.id, label=menu.buttons[0])
    assert pressed["answered"]
    await stage.settled(actor)


COUNTED_ONCE = [
    ("updates_total", {"kind": "message", "result": "ok"}, 5),
    ("updates_total", {"kind": "message", "result": "malformed"}, 1),
    ("updates_total", {"kind": "message", "result": "failed"}, 0),
    ("updates_total", {"kind": "message", "result": "away"}, 0),
    ("updates_total", {"kind": "edited_message", "result": "ok"}, 1),
    ("updates_total", {"kind": "message_reaction", "result": "ok"}, 1),
    ("updates_total", {"kind": "callback_query", "result": "ok"}, 1),
    ("updates_total", {"kind": "other", "result": "ok"}, 1),
    ("update_seconds_count", {"kind": "message"}, 5),
    ("update_seconds_count", {"kind": "callback_query"}, 1),
    ("button_seconds_count", {}, 1),
    ("turn_seconds_count", {"stage": "waiting"}, 4),
    ("turn_seconds_count", {"stage": "prompt"}, 4),
    ("turn_seconds_count", {"stage": "model"}, 4),
    ("turn_seconds_count", {"stage": "storing"}, 4),
    ("turn_seconds_count", {"stage": "sending"}, 4),
    ("model_calls_total", {"purpose": "turn", "result": "ok"}, 3),
    ("model_calls_total", {"purpose": "turn", "result": "refused"}, 1),
    ("model_seconds_count", {"purpose": "turn"}, 4),
    ("errors_total", {"kind": "ModelError"}, 1),
    ("errors_total", {"kind": "MalformedUpdate"}, 1),
    ("errors_total", {"kind": "fault"}, 0),
    ("flood_waits_total", {}, 1),
    ("flood_wait_seconds_total", {}, 1),
    ("telegram_calls_total", {"method": "sendMessage", "result": "Flooded"}, 1),
    ("telegram_calls_total", {"method": "answerCallbackQuery", "result": "ok"}, 1),
    ("bots", {"state": "working"}, 1),
    ("bots", {"state": "deaf"}, 0),
    ("bots", {"state": "invalid"}, 0),
    ("queue_oldest_seconds", {}, 0),
    ("limits_reached_total", {"scope": "user"}, 0),
]


async def test_each_thing_that_is_done_is_counted_once(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing() as platform:
        await busy(stage, actor)
        sent = await stage.sandbox.calls(method="sendMessage")

        async def all_is_counted() -> bool:
            now = await scrape(platform)
            return all(now.value(name, **labels) == expected for name, labels, expected in COUNTED_ONCE)

        with suppress(TimeoutError):  # an answer is counted a moment after Telegram has it
            await until(all_is_counted)
        counted = await scrape(platform)
    for name, labels, expected in COUNTED_ONCE:
        assert counted.value(name, **labels) == expected, (name, labels)
    calls = {each.labels["result"]: each.value for each in counted.samples() if _is_sending(each)}
    assert sum(calls.values()) == len(sent)
    for access in ("read", "write"):
        assert counted.value("transaction_seconds_count", access=access) > 0
        assert counted.value("statements_total", access=access) > 0
    for kind in ("prompt", "completion"):
        assert counted.value("model_tokens_total", kind=kind) > 0
    assert counted.value("disk_free_bytes") > 0
    for name in ("process_resident_memory_bytes", "process_open_fds", "maskarad_loop_lag_seconds"):
        assert f"\n{name} " in counted.text


def _is_sending(sample: Sample) -> bool:
    return sample.name == "maskarad_telegram_calls_total" and sample.labels["method"] == "sendMessage"


def classes(root: type[Exception]) -> set[str]:
    return {root.__name__}.union(*map(classes, root.__subclasses__()))


OWN_ERRORS = frozenset({*classes(MaskaradError), meters.FAULT})
METHODS = frozenset(
    {
        "getMe",
        "getUpdates",
        "getChatMember",
        "getFile",
        "setMyCommands",
        "deleteWebhook",
        "setWebhook",
        "getWebhookInfo",
        "sendMessage",
        "sendPhoto",
        "sendDocument",
        "sendChatAction",
        "editMessageText",
        "deleteMessage",
        "answerCallbackQuery",
        "setMessageReaction",
    }
)
TASKS = frozenset(
    {tasks.DATABASE_INITIALIZATION, *(each.name for each in vars(tasks).values() if isinstance(each, tasks.Task))}
)

BOUNDED: dict[tuple[str, str], frozenset[str]] = {
    ("maskarad_cache_requests", "cache"): frozenset(
        ("user", "persona", "link", "known", "spending", "whitelist", "groups")
    ),
    ("maskarad_cache_requests", "result"): frozenset(("hit", "miss")),
    ("maskarad_rings", "result"): frozenset(("sent", "away", "full")),
    ("maskarad_task_last_run_seconds", "task"): TASKS,
    ("maskarad_task_duration_seconds", "task"): TASKS,
    ("maskarad_task_result", "task"): TASKS,
    ("maskarad_task_result", "result"): frozenset(meters.TASK_RESULTS),
    ("maskarad_spontaneous", "result"): frozenset(("said", "silent", "overtaken", "failed")),
    ("maskarad_updates", "kind"): frozenset(meters.UPDATE_KINDS),
    ("maskarad_updates", "result"): frozenset(meters.UPDATE_RESULTS),
    ("maskarad_update_seconds", "kind"): frozenset(meters.UPDATE_KINDS),
    ("maskarad_turn_seconds", "stage"): frozenset(meters.TURN_STAGES),
    ("maskarad_model_calls", "purpose"): frozenset(Purpose),
    ("maskarad_model_calls", "result"): frozenset({"ok", *meters.MODEL_REASONS}),
    ("maskarad_model_seconds", "purpose"): frozenset(Purpose),
    ("maskarad_model_tokens", "kind"): frozenset(("prompt", "completion")),
    ("maskarad_limits_reached", "scope"): frozenset(Scope),
    ("maskarad_errors", "kind"): OWN_ERRORS,
    ("maskarad_alerts", "name"): frozenset(CONDITIONS),
    ("maskarad_statements", "access"): frozenset(meters.ACCESSES),
    ("maskarad_transaction_seconds", "access"): frozenset(meters.ACCESSES),
    ("maskarad_telegram_calls", "method"): METHODS,
    ("maskarad_telegram_calls", "result"): OWN_ERRORS | {"ok"},
    ("maskarad_bots", "state"): frozenset(registry.BOT_STATES),
    ("python_gc_objects_collected", "generation"): frozenset("012"),
    ("python_gc_objects_uncollectable", "generation"): frozenset("012"),
    ("python_gc_collections", "generation"): frozenset("012"),
}
"""Every label that there is, with all that it may say."""


async def test_labels_are_few_and_tell_nothing_of_people(stage: Stage) -> None:
    actor = await stage.actor()
    group = await stage.group(actor, FRIEND, STRANGER)
    async with stage.playing() as platform:
        await busy(stage, actor)
        await stage.sandbox.say(group, FRIEND, f"{CANARY} у групі")
        await stage.sandbox.order_fault("403", method="sendMessage", bot=actor.telegram_id)
        await stage.sandbox.say(stage.private(actor, STRANGER), STRANGER, "привіт")
        await stage.settled(actor)
        counted = await scrape(platform)
    for family in text_string_to_metric_families(counted.text):
        for sample in family.samples:
            for label, value in sample.labels.items():
                if family.name != "python_info" and label != "le":
                    assert value in BOUNDED[family.name.removesuffix("_created"), label], (sample.name, label, value)
    tokens = [bot["token"] for bot in await stage.sandbox.bots()]
    secrets = [CANARY, "Устим", "oksana_in", actor.username, *tokens, *(token.partition(":")[2] for token in tokens)]
    assert [each for each in secrets if each in counted.text] == []
    numbers = {OWNER, FRIEND, STRANGER, actor.telegram_id, MANAGER_ID, group}
    labels = {value for sample in counted.samples() for value in sample.labels.values()}
    assert labels.isdisjoint(map(str, numbers))


async def test_an_outage_of_the_database_is_seen_and_over_again(
    sandbox: Sandbox, own_postgres: PostgresServer, tmp_path: Path
) -> None:
    own_postgres.execute("CREATE DATABASE mortal")
    url = own_postgres.url("mortal")
    migrated(url)
    stage = Stage(sandbox, connect(url), settings_for(sandbox.address, url, tmp_path))
    await stage.people()
    actor = await stage.actor()
    await stage.database.close()
    async with stage.playing() as platform:
        await stage.ask(actor, "привіт")
        assert await ready(platform) == (200, {"ready": True, "checks": WELL})
        before = await scrape(platform)
        position = await sandbox.position()
        own_postgres.kill()
        await sandbox.say(stage.private(actor), OWNER, "ти ще тут?")
        status, found = await ready(platform)
        await until(lambda: _is_away(platform), within=30)
        own_postgres.start()
        await sandbox.next_message(stage.private(actor), after=position, timeout=30)
        assert await ready(platform) == (200, {"ready": True, "checks": WELL})
        after = await scrape(platform)
    assert (status, found) == (503, {"ready": False, "checks": WELL | {"database": "failed", "schema": "failed"}})
    assert before.value("updates_total", kind="message", result="away") == 0
    assert after.value("errors_total", kind="DatabaseUnavailable") > 0
    assert after.value("updates_total", kind="message", result="ok") == 2


async def _is_away(platform: Platform) -> bool:
    return (await scrape(platform)).value("updates_total", kind="message", result="away") > 0
