"""A history sent to the manager bot as a file, through Telegram's HTTP."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from maskarad.db.tables import chat_contexts, errands, history_imports
from maskarad.sandbox.person import Heard
from tests.journeys.processes import PlatformProcess
from tests.journeys.stage import FRIEND, MANAGER_ID, OWNER, Actor, Stage
from tests.support.until import until

BEGIN = 1_700_000_000
MEGABYTE = 1024 * 1024
MANY = 20_000


class Owner:
    """Oksana, who speaks Ukrainian with the manager bot."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._sandbox = stage.sandbox
        self._chat = stage.sandbox.private(OWNER, MANAGER_ID)

    async def sends(self, content: bytes, name: str = "result.json") -> Heard:
        """A file, and what the manager bot makes of it in the end."""
        before = await self.hands_over(content, name)
        return await self.told(before)

    async def hands_over(self, content: bytes, name: str = "result.json") -> int:
        before = await self._sandbox.position()
        await self._sandbox.send_file(self._chat, OWNER, name, content)
        return before

    async def presses(self, message: Heard, label: str) -> Heard:
        before = await self.begins(message, label)
        return await self.told(before)

    async def begins(self, message: Heard, label: str) -> int:
        before = await self._sandbox.position()
        wanted = next(each for each in message.buttons if label in each)
        await self._sandbox.press(self._chat, OWNER, message.id, label=wanted)
        return before

    async def tells(self, after: int) -> Heard:
        """The message that tells how far it is."""

        def is_telling(event: dict[str, Any]) -> bool:
            if event["kind"] != "message" or event["chat"] != self._chat:
                return False
            text: str = event["message"].get("text", "")
            return text.startswith("⏳")

        event = await self._sandbox.wait_for(is_telling, timeout=30.0, after=after)
        return Heard(event["seq"], self._chat, event["message"])

    async def hourglasses(self) -> list[str]:
        """What still stands there as if something were under way."""
        messages = (await self._sandbox.chat(self._chat))["messages"]
        return [each["text"] for each in messages if each.get("text", "").startswith("⏳")]

    async def told(self, after: int) -> Heard:
        """The first message that stands for good: no hourglass, nothing under way."""

        def is_settled(event: dict[str, Any]) -> bool:
            if event["kind"] != "edited" or event["chat"] != self._chat:
                return False
            return not event["edited"]["text"].startswith(("⏳", "🔍", "📥"))

        event = await self._sandbox.wait_for(is_settled, timeout=30.0, after=after)
        return Heard(event["seq"], self._chat, event["edited"])


def export(chat_id: int, count: int, name: str = "Вечірній чай") -> bytes:
    """Of a basic group, whose message ids are those of whoever exported it. Bob tells stories in it."""
    messages = [
        {
            "id": number,
            "type": "message",
            "date_unixtime": str(BEGIN + 60 * number),
            "from": "Bob",
            "from_id": f"user{FRIEND}",
            "text": f"the lighthouse again, story {number}",
        }
        for number in range(1, count + 1)
    ]
    return json.dumps({"name": name, "type": "private_group", "id": -chat_id, "messages": messages}).encode()


async def id_of(stage: Stage, group: str) -> int:
    """The chat's id at the Bot API."""
    return int((await stage.sandbox.chat(group))["chat"]["id"])


async def is_known(stage: Stage, actor: Actor, group: str) -> None:
    """Returns when the platform knows that the actor is in the group."""
    await stage.sandbox.ask(group, OWNER, f"@{actor.username} агов")


def plainly(text: str) -> str:
    """Numbers with commas, whatever the language groups them by."""
    return text.replace("\u202f", ",").replace("\xa0", ",")


def imported(connection: Connection) -> int:
    found = select(func.count()).select_from(chat_contexts).where(chat_contexts.c.imported)
    return int(connection.execute(found).scalar_one())


async def test_what_was_sent_as_a_file_is_in_the_next_prompt(stage: Stage) -> None:
    actor, owner = await stage.actor(), Owner(stage)
    async with stage.playing():
        group = await stage.group(actor, FRIEND, kind="group")
        await is_known(stage, actor, group)
        asked = await owner.sends(export(await id_of(stage, group), 300))
        done = await owner.presses(asked, "Вечірній чай")
        await stage.sandbox.ask(group, OWNER, "Устиме, що тут було про lighthouse?")
    assert asked.text.startswith("📄 Вечірній чай\nПовідомлень: 300")
    assert asked.buttons == ["✅ Вечірній чай", "👤 Ваша приватна розмова з ботом", "✖️ Скасувати"]
    assert "Додано: 300\nУже було: 0" in done.text
    assert "300 messages of 1 person" in done.text
    prompt = str((await stage.prompts())[-1])
    assert "Before you could read here: 300 messages of 1 person" in prompt
    assert list((stage.settings.data_dir / "imports").iterdir()) == []


async def test_only_an_administrator_brings_a_history_into_a_group(stage: Stage) -> None:
    actor, owner = await stage.actor(), Owner(stage)
    made = await stage.sandbox.add_group("Kitchen", FRIEND, "group")
    group = str(made["key"])
    async with stage.playing():
        await stage.sandbox.join(group, OWNER)
        await stage.sandbox.join(group, actor.telegram_id, by=FRIEND)
        await is_known(stage, actor, group)
        content = export(await id_of(stage, group), 3, "Kitchen")
        as_member = await owner.sends(content)
        await stage.sandbox.set_role(group, OWNER, "administrator")
        as_administrator = await owner.sends(content)
        await stage.sandbox.set_role(group, OWNER, "member")
        refused = await owner.presses(as_administrator, "Kitchen")
    assert as_member.buttons == ["👤 Ваша приватна розмова з ботом", "✖️ Скасувати"]
    assert as_administrator.buttons[0] == "✅ Kitchen"
    assert "лише адміністратор" in refused.text
    assert await stage.database.read(imported) == 0


async def test_a_file_that_telegram_does_not_give_to_bots(stage: Stage) -> None:
    await stage.actor()
    async with stage.playing():
        told = await Owner(stage).sends(bytes(20 * MEGABYTE + 1), "ChatExport.zip")
    assert "щонайбільше на 20 МБ" in told.text
    assert "maskarad import" in told.text


def begun(connection: Connection) -> bool:
    """Something is stored, and not all of it."""
    return bool(connection.execute(select(history_imports.c.read_messages)).scalar_one_or_none())


def is_noted(connection: Connection) -> bool:
    """In which message the errand is told."""
    return connection.execute(select(errands.c.progress)).scalar_one_or_none() is not None


async def test_an_import_that_a_restart_interrupts_goes_on_by_itself(stage: Stage) -> None:
    actor, owner = await stage.actor(), Owner(stage)
    async with stage.playing():
        group = await stage.group(actor, kind="group")
        await is_known(stage, actor, group)
        asked = await owner.sends(export(await id_of(stage, group), MANY))
        before = await owner.begins(asked, "Вечірній чай")
        await until(lambda: stage.database.read(begun), within=20.0)
    half = await stage.database.read(imported)
    async with stage.playing():
        done = await owner.told(before)
    assert 0 < half < MANY
    assert f"Додано: {MANY:,}" in plainly(done.text)
    assert "Уже було: 0" in done.text
    assert await stage.database.read(imported) == MANY


async def test_an_import_whose_process_is_killed_goes_on_in_the_same_message(stage: Stage, tmp_path: Path) -> None:
    actor, owner = await stage.actor(), Owner(stage)
    first, second = (PlatformProcess(stage.settings, tmp_path) for _ in range(2))
    try:
        await first.start()
        group = await stage.group(actor, kind="group")
        await is_known(stage, actor, group)
        asked = await owner.sends(export(await id_of(stage, group), MANY))
        before = await owner.begins(asked, "Вечірній чай")
        told = await owner.tells(before)
        await until(lambda: stage.database.read(begun), within=20.0)
        await first.kill()
        half = await stage.database.read(imported)
        await second.start()
        done = await owner.told(before)
    finally:
        await first.close()
        await second.close()
    assert 0 < half < MANY
    assert done.id == told.id
    assert f"Додано: {MANY:,}" in plainly(done.text)
    assert await stage.database.read(imported) == MANY
    assert await owner.hourglasses() == []


async def test_a_look_into_a_file_whose_process_is_killed_is_taken_again(stage: Stage, tmp_path: Path) -> None:
    actor, owner = await stage.actor(), Owner(stage)
    first, second = (PlatformProcess(stage.settings, tmp_path) for _ in range(2))
    try:
        await first.start()
        group = await stage.group(actor, kind="group")
        await is_known(stage, actor, group)
        await stage.sandbox.order_fault("slow", method="getFile", seconds=30)
        before = await owner.hands_over(export(await id_of(stage, group), 3))
        told = await owner.tells(before)
        await until(lambda: stage.database.read(is_noted))
        await first.kill()
        await stage.sandbox.clear_faults()
        await second.start()
        asked = await owner.told(before)
        done = await owner.presses(asked, "Вечірній чай")
    finally:
        await first.close()
        await second.close()
    assert asked.id == told.id
    assert "Додано: 3" in done.text
    assert await owner.hourglasses() == []


async def test_a_question_asked_before_a_restart_is_answered_after_it(stage: Stage) -> None:
    actor, owner = await stage.actor(), Owner(stage)
    async with stage.playing():
        group = await stage.group(actor, kind="group")
        await is_known(stage, actor, group)
        asked = await owner.sends(export(await id_of(stage, group), 3))
    async with stage.playing():
        done = await owner.presses(asked, "Вечірній чай")
    assert "Додано: 3" in done.text
