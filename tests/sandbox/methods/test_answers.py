"""Typing, pressed buttons, reactions: what the person sees of them."""

import asyncio
from typing import Any

import pytest

from maskarad.sandbox.person import Sandbox, SandboxRefused
from tests.sandbox.scene import Telegram

BUTTONS = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}, {"text": "Site", "url": "https://a.bc"}]]}


async def answer_next_press(luna: Telegram, **answer: Any) -> dict[str, Any]:
    [update] = await luna.updates(timeout=10)
    query: dict[str, Any] = update["callback_query"]
    await luna.call("answerCallbackQuery", callback_query_id=query["id"], **answer)
    return query


async def test_a_press_is_answered_once_by_its_own_bot(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    sent = await luna.call("sendMessage", chat_id=alice, text="press", reply_markup=BUTTONS)
    pressing = asyncio.create_task(sandbox.press(private, alice, sent["message_id"], "Go"))
    query = await answer_next_press(luna, text="Done", show_alert=True)
    pressed = await pressing
    assert (pressed["answered"], pressed["text"], pressed["show_alert"]) == (True, "Done", True)
    assert (query["data"], query["from"]["id"], query["message"]["message_id"]) == ("go", alice, sent["message_id"])
    assert isinstance(query["id"], str)

    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert await luna.refused("answerCallbackQuery", callback_query_id=query["id"]) == too_old
    assert await luna.refused("answerCallbackQuery", callback_query_id="1") == too_old


async def test_forged_data_arrives_and_a_missing_button_does_not(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    sent = await luna.call("sendMessage", chat_id=alice, text="press", reply_markup=BUTTONS)
    unanswered = await sandbox.press(private, alice, sent["message_id"], data="forged:1", wait=0)
    assert unanswered["answered"] is False
    [update] = await luna.updates()
    assert update["callback_query"]["data"] == "forged:1"
    for label, data in (("Site", None), ("Nope", None), (None, "x" * 65)):
        with pytest.raises(SandboxRefused):
            await sandbox.press(private, alice, sent["message_id"], label, data=data)


async def test_typing_shows(sandbox: Sandbox, alice: int, luna: Telegram, private: str) -> None:
    before = await sandbox.position()
    await luna.call("sendChatAction", chat_id=alice, action="typing")
    seen = await sandbox.wait_for(lambda event: event["kind"] == "typing", after=before)
    assert (seen["chat"], seen["from"]["id"]) == (private, luna.id)
    wrong = await luna.refused("sendChatAction", chat_id=alice, action="juggling")
    assert wrong == "Bad Request: wrong parameter action in request"


async def test_reactions_of_bots(sandbox: Sandbox, alice: int, luna: Telegram, private: str) -> None:
    said = await sandbox.say(private, alice, "look")
    place = {"chat_id": alice, "message_id": said["message_id"]}

    def emoji(*chosen: str) -> list[dict[str, str]]:
        return [{"type": "emoji", "emoji": each} for each in chosen]

    await luna.call("setMessageReaction", **place, reaction=emoji("❤️"))
    shown = (await sandbox.chat(private))["messages"][-1]
    assert shown["reactions"] == {"❤": [luna.id]}
    for illegal in ("✅", "", "x"):
        refused = await luna.refused("setMessageReaction", **place, reaction=emoji(illegal))
        assert refused == "Bad Request: REACTION_INVALID"
    await luna.call("setMessageReaction", **place, reaction=[])
    assert (await sandbox.chat(private))["messages"][-1]["reactions"] == {}
    missing = await luna.refused("setMessageReaction", chat_id=alice, message_id=999, reaction=emoji("👍"))
    assert missing == "Bad Request: message to react not found"


async def test_people_react_in_private_and_bots_that_asked_learn_of_it(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    sent = await luna.call("sendMessage", chat_id=alice, text="a poem")
    await sandbox.react(private, alice, sent["message_id"], "👎")
    assert await luna.updates() == []
    await luna.call("getUpdates", allowed_updates=["message", "message_reaction"])
    await sandbox.react(private, alice, sent["message_id"], "🔥")
    await sandbox.react(private, alice, sent["message_id"], None)
    changes = [update["message_reaction"] for update in await luna.updates()]
    assert [[each["emoji"] for each in change["new_reaction"]] for change in changes] == [["🔥"], []]
    assert {change["user"]["id"] for change in changes} == {alice}


async def test_people_react_and_administrators_among_bots_learn_of_it(
    sandbox: Sandbox, alice: int, luna: Telegram, group: str
) -> None:
    await luna.call("getUpdates", allowed_updates=["message", "message_reaction"])
    sent = await luna.call("sendMessage", chat_id=int(group), text="a poem")
    await sandbox.react(group, alice, sent["message_id"], "😁")
    assert await luna.updates() == []
    await sandbox.set_role(group, luna.id, "administrator")
    await sandbox.react(group, alice, sent["message_id"], "🔥")
    [update] = await luna.updates()
    change = update["message_reaction"]
    assert [each["emoji"] for each in change["old_reaction"] + change["new_reaction"]] == ["😁", "🔥"]
    with pytest.raises(SandboxRefused):
        await sandbox.react(group, alice, sent["message_id"], "✅")
