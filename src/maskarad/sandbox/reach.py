"""Can this bot read, or write to, that chat? Telegram's refusals when not."""

from maskarad.sandbox.params import Params
from maskarad.sandbox.refusal import bad_request, forbidden
from maskarad.sandbox.telegram import Telegram
from maskarad.sandbox.world import Bot, Chat, private_key

_NAMED = {"supergroup": "supergroup chat", "group": "group chat"}


def chat_to_write(telegram: Telegram, bot: Bot, params: Params, name: str = "chat_id") -> Chat:
    """The chat a call names, if the bot may write there. Raises `Refused`."""
    return _find(telegram, bot, params, name)


def chat_to_read(telegram: Telegram, bot: Bot, params: Params, name: str = "chat_id") -> Chat:
    """The chat a call names, if the bot knows it; a private chat may be blocked by its person."""
    return _find(telegram, bot, params, name, blocked_too=True)


def _find(telegram: Telegram, bot: Bot, params: Params, name: str, blocked_too: bool = False) -> Chat:
    if not params.text(name).strip():
        raise bad_request("chat_id is empty")
    chat_id = params.integer(name)
    if chat_id > 0:
        return _private(telegram, bot, chat_id, blocked_too)
    return _group(telegram, bot, chat_id)


def _private(telegram: Telegram, bot: Bot, person_id: int, blocked_too: bool) -> Chat:
    if person_id in telegram.world.bots:
        if person_id == bot.id:
            raise forbidden("bot can't send messages to itself")
        raise forbidden("bots can't send messages to bots")
    chat = telegram.world.chats.get(private_key(person_id, bot.id))
    if chat is None:
        if _has_met(telegram, bot, person_id):
            raise forbidden("bot can't initiate conversation with a user")
        raise bad_request("chat not found")
    if chat.blocked and not blocked_too:
        raise forbidden("bot was blocked by the user")
    return chat


def _has_met(telegram: Telegram, bot: Bot, person_id: int) -> bool:
    groups = (chat for chat in telegram.world.chats.values() if not chat.is_private)
    return any(person_id in chat.members and bot.id in chat.members for chat in groups)


def _group(telegram: Telegram, bot: Bot, chat_id: int) -> Chat:
    chat = telegram.world.chats.get(str(chat_id))
    if chat is None or chat.is_private or bot.id not in chat.members:
        raise bad_request("chat not found")
    status = chat.members[bot.id]
    if status == "kicked":
        raise forbidden(f"bot was kicked from the {_NAMED[chat.type]}")
    if status == "left":
        raise forbidden(f"bot is not a member of the {_NAMED[chat.type]}")
    if chat.migrated_to is not None:
        moved = {"migrate_to_chat_id": chat.migrated_to}
        raise bad_request("group chat was upgraded to a supergroup chat", moved)
    return chat
