"""Who may talk to a bot. Asked before anything of a message is stored."""

from collections.abc import Set

from maskarad.values import Access, Bot, Event, Incoming, Press, ReactionChange, Sender


def may_talk(bot: Bot, sender: Sender) -> bool:
    """The owner always may. In groups the question is the same: a stranger's words are neither answered nor kept."""
    if sender.id == bot.owner_id or bot.access is Access.PUBLIC:
        return True
    return bot.access is Access.WHITELIST and sender.id in bot.whitelist


def is_shut_out(event: Event, stopped_users: Set[int]) -> bool:
    """Whether somebody whom an operator has stopped says or does it. What the bot is in a chat is Telegram's word."""
    match event:
        case Incoming() | Press() | ReactionChange():
            return event.sender.id in stopped_users
    return False
