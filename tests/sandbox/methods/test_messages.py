"""Sending, editing, deleting and copying, and Telegram's refusals word for word."""

import asyncio
from typing import Any

import aiohttp
import pytest

from maskarad.sandbox.person import Sandbox
from tests.sandbox.scene import Telegram, make_bot


def keyboard(data: str, label: str = "Go") -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": label, "callback_data": data}]]}


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"text": "x"}, "chat_id is empty"),
        ({"chat_id": 999, "text": "x"}, "chat not found"),
        ({"chat_id": "@nowhere", "text": "x"}, "chat not found"),
        ({"chat_id": 1001}, "message text is empty"),
        ({"chat_id": 1001, "text": " \n "}, "message text is empty"),
        ({"chat_id": 1001, "text": "x" * 4097}, "message is too long"),
        ({"chat_id": 1001, "text": "😀" * 2049}, "message is too long"),
        ({"chat_id": 1001, "text": "x" * 1_000_000}, "message is too long"),
        ({"chat_id": 1001, "text": "x", "reply_markup": keyboard("d" * 65)}, "BUTTON_DATA_INVALID"),
        ({"chat_id": 1001, "text": "x", "reply_markup": keyboard("я" * 33)}, "BUTTON_DATA_INVALID"),
        ({"chat_id": 1001, "text": "x", "reply_parameters": {"message_id": 77}}, "message to be replied not found"),
        ({"chat_id": 1001, "text": "x", "reply_to_message_id": 77}, "message to be replied not found"),
        ({"chat_id": 1001, "text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"),
        (
            {"chat_id": 1001, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "bare"}]]}},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
    ],
)
async def test_what_cannot_be_sent(luna: Telegram, private: str, params: dict[str, Any], reason: str) -> None:
    assert await luna.refused("sendMessage", **params) == f"Bad Request: {reason}"


async def test_the_limit_counts_utf16_units_after_parsing(luna: Telegram, private: str) -> None:
    sent = await luna.call("sendMessage", chat_id=1001, text=f"<b>{'😀' * 2048}</b>", parse_mode="HTML")
    assert sent["entities"] == [{"offset": 0, "length": 4096, "type": "bold"}]


async def test_a_reply_shows_what_it_answers_one_level_deep(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str
) -> None:
    first = await sandbox.say(private, alice, "question")
    second = await luna.call(
        "sendMessage", chat_id=alice, text="answer", reply_parameters={"message_id": first["message_id"]}
    )
    assert second["reply_to_message"]["text"] == "question"
    third = await sandbox.say(private, alice, "thanks", reply_to=second["message_id"])
    assert third["reply_to_message"]["text"] == "answer"
    assert "reply_to_message" not in third["reply_to_message"]
    alone = await luna.call(
        "sendMessage",
        chat_id=alice,
        text="x",
        reply_parameters={"message_id": 999, "allow_sending_without_reply": True},
    )
    assert "reply_to_message" not in alone


async def test_editing(sandbox: Sandbox, alice: int, luna: Telegram, private: str) -> None:
    said = await sandbox.say(private, alice, "mine")
    sent = await luna.call("sendMessage", chat_id=alice, text="old", reply_markup=keyboard("a"))
    place = {"chat_id": alice, "message_id": sent["message_id"]}

    same = await luna.refused("editMessageText", **place, text="old", reply_markup=keyboard("a"))
    assert same == (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
        "as a current content and reply markup of the message"
    )
    edited = await luna.call("editMessageText", **place, text="<i>new</i>", parse_mode="HTML")
    assert (edited["text"], edited["edit_date"] > 0, "reply_markup" in edited) == ("new", True, False)
    marked = await luna.call("editMessageReplyMarkup", **place, reply_markup=keyboard("b"))
    assert marked["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "b"
    assert "not modified" in await luna.refused("editMessageReplyMarkup", **place, reply_markup=keyboard("b"))

    foreign = {"chat_id": alice, "message_id": said["message_id"], "text": "x"}
    assert await luna.refused("editMessageText", **foreign) == "Bad Request: message can't be edited"
    missing = {"chat_id": alice, "message_id": 999, "text": "x"}
    assert await luna.refused("editMessageText", **missing) == "Bad Request: message to edit not found"
    unnamed = await luna.refused("editMessageText", chat_id=alice, text="x")
    assert unnamed == "Bad Request: message identifier is not specified"


async def test_deleting_is_for_own_messages_private_chats_and_administrators(
    sandbox: Sandbox, alice: int, luna: Telegram, private: str, group: str
) -> None:
    said = await sandbox.say(private, alice, "my token is secret")
    assert await luna.call("deleteMessage", chat_id=alice, message_id=said["message_id"]) is True
    again = await luna.refused("deleteMessage", chat_id=alice, message_id=said["message_id"])
    assert again == "Bad Request: message to delete not found"

    in_group = await sandbox.say(group, alice, "small talk")
    place = {"chat_id": int(group), "message_id": in_group["message_id"]}
    assert await luna.refused("deleteMessage", **place) == "Bad Request: message can't be deleted"
    await sandbox.set_role(group, luna.id, "administrator")
    assert await luna.call("deleteMessage", **place) is True


async def test_copying(sandbox: Sandbox, alice: int, luna: Telegram, private: str, group: str) -> None:
    said = await sandbox.say(private, alice, "take this to the group: https://example.org")
    source = {"from_chat_id": alice, "message_id": said["message_id"]}
    copied = await luna.call("copyMessage", chat_id=int(group), **source)
    shown = await sandbox.chat(group)
    assert shown["messages"][-1]["message_id"] == copied["message_id"]
    assert shown["messages"][-1]["text"] == said["text"]
    assert shown["messages"][-1]["entities"] == said["entities"]
    gone = await luna.refused("copyMessage", chat_id=int(group), from_chat_id=alice, message_id=999)
    assert gone == "Bad Request: message to copy not found"


async def test_who_cannot_be_written_to(
    sandbox: Sandbox, session: aiohttp.ClientSession, alice: int, bob: int, luna: Telegram, private: str, group: str
) -> None:
    async def refusal(chat_id: int) -> str:
        return await luna.refused("sendMessage", chat_id=chat_id, text="hello?")

    assert await refusal(bob) == "Forbidden: bot can't initiate conversation with a user"
    stranger = await sandbox.add_user("Charlie")
    assert await refusal(stranger["id"]) == "Bad Request: chat not found"
    other = await make_bot(sandbox, session, "Other")
    assert await refusal(other.id) == "Forbidden: bots can't send messages to bots"

    await sandbox.leave(private, alice)
    assert await refusal(alice) == "Forbidden: bot was blocked by the user"
    await sandbox.say(private, alice, "come back")
    assert (await luna.call("sendMessage", chat_id=alice, text="here"))["text"] == "here"

    await sandbox.leave(group, luna.id, by=alice)
    assert await refusal(int(group)) == "Forbidden: bot was kicked from the supergroup chat"
    await sandbox.join(group, luna.id, by=alice)
    await luna.call("leaveChat", chat_id=int(group))
    assert await refusal(int(group)) == "Forbidden: bot is not a member of the supergroup chat"


async def test_a_basic_group_that_moved_says_where(sandbox: Sandbox, alice: int, luna: Telegram) -> None:
    old = await sandbox.add_group("Small", alice, type="group")
    await sandbox.join(old["key"], luna.id)
    await luna.updates()
    new = await sandbox.migrate(old["key"])
    refused = await luna.answer("sendMessage", chat_id=old["id"], text="anyone?")
    assert refused == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": new["id"]},
    }
    moved, arrived = [update["message"] for update in await luna.updates() if "message" in update]
    assert (moved["chat"]["id"], moved["migrate_to_chat_id"]) == (old["id"], new["id"])
    assert (arrived["chat"]["id"], arrived["migrate_from_chat_id"]) == (new["id"], old["id"])
    assert (await luna.call("sendMessage", chat_id=new["id"], text="here"))["chat"]["type"] == "supergroup"


async def test_message_ids_are_counted_per_account_and_per_supergroup(
    sandbox: Sandbox, alice: int, bob: int, luna: Telegram, private: str, group: str
) -> None:
    first = await sandbox.say(private, alice, "one")
    other = await sandbox.say(sandbox.private(bob, luna.id), bob, "two")
    third = await sandbox.say(private, alice, "three")
    assert first["message_id"] < other["message_id"] < third["message_id"]
    supergroup = await sandbox.chat(group)
    assert [message["message_id"] for message in supergroup["messages"]] == [1, 2]


async def test_many_messages_at_once_keep_ids_unique(luna: Telegram, private: str) -> None:
    sent = await asyncio.gather(*(luna.call("sendMessage", chat_id=1001, text=str(n)) for n in range(100)))
    assert len({each["message_id"] for each in sent}) == 100
