"""Which bots see a message: Telegram's privacy mode, as its documentation of bot features words it.

In a group a bot sees everything when it is an administrator or its privacy mode is off. Otherwise it sees service
messages, commands addressed to it (`/command@this_bot`), general commands when it was the last bot to write there,
and replies to any message of its own or meant for it. A mention alone is not among them. One message is meant for
one such bot at most, and a reply outweighs a command. No bot ever sees another bot's message.
"""

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
    text: str = body.get("text") or body.get("caption") or ""
    for entity in body.get("entities") or body.get("caption_entities") or ():
        if entity["type"] != "bot_command":
            continue
        _, _, username = piece(text, entity).partition("@")
        named = next((bot for bot in world.bots_of(chat) if bot.username.lower() == username.lower()), None)
        if named is not None:
            return named.id
        if not username and entity["offset"] == 0:
            return chat.last_bot_speaker if chat.last_bot_speaker is not None else EVERY_BOT
    return None


def audience(world: World, chat: Chat, message: Message) -> list[Bot]:
    """Bots of the chat that get this message as an update."""
    from_bot = message.author in world.bots and _SERVICE.isdisjoint(message.body)
    if from_bot:
        return []
    return [bot for bot in world.bots_of(chat) if bot.id != message.author and _sees(bot, chat, message)]


def _sees(bot: Bot, chat: Chat, message: Message) -> bool:
    return not bot.privacy or chat.administrates(bot.id) or message.meant_for in (EVERY_BOT, bot.id)
