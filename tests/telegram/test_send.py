import asyncio
from typing import Any

import pytest

from maskarad.errors import (
    ChatGone,
    ChatMoved,
    Flooded,
    NothingSent,
    TelegramRefused,
    TelegramUnreachable,
    TokenInvalid,
)
from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.limits import FloodLimits
from maskarad.telegram.send import Sender
from maskarad.telegram.transport import AiohttpRequest
from maskarad.values import BotProfile, Button, Piece, Screen, Token
from tests.telegram.people import Notices, bot, token, webhook
from tests.telegram.stub import Cut, Raw, Stub, refusal

KEYBOARD = ((Button(label="Так", data="v1:yes"), Button(label="Ні", data="v1:no")), (Button(label="⬅", data="v1:b"),))
FLOODED = refusal(429, "Too Many Requests: retry after 1", retry_after=1)
UNPARSABLE = refusal(400, "Bad Request: can't parse entities: Can't find end tag")


async def test_a_message_with_everything(sender: Sender, stub: Stub) -> None:
    screen = Screen(html="<b>a</b> &lt; b", keyboard=KEYBOARD)
    assert await sender.send_text(2, 5, screen, reply_to=3) == 77
    (call,) = stub.calls
    assert (call.method, call.token) == ("sendMessage", token(2).reveal())
    assert call.params == {
        "chat_id": 5,
        "text": "<b>a</b> &lt; b",
        "parse_mode": "HTML",
        "reply_parameters": {"message_id": 3, "allow_sending_without_reply": True},
        "reply_markup": {
            "inline_keyboard": [
                [{"text": "Так", "callback_data": "v1:yes"}, {"text": "Ні", "callback_data": "v1:no"}],
                [{"text": "⬅", "callback_data": "v1:b"}],
            ]
        },
    }


async def test_text_without_markup_is_sent_as_it_is(sender: Sender, stub: Stub) -> None:
    await sender.send_text(2, 5, Piece(text="1 < 2 & 3"))
    assert stub.calls[0].params == {"chat_id": 5, "text": "1 < 2 & 3"}


@pytest.mark.parametrize(
    "content", [Piece(text="a <b> & c", html="<x>a</x>"), Screen(html="<i>a</i> &lt;b&gt; &amp; <a href='x'>c</a>")]
)
async def test_refused_markup_is_sent_as_plain_text(sender: Sender, stub: Stub, content: Any) -> None:
    stub.script("sendMessage", UNPARSABLE)
    assert await sender.send_text(2, 5, content) == 77
    assert stub.calls[1].params == {"chat_id": 5, "text": "a <b> & c"}


async def test_429_waits_in_order_and_holds_up_no_other_chat(sender: Sender, stub: Stub) -> None:
    stub.script("sendMessage", FLOODED)
    texts = [f"{number}" for number in range(3)]
    flooded = [asyncio.create_task(sender.send_text(2, 5, Piece(text=text))) for text in texts]
    await stub.until(lambda: len(stub.calls) == 1)
    started = asyncio.get_running_loop().time()
    await sender.send_text(2, 6, Piece(text="other chat"))
    assert asyncio.get_running_loop().time() - started < 0.5
    await asyncio.gather(*flooded)
    sent = [(call.params["chat_id"], call.params["text"]) for call in stub.calls]
    assert sent == [(5, "0"), (6, "other chat"), (5, "0"), (5, "1"), (5, "2")]
    assert stub.calls[2].at - stub.calls[0].at >= 1.0


async def test_a_pause_of_minutes_is_the_callers_to_wait(sender: Sender, stub: Stub) -> None:
    stub.script("sendMessage", refusal(429, "Too Many Requests", retry_after=600))
    with pytest.raises(Flooded) as caught:
        await sender.send_text(2, 5, Piece(text="x"))
    assert caught.value.retry_after == pytest.approx(600, abs=5)
    with pytest.raises(Flooded):
        await sender.edit_text(2, 5, 77, Piece(text="x"))
    assert len(stub.calls) == 1


async def test_an_edit_waits_for_its_chats_pause(sender: Sender, stub: Stub) -> None:
    stub.script("editMessageText", FLOODED)
    await sender.edit_text(2, 5, 77, Screen(html="<b>a</b>", keyboard=KEYBOARD))
    assert stub.calls[1].at - stub.calls[0].at >= 1.0
    assert stub.calls[1].params["message_id"] == 77


async def test_an_edit_that_changes_nothing_is_fine(sender: Sender, stub: Stub) -> None:
    stub.script("editMessageText", refusal(400, "Bad Request: message is not modified: same"))
    await sender.edit_text(2, 5, 77, Piece(text="x"))


async def test_what_has_become_of_a_chat_is_told(sender: Sender, stub: Stub) -> None:
    stub.script(
        "sendMessage",
        refusal(400, "Bad Request: upgraded", migrate_to_chat_id=-1009),
        refusal(403, "Forbidden: bot was kicked from the group chat"),
    )
    with pytest.raises(ChatMoved) as caught:
        await sender.send_text(2, -5, Piece(text="x"))
    assert caught.value.new_chat_id == -1009
    with pytest.raises(ChatGone):
        await sender.send_text(2, -5, Piece(text="x"))


async def test_a_message_that_may_have_arrived_is_not_repeated(sender: Sender, stub: Stub) -> None:
    stub.script("sendMessage", Cut())
    with pytest.raises(TelegramUnreachable) as caught:
        await sender.send_text(2, 5, Piece(text="x"))
    assert not isinstance(caught.value, NothingSent)
    assert len(stub.calls) == 1


@pytest.fixture
def unopened() -> AiohttpRequest:
    """A transport that reaches nobody until it is opened."""
    return AiohttpRequest(pool_size=4, pool_timeout=5.0, read_timeout=5.0)


async def test_what_certainly_was_not_sent_is_sent_again(
    notices: Notices, limits: FloodLimits, stub: Stub, unopened: AiohttpRequest
) -> None:
    registry = notices.registry()
    registry.put(bot(2), token(2), webhook(2))
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            await unopened.initialize()

    sender = Sender(BotApi(unopened, unopened, stub.url, metrics=Metrics()), limits, registry, sleep=sleep)
    assert await sender.send_text(2, 5, Piece(text="x")) == 77
    await unopened.shutdown()
    assert pauses == [0.5, 2.0]
    assert len(stub.calls) == 1


async def test_what_still_was_not_sent_is_the_callers_to_send(
    notices: Notices, limits: FloodLimits, stub: Stub, unopened: AiohttpRequest
) -> None:
    registry = notices.registry()
    registry.put(bot(2), token(2), webhook(2))
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    sender = Sender(BotApi(unopened, unopened, stub.url, metrics=Metrics()), limits, registry, sleep=sleep)
    with pytest.raises(NothingSent):
        await sender.send_text(2, 5, Piece(text="x"))
    assert pauses == [0.5, 2.0]
    assert stub.calls == []


async def test_what_may_be_repeated_is(sender: Sender, stub: Stub, pauses: list[float]) -> None:
    trouble = (Cut(), Raw(502, b"", "text/html"), Cut())
    for method in ("editMessageText", "deleteMessage", "answerCallbackQuery", "setMessageReaction", "setMyCommands"):
        stub.script(method, *trouble)
    await sender.edit_text(2, 5, 77, Piece(text="x"))
    assert await sender.delete_message(2, 5, 77)
    assert await sender.answer_press(2, "5", "ok", alert=True)
    assert await sender.react(2, 5, 77, "👍")
    await sender.set_commands(2, {"": {"start": "Start"}, "uk": {"start": "Почати"}})
    assert len(stub.calls) == 21
    assert pauses == [0.5, 2.0, 5.0] * 5
    stub.script("deleteMessage", *(Cut() for _ in range(4)))
    with pytest.raises(TelegramUnreachable):
        await sender.delete_message(2, 5, 77)


async def test_the_small_calls(sender: Sender, stub: Stub) -> None:
    stub.script("getChatMember", {"status": "administrator", "user": {"id": 42}})
    await sender.answer_press(2, "5")
    await sender.answer_press(2, "6", "Ні", alert=True)
    await sender.react(2, 5, 77, "👍")
    await sender.react(2, 5, 77, None)
    await sender.typing(2, 5)
    await sender.set_commands(2, {"": {"start": "Start"}, "uk": {"start": "Почати"}})
    assert await sender.get_member_status(2, -100, 42) == "administrator"
    assert [(call.method, call.params) for call in stub.calls] == [
        ("answerCallbackQuery", {"callback_query_id": "5"}),
        ("answerCallbackQuery", {"callback_query_id": "6", "text": "Ні", "show_alert": True}),
        ("setMessageReaction", {"chat_id": 5, "message_id": 77, "reaction": [{"type": "emoji", "emoji": "👍"}]}),
        ("setMessageReaction", {"chat_id": 5, "message_id": 77, "reaction": []}),
        ("sendChatAction", {"chat_id": 5, "action": "typing"}),
        ("setMyCommands", {"commands": [{"command": "start", "description": "Start"}]}),
        ("setMyCommands", {"commands": [{"command": "start", "description": "Почати"}], "language_code": "uk"}),
        ("getChatMember", {"chat_id": -100, "user_id": 42}),
    ]


async def test_refusals_of_small_calls_are_an_answer(sender: Sender, stub: Stub) -> None:
    refused = refusal(400, "Bad Request: something is too old or not found")
    for method in ("deleteMessage", "answerCallbackQuery", "setMessageReaction", "sendChatAction", "editMessageText"):
        stub.script(method, refused)
    assert not await sender.delete_message(2, 5, 77)
    assert not await sender.answer_press(2, "5")
    assert not await sender.react(2, 5, 77, "✅")
    await sender.typing(2, 5)
    with pytest.raises(TelegramRefused):
        await sender.edit_text(2, 5, 77, Piece(text="x"))


async def test_whose_token_it_is(sender: Sender, stub: Stub) -> None:
    me = {"id": 9, "is_bot": True, "first_name": "Маска", "username": "m_bot", "can_read_all_group_messages": True}
    stub.script("getMe", me, refusal(401, "Unauthorized"), {"id": 9})
    assert await sender.get_me(token(9)) == BotProfile(
        telegram_id=9, name="Маска", username="m_bot", sees_all_group_messages=True
    )
    with pytest.raises(TokenInvalid):
        await sender.get_me(token(9))
    with pytest.raises(TelegramRefused):
        await sender.get_me(token(9))


async def test_a_refused_token_is_told_once(sender: Sender, stub: Stub, notices: Notices) -> None:
    stub.script("sendMessage", refusal(401, "Unauthorized"), refusal(401, "Unauthorized"))
    for _ in range(2):
        with pytest.raises(TokenInvalid):
            await sender.send_text(2, 5, Piece(text="x"))
    assert notices.invalid == [2]
    with pytest.raises(TokenInvalid):
        await sender.send_text(404, 5, Piece(text="a bot that is not served"))
    assert len(stub.calls) == 2


async def test_a_refused_token_that_could_not_be_kept_is_told_again(
    sender: Sender, stub: Stub, notices: Notices
) -> None:
    stub.script("sendMessage", refusal(401, "Unauthorized"), refusal(401, "Unauthorized"))
    for away in (True, False):
        notices.database_is_away = away
        with pytest.raises(TokenInvalid):
            await sender.send_text(2, 5, Piece(text="x"))
    assert (notices.failed, notices.invalid) == (1, [2])


async def test_a_token_replaced_while_telegram_was_asked_is_not_the_new_ones_fault(
    api: BotApi, limits: FloodLimits, stub: Stub, notices: Notices
) -> None:
    registry = notices.registry()
    registry.put(bot(2), token(2), webhook(2))

    def replaced(_params: object) -> Raw:
        registry.put(bot(2), Token("2:AAnew-canary"), webhook(2))
        return refusal(401, "Unauthorized")

    stub.script("sendMessage", replaced)
    with pytest.raises(TokenInvalid):
        await Sender(api, limits, registry).send_text(2, 5, Piece(text="x"))
    assert notices.invalid == []
    assert registry.health(2).token_refused_at is None


async def test_a_token_that_another_process_has_replaced_is_not_the_bots_fault(
    api: BotApi, limits: FloodLimits, stub: Stub, notices: Notices
) -> None:
    registry = notices.registry()
    registry.put(bot(2, version=3), token(2), webhook(2))
    notices.replaced = (2, 3)
    stub.script("sendMessage", refusal(401, "Unauthorized"))
    with pytest.raises(TokenInvalid):
        await Sender(api, limits, registry).send_text(2, 5, Piece(text="x"))
    assert registry.receives(2)
    registry.put(bot(2, version=4), Token("2:AAnew-canary"), webhook(2))
    await Sender(api, limits, registry).send_text(2, 5, Piece(text="y"))
    assert registry.health(2).token_refused_at is None
