"""Who may talk to a persona, and when a message is for it."""

import json
import re

from telegram import Chat, Message, User

from benchmarks.before.models import BotInstance


def may_talk(bot: BotInstance, sender: User) -> bool:
    if bot.access == "public" or sender.id == bot.persona_config.owner_id:
        return True
    return bot.access == "whitelist" and any(each.user_id == sender.id for each in bot.whitelist)


def should_respond(bot: BotInstance, message: Message) -> bool:
    """In groups to a reply, a mention or the persona's name."""
    if message.chat.type == Chat.PRIVATE:
        return True
    policy = json.loads(bot.persona_config.content)["group_reply"]
    if policy in ("always", "never"):
        return bool(policy == "always")
    answered = message.reply_to_message
    if answered is not None and answered.from_user is not None and answered.from_user.id == bot.telegram_id:
        return True
    names = "|".join(map(re.escape, (f"@{bot.username}", bot.persona_config.name)))
    return re.search(rf"(?<!\w)(?:{names})(?!\w)", message.text or "", re.IGNORECASE) is not None
