"""A bot that lives in the sandbox: what people do reaches it as events, what it says reaches them."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from maskarad.errors import ChatGone, ChatMoved, Conflict
from maskarad.metrics import Metrics
from maskarad.sandbox.person import Sandbox
from maskarad.sandbox.server import Options
from maskarad.telegram.api import BotApi
from maskarad.telegram.bots import BotRegistry
from maskarad.telegram.limits import FloodLimits
from maskarad.telegram.pollers import Pollers
from maskarad.telegram.send import Sender
from maskarad.telegram.transport import AiohttpRequest
from maskarad.telegram.webhooks import Webhooks
from maskarad.values import Button, Event, Incoming, Membership, Migration, Piece, Press, ReactionChange, Screen, Token
from maskarad.web.app import build_app
from maskarad.web.server import HttpServer
from tests.sandbox.scene import served
from tests.telegram.people import Notices, bot, webhook

MANAGER = "123456:manager-token-of-this-file"
ALICE = 1001
BOT = 2


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(Options(port=0, manager_token=MANAGER)) as found:
        yield found


class Life:
    """One bot, Luna, with its sender, and the events that reached it."""

    def __init__(self, sandbox: Sandbox, api: BotApi) -> None:
        self.sandbox = sandbox
        self.api = api
        self.events: list[Event] = []
        self.notices = Notices()
        self.registry: BotRegistry = self.notices.registry()
        limits = FloodLimits(per_bot_second=0, per_chat_second=0, per_group_minute=0, clock=time.monotonic)
        self.sender = Sender(api, limits, self.registry)
        self.luna = 0
        self.private = ""
        self._came = asyncio.Event()

    async def begin(self) -> None:
        await self.sandbox.add_user("Alice", username="alice_in", id=ALICE)
        made = await self.sandbox.add_bot("Luna", "luna_life_bot")
        self.luna = int(made["id"])
        self.private = self.sandbox.private(ALICE, self.luna)
        self.registry.put(
            bot(BOT, telegram_id=self.luna, username=made["username"]), Token(made["token"]), webhook(BOT)
        )

    async def handle(self, event: Event) -> None:
        if event.bot_id == BOT:
            self.events.append(event)
            self._came.set()

    async def until(self, count: int) -> list[Event]:
        async with asyncio.timeout(10):
            while len(self.events) < count:
                self._came.clear()
                await self._came.wait()
        return self.events

    @asynccontextmanager
    async def polling(self) -> AsyncIterator[None]:
        pollers = Pollers(self.api, self.registry, self.handle, poll_seconds=20, jitter=lambda: 0.0, metrics=Metrics())
        pollers.start()
        try:
            yield
        finally:
            await pollers.stop()

    @asynccontextmanager
    async def hooked(self) -> AsyncIterator[None]:
        server = HttpServer(build_app(self.registry, self.handle, looks={}, metrics=Metrics()), "127.0.0.1", 0)
        await server.start()
        webhooks = Webhooks(self.api, self.registry, url_base=f"http://127.0.0.1:{server.port}")
        webhooks.start()
        try:
            yield
        finally:
            await webhooks.stop()
            await server.stop()


@pytest.fixture
async def life(address: str) -> AsyncIterator[Life]:
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox.at(address))
        request = await stack.enter_async_context(AiohttpRequest(pool_size=10, pool_timeout=5, read_timeout=5))
        polls = await stack.enter_async_context(AiohttpRequest(pool_size=0, pool_timeout=5, read_timeout=5))
        await sandbox.reset()
        life = Life(sandbox, BotApi(request, polls, address, metrics=Metrics()))
        await life.begin()
        yield life


async def test_a_conversation(life: Life) -> None:
    async with life.polling():
        said = await life.sandbox.say(life.private, ALICE, "/start now")
        (start,) = await life.until(1)
        assert isinstance(start, Incoming)
        assert (start.command, start.sender.name) == ("start", "Alice")

        buttons = ((Button(label="Так", data="v1:y"),),)
        answer = await life.sender.send_text(
            BOT, ALICE, Screen(html="<b>Ти?</b>", keyboard=buttons), reply_to=said["message_id"]
        )
        pressing = asyncio.create_task(life.sandbox.press(life.private, ALICE, answer, label="Так"))
        press = (await life.until(2))[1]
        assert isinstance(press, Press)
        assert (press.data, press.message_id) == ("v1:y", answer)
        assert await life.sender.answer_press(BOT, press.callback_query_id, "Добре")
        assert (await pressing)["text"] == "Добре"

        await life.sender.edit_text(BOT, ALICE, answer, Piece(text="Я!"))
        await life.sender.edit_text(BOT, ALICE, answer, Piece(text="Я!"))
        assert await life.sender.react(BOT, ALICE, said["message_id"], "👍")
        assert not await life.sender.react(BOT, ALICE, said["message_id"], "✅")
        await life.sender.typing(BOT, ALICE)

        await life.sandbox.edit(life.private, ALICE, said["message_id"], "інакше")
        edited = (await life.until(3))[2]
        assert isinstance(edited, Incoming)
        assert (edited.edited, edited.text) == (True, "інакше")

    messages = (await life.sandbox.chat(life.private))["messages"]
    assert [each["text"] for each in messages] == ["інакше", "Я!"]
    assert messages[0]["reactions"] == {"👍": [life.luna]}
    assert await life.sender.delete_message(BOT, ALICE, answer)
    assert not await life.sender.delete_message(BOT, ALICE, answer)
    await life.sandbox.leave(life.private, ALICE)
    with pytest.raises(ChatGone):
        await life.sender.send_text(BOT, ALICE, Piece(text="?"))


async def test_a_group(life: Life) -> None:
    made = await life.sandbox.add_group("Чай", ALICE, type="group")
    key = str(made["key"])
    async with life.polling():
        await life.sandbox.join(key, life.luna, by=ALICE)
        joined = (await life.until(1))[0]
        assert isinstance(joined, Membership)
        assert (joined.is_member, joined.chat.title) == (True, "Чай")
        await life.sandbox.set_role(key, life.luna, "administrator")
        promoted = (await life.until(2))[1]
        assert isinstance(promoted, Membership)
        assert promoted.may_write

        await life.sandbox.say(key, ALICE, "агов @luna_life_bot")
        named = (await life.until(3))[2]
        assert isinstance(named, Incoming)
        assert named.mentions == {"luna_life_bot"}
        await life.sandbox.react(key, ALICE, named.message_id, "🔥")
        reacted = (await life.until(4))[3]
        assert isinstance(reacted, ReactionChange)
        assert (reacted.emoji, reacted.message_id) == (("🔥",), named.message_id)
        assert await life.sender.get_member_status(BOT, int(key), ALICE) == "creator"

        moved = await life.sandbox.migrate(key)
        migration = next(each for each in await life.until(5) if isinstance(each, Migration))
        assert (migration.old_chat_id, migration.new_chat_id) == (int(key), moved["id"])
        with pytest.raises(ChatMoved) as caught:
            await life.sender.send_text(BOT, int(key), Piece(text="?"))
    assert caught.value.new_chat_id == moved["id"]


async def test_the_same_update_twice_is_handed_on_twice(life: Life) -> None:
    """Telling them apart is the database's work: the ids are the same."""
    async with life.polling():
        await life.sandbox.say(life.private, ALICE, "раз")
        await life.until(1)
        await life.sandbox.redeliver(life.luna)
        first, second = await life.until(2)
    assert first == second


async def test_nothing_is_lost_when_answers_are(life: Life) -> None:
    await life.sandbox.order_fault("cut", method="getUpdates", bot=life.luna, after="done", times=1)
    await life.sandbox.order_fault("502", method="getUpdates", bot=life.luna, times=1)
    for text in ("один", "два", "три"):
        await life.sandbox.say(life.private, ALICE, text)
    async with life.polling():
        events = await life.until(3)
    assert [each.text for each in events if isinstance(each, Incoming)] == ["один", "два", "три"]


async def test_a_revoked_token_is_told_once_and_a_new_one_goes_on(life: Life) -> None:
    async with life.polling():
        await life.sandbox.say(life.private, ALICE, "до")
        await life.until(1)
        renewed = await life.sandbox.revoke_token(life.luna)
        await life.notices.until(2)
        await life.sandbox.say(life.private, ALICE, "після")
        life.registry.put(bot(BOT), Token(renewed["token"]), webhook(BOT))
        await life.until(2)
    # The registry's own manager bot is not known to this sandbox.
    assert sorted(life.notices.invalid) == [0, BOT]


async def test_webhooks_and_back_to_polling(life: Life) -> None:
    async with life.hooked():
        await life.sandbox.say(life.private, ALICE, "вебхук")
        await life.until(1)
    await life.sandbox.say(life.private, ALICE, "поки нікого")
    async with life.polling():
        await life.sandbox.say(life.private, ALICE, "опитування")
        events = await life.until(3)
    assert [each.text for each in events if isinstance(each, Incoming)] == ["вебхук", "поки нікого", "опитування"]
    assert life.notices.conflicts == []


async def test_two_platforms_on_one_token(life: Life) -> None:
    async with life.polling():
        await life.sandbox.say(life.private, ALICE, "мій")
        await life.until(1)
        while not life.notices.conflicts:
            with suppress(Conflict):
                await life.api.call(life.registry.token(BOT), "getUpdates", {"timeout": 0}, long_poll=True)
        assert life.registry.health(BOT).conflict_since == 1_000.0
    assert life.notices.conflicts == [BOT]
