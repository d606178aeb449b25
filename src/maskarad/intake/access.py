"""Who may talk to a bot. Asked before anything of a message is stored."""

from maskarad.values import Access, Bot, Sender


def may_talk(bot: Bot, sender: Sender) -> bool:
    """The owner always may. In groups the question is the same: a stranger's words are neither answered nor kept."""
    if sender.id == bot.owner_id or bot.access is Access.PUBLIC:
        return True
    return bot.access is Access.WHITELIST and sender.id in bot.whitelist
