"""The manager bot through Telegram's HTTP: buttons, messages, restarts and repeated updates."""

from maskarad.db import bots, personas
from maskarad.sandbox.person import Heard, Sandbox
from maskarad.values import Access
from tests.journeys.stage import FRIEND, MANAGER_ID, STRANGER, Stage


class Visitor:
    """Somebody in a private chat with the manager bot; `seen` is its latest screen."""

    def __init__(self, sandbox: Sandbox, person: int = FRIEND) -> None:
        self.person = person
        self.chat = sandbox.private(person, MANAGER_ID)
        self.seen: Heard
        self._sandbox = sandbox

    async def says(self, text: str) -> Heard:
        self.seen = await self._sandbox.ask(self.chat, self.person, text)
        return self.seen

    async def presses(self, *labels: str) -> Heard:
        """Press buttons one after the other, each named by a part of its label; each must change the screen."""
        for part in labels:
            label = next(each for each in self.seen.buttons if part in each)
            before = await self._sandbox.position()
            pressed = await self._sandbox.press(self.chat, self.person, self.seen.id, label=label)
            assert pressed["answered"]
            self.seen = await self._sandbox.next_edit(self.chat, after=before)
        return self.seen


async def test_from_the_first_word_to_a_bot_that_answers_its_owner_only(stage: Stage) -> None:
    sandbox = stage.sandbox
    made = await sandbox.add_bot("Mira", "mira_sandbox_bot")
    bob = Visitor(sandbox)
    async with stage.playing():
        assert "Hello!" in (await bob.says("/start")).text
        assert "1/11" in (await bob.presses("Make a persona")).text
        assert "2/11" in (await bob.says("Mira")).text
        assert "4/11" in (await bob.presses("Skip", "Sarcastic")).text
        assert "✅ Sarcastic" in (await bob.presses("Back")).buttons
        await bob.presses("Friendly", *["Skip"] * 4, "Joy", "Next", "Skip", "1.0", "Answer the questions")
        assert "2/7" in (await bob.says("born at sea")).text
        assert "Almost done" in (await bob.presses(*["Skip"] * 6)).text
        assert "Style: Friendly" in (await bob.presses("Create")).text
        await bob.presses("Bind a bot")
        bound_answer = (await bob.says(f"here: {made['token']}")).text
        assert "now lives in @mira_sandbox_bot" in bound_answer
        assert "couldn't delete" not in bound_answer
        left = (await sandbox.chat(bob.chat))["messages"]
        answer = await sandbox.ask(sandbox.private(FRIEND, made["id"]), FRIEND, "hello")
        refusal = await sandbox.ask(sandbox.private(STRANGER, made["id"]), STRANGER, "hello")
    assert made["token"] not in str(left)
    assert answer.text
    assert "talks only to people its owner has invited" in refusal.text
    [bound] = await stage.database.read(bots.everyone)
    assert bound.bot.access is Access.OWNER_ONLY


async def test_a_wizard_survives_a_restart_and_a_repeated_update(stage: Stage) -> None:
    bob = Visitor(stage.sandbox)
    async with stage.playing():
        await bob.says("/createpersona")
        await bob.says("Mira")
    async with stage.playing():
        assert "3/11" in (await bob.presses("Skip")).text
        await bob.presses("Back")
        assert "3/11" in (await bob.says("a witch")).text
        before = await stage.sandbox.position()
        await stage.sandbox.redeliver(MANAGER_ID)
        await bob.says("/createpersona")
        events, _ = await stage.sandbox.events(before)
    assert "3/11" in bob.seen.text
    assert [each["kind"] for each in events if each["kind"] == "message" and each["message"]["from"]["is_bot"]] == [
        "message"
    ]


async def test_forged_and_foreign_buttons_change_nothing(stage: Stage) -> None:
    actor = await stage.actor()
    bob = Visitor(stage.sandbox)
    async with stage.playing():
        shown = await bob.says("/start")
        for data in (f"1:py:{actor.persona_id}", f"1:bs:{actor.persona_id}:public", "1:zz", "9:m", "x", "🦊" * 16):
            pressed = await stage.sandbox.press(bob.chat, FRIEND, shown.id, data=data)
            assert pressed["answered"], data
            assert pressed["text"], data
        messages = (await stage.sandbox.chat(bob.chat))["messages"]
    assert messages[-1]["text"] == shown.text
    assert [each.name for each in await stage.database.read(lambda c: personas.owned_by(c, None))] == ["Устим"]
    assert [each.bot.access for each in await stage.database.read(bots.everyone)] == [Access.PUBLIC]


async def test_deleting_a_persona_silences_its_bot(stage: Stage) -> None:
    actor = await stage.actor()
    owner = Visitor(stage.sandbox, 1001)
    async with stage.playing():
        await stage.ask(actor, "привіт")
        await owner.says("/mypersonas")
        assert "немає персонажів" in (await owner.presses("Устим", "Видалити", "Так, видалити")).text
    assert await stage.database.read(bots.everyone) == []
