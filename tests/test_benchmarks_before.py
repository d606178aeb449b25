"""The "before" of the benchmarks does the platform's work: by its front door, with the benchmarks' own stub."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from benchmarks.before.context import ContextMessage, get_context, init_db, save_message
from benchmarks.before.database import NEW_INDEXES, forget_indexes, open_engine
from benchmarks.before.model import parse_response
from benchmarks.before.models import ChatContext
from benchmarks.people import FIRST_GROUP, group_message, person, press, private_message
from benchmarks.program import running, settings_for
from benchmarks.stage import MANAGER_TOKEN, Stage, set_up
from benchmarks.stub import Call, Stub
from maskarad.manager.callbacks import encode
from tests.support.servers import free_port

PATIENCE = 30.0


class Heard:
    """Bot API calls as they came."""

    def __init__(self, stub: Stub) -> None:
        self._calls: list[Call] = []
        self._came = asyncio.Event()
        stub.hear = self._hear

    def _hear(self, call: Call) -> None:
        self._calls.append(call)
        self._came.set()

    def all(self, method: str) -> list[Call]:
        return [call for call in self._calls if call.method == method]

    async def come(self, method: str, count: int = 1) -> list[Call]:
        """Those of a method, when there are so many."""
        async with asyncio.timeout(PATIENCE):
            while len(self.all(method)) < count:
                self._came.clear()
                await self._came.wait()
        return self.all(method)


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    async with Stub().running() as running_stub:
        yield running_stub


@pytest.fixture
async def stage(tmp_path: Path, database_url: str) -> Stage:
    made = await set_up(tmp_path, database_url=database_url)
    forget_indexes(database_url)
    return made


@asynccontextmanager
async def before(stub: Stub, stage: Stage, **more: str) -> AsyncIterator[Heard]:
    """Runs while the block does; at its end every update that it took is handled, and it has complained of none."""
    heard = Heard(stub)
    async with running(("benchmarks.before",), settings_for(stage, stub.url, **more), stage.folder) as program:
        yield heard
    assert program.complaints() == []


def history(url: str) -> list[ChatContext]:
    engine = open_engine(url)
    with Session(engine) as db:
        lines = list(db.scalars(select(ChatContext).order_by(ChatContext.message_order)))
    engine.dispose()
    return lines


def buttons(call: Call) -> list[str]:
    markup: dict[str, Any] = json.loads(str(call.params["reply_markup"]))
    return [button["callback_data"] for row in markup["inline_keyboard"] for button in row]


async def test_a_press_is_answered_and_shown(stub: Stub, stage: Stage) -> None:
    own, other = stage.persona_ids[:2]
    wanted = {encode("m"): encode("ps", 0), encode("ps", 0): encode("p", own), encode("p", own): encode("e", own)}
    wanted[encode("e", own)] = encode("wo", own, "n")
    async with before(stub, stage) as heard:
        for number, (pressed, offered) in enumerate(wanted.items(), 1):
            stub.inboxes[MANAGER_TOKEN].put(press(person(0), number, pressed))
            shown = (await heard.come("editMessageText", number))[-1]
            assert offered in buttons(shown)
            assert "<b>" in str(shown.params["text"])
            assert len(heard.all("answerCallbackQuery")) == number
        stub.inboxes[MANAGER_TOKEN].put(press(person(0), 5, encode("p", other)))
        refused = (await heard.come("answerCallbackQuery", 5))[-1]
        assert refused.params["text"]
    assert len(heard.all("editMessageText")) == 4


async def test_a_private_message_is_stored_and_answered_with_the_history(stub: Stub, stage: Stage) -> None:
    inbox = stub.inboxes[stage.actors[0].token]
    async with before(stub, stage) as heard:
        inbox.put(private_message(person(0), 501))
        await heard.come("sendMessage")
        inbox.put(private_message(person(0), 502))
        sent = await heard.come("sendMessage", 2)
    assert [call.params["chat_id"] for call in sent] == [str(person(0))] * 2
    assert stub.prompts[2] == {501, 502}
    lines = history(stage.database_url)
    assert [line.message_order for line in lines] == [1, 2, 3, 4]
    assert [line.from_persona for line in lines] == [False, True, False, True]
    assert lines[1].text == sent[0].params["text"]
    assert "(line 502)" in lines[2].text


async def test_in_a_group_it_answers_to_its_name_and_keeps_the_rest(stub: Stub, stage: Stage) -> None:
    inbox = stub.inboxes[stage.actors[0].token]
    named: dict[str, Any] = group_message(1, person(0), 501)
    named["message"]["text"] = "мавка, ти тут? (line 501)"
    async with before(stub, stage) as heard:
        inbox.put(named)
        await heard.come("sendMessage")
        await inbox.confirmed(inbox.put(group_message(0, person(0), 502))[0])
    assert [call.params["chat_id"] for call in heard.all("sendMessage")] == [str(FIRST_GROUP - 1)]
    (kept,) = (line for line in history(stage.database_url) if line.chat_id == FIRST_GROUP)
    assert (kept.user_id, kept.from_persona) == (person(0), False)
    assert "(line 502)" in kept.text


async def test_by_webhook_with_kept_bots(stub: Stub, stage: Stage) -> None:
    port, actor = free_port(), stage.actors[0]
    webhook = {"RUN_MODE": "webhook", "WEBHOOK_URL_BASE": "https://bots.example", "PORT": str(port)}
    async with before(stub, stage, **webhook, BEFORE_BOTS="kept") as heard, httpx.AsyncClient() as client:
        manager, persona = await heard.come("setWebhook", 2)
        assert persona.params["url"] == f"https://bots.example/telegram/{actor.public_id}"
        assert persona.params["secret_token"] == actor.secret

        async def deliver(call: Call, update: dict[str, object], secret: object) -> int:
            path = str(call.params["url"]).removeprefix("https://bots.example")
            response = await client.post(
                f"http://127.0.0.1:{port}{path}",
                json={"update_id": 1, **update},
                headers={"X-Telegram-Bot-Api-Secret-Token": str(secret)},
            )
            return response.status_code

        assert await deliver(persona, private_message(person(0), 501), "somebody's") == 401
        assert await deliver(persona, private_message(person(0), 502), actor.secret) == 200
        assert await deliver(manager, press(person(0), 1, encode("m")), manager.params["secret_token"]) == 200
        await heard.come("sendMessage")
        await heard.come("editMessageText")
    assert len(history(stage.database_url)) == 2


async def test_only_the_new_indexes_are_forgotten(stage: Stage) -> None:
    engine = open_engine(stage.database_url)
    catalogue = inspect(engine)
    indexes = {each["name"] for table in catalogue.get_table_names() for each in catalogue.get_indexes(table)}
    unique = [each["column_names"] for each in catalogue.get_unique_constraints("chat_bot_instances")]
    engine.dispose()
    assert indexes.isdisjoint(NEW_INDEXES)
    assert "ix_usage_records_owner" in indexes
    assert unique == [["chat_id", "bot_instance_id"]]


def test_the_context_store_gives_the_newest_lines_of_one_chat(tmp_path: Path) -> None:
    file = tmp_path / "context.db"
    init_db(file)
    said = [
        ContextMessage(
            chat_bot_instance_id=1,
            message_order=number,
            chat_id=7 + number % 2,
            user_id=5,
            user_name="Оксана",
            from_persona=number % 3 == 0,
            text=f"line {number}",
            timestamp=float(number),
        )
        for number in range(10)
    ]
    for message in said:
        save_message(file, message)
    assert get_context(file, 7, limit=3) == [said[4], said[6], said[8]]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"response": ["a", "b"]}', ["a", "b"]),
        ('```json\n{"response": "a"}\n```', ["a"]),
        ('Here it is: {"response": ["a"]} — well?', ["a"]),
        ('["a", "b"]', ["a", "b"]),
        ('{"response": ["a", "b', ["a"]),
        ("a\n\nb", ["a", "b"]),
    ],
)
def test_answers_of_the_model_are_read(answer: str, said: list[str]) -> None:
    assert parse_response(answer) == said
