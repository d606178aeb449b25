"""Which bots see a message: Telegram's privacy mode, as its documentation of bot features words it.

In a group a bot sees everything when it is an administrator or its privacy mode is off. Otherwise it sees service
messages, commands addressed to it (`/command@this_bot`), general commands when it was the last bot to write there,
and replies to any message of its own or meant for it. A mention alone is not among them. One message is meant for
one such bot at most, and a reply outweighs a command.

Another bot's message reaches a bot only by Bot-to-Bot Communication Mode (Bot.talks_to_bots), again as documented: with
the mode of either of the two when the message is a direct reply to the bot or a command that names it; with its own
mode, all of them where it is an administrator or its privacy mode is off.
"""

from collections.abc import Iterator

from maskarad.sandbox.text import piece
from maskarad.sandbox.world import EVERY_BOT, Body, Bot, Chat, Message, World

_SERVICE = frozenset(
    [
        "new_chat_members",
        "left_chat_member",
        "new_chat_title",
        "group_chat_created",
        "supergroup_chat_created",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
    ]
)


def meant_for(world: World, chat: Chat, body: Body) -> int | None:
    """The bot a group message is for: its id, `EVERY_BOT`, or None when it is for nobody in particular."""
    if chat.is_private or not _SERVICE.isdisjoint(body):
        return EVERY_BOT
    replied = chat.messages.get(body.get("reply_to_message", {}).get("message_id", 0))
    if replied is not None:
        if replied.author in world.bots:
            return replied.author
        if replied.meant_for is not None and replied.meant_for != EVERY_BOT:
            return replied.meant_for
    return _commanded(world, chat, body)


def _commanded(world: World, chat: Chat, body: Body) -> int | None:
    """A general command goes to the bot that wrote last; before any bot has written, to all of them (Telegram does
    not document that case)."""
    for username, offset in _named_by_commands(body):
        named = next((bot for bot in world.bots_of(chat) if bot.username.lower() == username.lower()), None)
        if named is not None:
            return named.id
        if not username and offset == 0:
            return chat.last_bot_speaker if chat.last_bot_speaker is not None else EVERY_BOT
    return None


def _named_by_commands(body: Body) -> Iterator[tuple[str, int]]:
    """The username (empty: none is named) and the place of each command."""
    text: str = body.get("text") or body.get("caption") or ""
    for entity in body.get("entities") or body.get("caption_entities") or ():
        if entity["type"] == "bot_command":
            yield piece(text, entity).partition("@")[2], entity["offset"]


def audience(world: World, chat: Chat, message: Message) -> list[Bot]:
    """Bots of the chat that get this message as an update."""
    others = [bot for bot in world.bots_of(chat) if bot.id != message.author]
    author = world.bots.get(message.author)
    if author is None or not _SERVICE.isdisjoint(message.body):
        return [bot for bot in others if _sees(bot, chat, message)]
    return [bot for bot in others if _hears(bot, author, chat, message.body)]


def _hears(bot: Bot, author: Bot, chat: Chat, body: Body) -> bool:
    if bot.talks_to_bots and (not bot.privacy or chat.administrates(bot.id)):
        return True
    return (bot.talks_to_bots or author.talks_to_bots) and (_replies_to(bot, body) or _commands(bot, body))


def _replies_to(bot: Bot, body: Body) -> bool:
    return bool(body.get("reply_to_message", {}).get("from", {}).get("id") == bot.id)


def _commands(bot: Bot, body: Body) -> bool:
    return any(username.lower() == bot.username.lower() for username, _ in _named_by_commands(body))


def _sees(bot: Bot, chat: Chat, message: Message) -> bool:
    return not bot.privacy or chat.administrates(bot.id) or message.meant_for in (EVERY_BOT, bot.id)
