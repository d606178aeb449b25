"""Every method held against two independent readings of the Bot API: aiogram's classes and python-telegram-bot."""

from collections.abc import AsyncIterator
from typing import Any

import aiogram.methods
import pytest
from pydantic import TypeAdapter
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters, Update
from telegram.constants import ReactionEmoji
from telegram.error import BadRequest, Forbidden, InvalidToken

from maskarad.sandbox.methods.table import METHODS
from maskarad.sandbox.person import Sandbox
from maskarad.sandbox.reactions import legal_reaction
from tests.sandbox.scene import Telegram

_SPECIFIED: dict[str, Any] = {
    method.lower(): specified
    for specified in vars(aiogram.methods).values()
    if isinstance(method := getattr(specified, "__api_method__", None), str)
}
_SAMPLES: dict[str, dict[str, Any]] = {
    "getupdates": {},
    "sendmessage": {"chat_id": 1001, "text": "see https://example.org"},
    "editmessagetext": {"chat_id": 1001, "message_id": "own", "text": "new"},
    "editmessagereplymarkup": {"chat_id": 1001, "message_id": "own"},
    "deletemessage": {"chat_id": 1001, "message_id": "own"},
    "copymessage": {"chat_id": 1001, "from_chat_id": 1001, "message_id": "own"},
    "sendphoto": {"chat_id": 1001, "photo": "photo", "caption": "look"},
    "sendvoice": {"chat_id": 1001, "voice": "voice"},
    "senddocument": {"chat_id": 1001, "document": "document"},
    "sendsticker": {"chat_id": 1001, "sticker": "sticker"},
    "getfile": {"file_id": "photo"},
    "sendchataction": {"chat_id": 1001, "action": "typing"},
    "answercallbackquery": {"callback_query_id": "query"},
    "setmessagereaction": {
        "chat_id": 1001,
        "message_id": "own",
        "reaction": [{"type": "emoji", "emoji": "👍"}],
    },
    "setmycommands": {"commands": [{"command": "mood", "description": "Change the mood"}]},
    "getchat": {"chat_id": "group"},
    "getchatmember": {"chat_id": "group", "user_id": 1001},
    "getchatadministrators": {"chat_id": "group"},
    "leavechat": {"chat_id": "group"},
    "setwebhook": {"url": "http://127.0.0.1:9/never"},
}
_FILES = {"sendphoto": "photo", "sendvoice": "voice", "senddocument": "document", "sendsticker": "sticker"}


async def filled(method: str, sandbox: Sandbox, luna: Telegram, private: str, group: str) -> dict[str, Any]:
    """A call's sample with the scene's own ids in it."""
    own = await luna.call("sendMessage", chat_id=1001, text="old", reply_markup=BUTTON)
    sample = dict(_SAMPLES.get(method, {}))
    if sample.get("message_id") == "own":
        sample["message_id"] = own["message_id"]
    if sample.get("chat_id") == "group":
        sample["chat_id"] = int(group)
    if method in _FILES or method == "getfile":
        kind = _FILES.get(method, "photo")
        said = await sandbox.say(private, 1001, media=kind)
        shown = said[kind][0] if kind == "photo" else said[kind]
        sample[_FILES.get(method, "file_id")] = shown["file_id"]
    if method == "answercallbackquery":
        await luna.updates()
        await sandbox.press(private, 1001, own["message_id"], "Go", wait=0)
        [update] = await luna.updates()
        sample["callback_query_id"] = update["callback_query"]["id"]
    return sample


BUTTON = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}


def test_every_method_is_one_that_the_bot_api_has() -> None:
    assert METHODS.keys() <= _SPECIFIED.keys()
    assert len(METHODS) == 24


@pytest.mark.parametrize("method", METHODS)
async def test_answers_parse_as_aiogram_specifies(
    sandbox: Sandbox, luna: Telegram, private: str, group: str, method: str
) -> None:
    sample = await filled(method, sandbox, luna, private, group)
    specified = _SPECIFIED[method]
    assert set(sample) <= set(specified.model_fields)
    result = await luna.call(method, **sample)
    TypeAdapter(specified.__returning__).validate_python(result)


@pytest.mark.parametrize(
    ("method", "missing"),
    [
        (method, name)
        for method in METHODS
        for name, field in _SPECIFIED[method].model_fields.items()
        if field.is_required() and (method, name) != ("setwebhook", "url")
    ],
)
async def test_required_parameters_are_required(
    sandbox: Sandbox, luna: Telegram, private: str, group: str, method: str, missing: str
) -> None:
    sample = await filled(method, sandbox, luna, private, group)
    del sample[missing]
    envelope = await luna.answer(method, **sample)
    assert envelope["error_code"] == 400
    assert envelope["description"].startswith("Bad Request: ")


@pytest.fixture
async def bot(luna: Telegram) -> AsyncIterator[Bot]:
    made = Bot(luna.token, base_url=f"{luna.address}/bot", base_file_url=f"{luna.address}/file/bot")
    async with made:
        yield made


async def test_python_telegram_bot_speaks_to_it(sandbox: Sandbox, bot: Bot, alice: int, private: str) -> None:
    assert bot.username == "luna_test_bot"
    said = await sandbox.say(private, alice, "/start now")
    [update] = await bot.get_updates()
    assert update.message is not None
    assert update.message.parse_entities() == {update.message.entities[0]: "/start"}
    assert update.message.date.timestamp() == said["date"]

    markup = InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="go")]])
    reply = ReplyParameters(said["message_id"])
    sent = await bot.send_message(alice, "<b>bold</b>", parse_mode="HTML", reply_markup=markup, reply_parameters=reply)
    assert (sent.text_html, sent.reply_markup) == ("<b>bold</b>", markup)
    assert await bot.set_message_reaction(alice, said["message_id"], ReactionEmoji.RED_HEART)
    assert await bot.send_chat_action(alice, "typing")
    edited = await sent.edit_text("new", reply_markup=markup)
    assert isinstance(edited, type(sent))
    assert edited.edit_date is not None
    with pytest.raises(BadRequest, match="Message is not modified"):
        await sent.edit_text("new", reply_markup=markup)


async def test_python_telegram_bot_sends_files_and_gets_them_back(bot: Bot, alice: int, private: str) -> None:
    content = b"\x00\r\n--not a boundary\r\n\r\nsome bytes \xff" * 1000
    sent = await bot.send_document(alice, content, filename="notes.bin", caption="*read*", parse_mode="MarkdownV2")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.file_size) == ("notes.bin", len(content))
    assert sent.caption_html == "<b>read</b>"
    file = await bot.get_file(sent.document.file_id)
    assert bytes(await file.download_as_bytearray()) == content
    again = await bot.send_document(alice, sent.document.file_id)
    assert again.document == sent.document
    for kind in ("photo", "voice", "sticker"):
        message = await getattr(bot, f"send_{kind}")(alice, b"content")
        assert message.effective_attachment


async def test_python_telegram_bot_reads_every_kind_of_update(
    sandbox: Sandbox, luna: Telegram, bot: Bot, alice: int, bob: int, private: str, group: str
) -> None:
    await luna.call("getUpdates", allowed_updates=[*Update.ALL_TYPES])
    await sandbox.set_role(group, luna.id, "administrator")
    sent = await bot.send_message(alice, "press", reply_markup=InlineKeyboardMarkup.de_json(BUTTON, bot))
    await sandbox.press(private, alice, sent.message_id, "Go", wait=0)
    said = await sandbox.say(private, alice, "text", forward_from=bob)
    await sandbox.edit(private, alice, said["message_id"], "edited")
    await sandbox.react(private, alice, sent.message_id, "🔥")
    for media in ("photo", "voice", "sticker", "document"):
        await sandbox.say(private, alice, media=media, caption="with words")
    await sandbox.leave(group, bob)
    await sandbox.join(group, bob)
    await sandbox.leave(private, alice)
    await sandbox.say(private, alice, "back")
    await sandbox.leave(group, luna.id)

    updates = await bot.get_updates(limit=100)
    kinds = {kind for update in updates for kind in Update.ALL_TYPES if getattr(update, kind) is not None}
    expected = "message edited_message callback_query message_reaction my_chat_member chat_member"
    assert kinds == set(expected.split())
    assert all(update.effective_chat and update.effective_user for update in updates)


async def test_python_telegram_bot_learns_of_chats_and_members(
    sandbox: Sandbox, bot: Bot, luna: Telegram, alice: int, bob: int, group: str
) -> None:
    await sandbox.set_role(group, bob, "administrator")
    chat = await bot.get_chat(int(group))
    assert (chat.title, chat.type) == ("Tea at five", "supergroup")
    statuses = {each.user.id: each.status for each in await bot.get_chat_administrators(int(group))}
    assert statuses == {alice: "creator", bob: "administrator"}
    assert (await bot.get_chat_member(int(group), luna.id)).status == "member"
    await bot.set_my_commands([("mood", "Change the mood")], language_code="en")
    assert [each.command for each in await bot.get_my_commands(language_code="en")] == ["mood"]
    assert await bot.get_my_commands() == ()
    assert await bot.leave_chat(int(group))
    with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
        await bot.send_message(int(group), "gone")


async def test_a_wrong_token_is_no_bot(luna: Telegram) -> None:
    stranger = Bot(f"{luna.token}x", base_url=f"{luna.address}/bot")
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()


def test_the_reactions_are_those_that_telegram_has() -> None:
    assert all(legal_reaction(emoji.value) for emoji in ReactionEmoji)
    assert legal_reaction("✅") is None
