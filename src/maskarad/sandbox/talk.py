"""Messages: said, edited, deleted, reacted to. People and bots come through the same functions; what only one of
them may do is checked before."""

from typing import Any

from maskarad.sandbox.audience import audience, meant_for
from maskarad.sandbox.telegram import Telegram
from maskarad.sandbox.world import Body, Bot, Chat, Message, Person, private_body


def chat_body(telegram: Telegram, chat: Chat) -> Body:
    """A chat as the Bot API shows it inside messages and updates."""
    if chat.is_private:
        return private_body(telegram.world.people[chat.person or 0])
    return {"id": chat.id, "type": chat.type, "title": chat.title}


def say(
    telegram: Telegram,
    chat: Chat,
    author: Person | Bot,
    content: Body,
    *,
    reply_to: int | None = None,
    markup: Body | None = None,
    silent: bool = False,
) -> Body:
    """Puts a message into a chat: stored, told to the human side, delivered to the bots that may see it."""
    replied = chat.messages.get(reply_to) if reply_to is not None else None
    extra: Body = dict(content)
    if replied is not None:
        nested = replied.body.items()
        extra["reply_to_message"] = {name: value for name, value in nested if name != "reply_to_message"}
    if markup is not None:
        extra["reply_markup"] = markup
    message = _put(telegram, chat, author, extra, silent=silent)
    if isinstance(author, Bot):
        chat.last_bot_speaker = author.id
    return message.body


def notify(telegram: Telegram, chat: Chat, author: Person | Bot, content: Body) -> Body:
    """A service message: seen by every bot of the chat."""
    return _put(telegram, chat, author, content).body


def _put(telegram: Telegram, chat: Chat, author: Person | Bot, content: Body, *, silent: bool = False) -> Message:
    message_id = telegram.world.next_message_id(chat)
    body: Body = {
        "message_id": message_id,
        "from": author.body(),
        "chat": chat_body(telegram, chat),
        "date": telegram.now(),
        **content,
    }
    message = Message(body, author.id, meant_for(telegram.world, chat, body), silent=silent)
    chat.keep(message_id, message)
    telegram.event("message", chat, message=message.view())
    _deliver(telegram, chat, message, "message")
    return message


def edit(telegram: Telegram, chat: Chat, message: Message, changes: dict[str, Any]) -> Body:
    """Replaces fields of a message; a field set to None is taken away. Markup alone leaves no edited mark."""
    body = {**message.body, **changes}
    if changes.keys() != {"reply_markup"}:
        body["edit_date"] = telegram.now()
    message.body = {name: value for name, value in body.items() if value is not None}
    telegram.event("edited", chat, edited=message.view())
    _deliver(telegram, chat, message, "edited_message")
    return message.body


def delete(telegram: Telegram, chat: Chat, message_id: int) -> None:
    """Bots are not told, as at Telegram."""
    del chat.messages[message_id]
    telegram.event("deleted", chat, message_id=message_id, deleted=message_id)


def react(telegram: Telegram, chat: Chat, message_id: int, author: Person | Bot, emoji: list[str]) -> None:
    """Sets an account's reactions to a message. Bots learn of people's reactions in private chats and, as
    administrators, in groups."""
    message = chat.messages[message_id]
    before = [each for each, whose in message.reactions.items() if author.id in whose]
    for each in before:
        message.reactions[each].remove(author.id)
    for each in emoji:
        message.reactions.setdefault(each, []).append(author.id)
    message.reactions = {each: whose for each, whose in message.reactions.items() if whose}
    told: Body = {"from": author.body(), "emoji": emoji[0] if emoji else None, "reactions": message.reactions}
    telegram.event("reaction", chat, message_id=message_id, **told)
    if author.id in telegram.world.bots or before == emoji:
        return
    update = {
        "chat": chat_body(telegram, chat),
        "message_id": message_id,
        "user": author.body(),
        "date": telegram.now(),
        "old_reaction": [{"type": "emoji", "emoji": each} for each in before],
        "new_reaction": [{"type": "emoji", "emoji": each} for each in emoji],
    }
    for bot in telegram.world.bots_of(chat):
        if chat.is_private or chat.administrates(bot.id):
            telegram.update(bot, "message_reaction", chat.id, update)


def _deliver(telegram: Telegram, chat: Chat, message: Message, kind: str) -> None:
    for bot in audience(telegram.world, chat, message):
        telegram.update(bot, kind, chat.id, message.body)
