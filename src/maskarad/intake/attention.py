"""Is a message for the persona? Decided locally, from the message alone; the model is asked only where this says so.

What needs memory (has the persona just spoken here, has the model just been asked) is decided from what the link knows,
in the transaction that stores the message (`db/hearing.py`).
"""

import re
from enum import Enum, auto

from maskarad.intake.names import Names
from maskarad.values import Bot, ChatType, Decision, GroupReply, Incoming, LinkState, Verdict

FOLLOW_UP_WITHIN = 120.0
"""Seconds after the persona's own words in which an unaddressed remark may go on with them."""

CONSIDER_PAUSE = 45.0
"""The model is asked about unaddressed messages of one chat at most once in so many seconds."""

FEWEST_LETTERS = 6
"""Shorter remarks ("ok", "ага?") are never worth asking the model about."""

_QUESTION = re.compile(
    r"\?\s*\W*$|^\s*(?:хто|що|як|де|коли|чому|кто|что|как|где|когда|почему|who|what|how|where|when|why)\b", re.I
)


class Leaning(Enum):
    ANSWER = auto()
    """It is for the persona."""
    CONSIDER_QUESTION = auto()
    """A question to nobody in particular."""
    CONSIDER_FOLLOW_UP = auto()
    """Perhaps it goes on with what the persona just said."""
    LISTEN = auto()
    """It is between others; kept, not answered."""


def lean(message: Incoming, bot: Bot, policy: GroupReply, names: Names) -> Leaning:
    if message.chat.type is ChatType.PRIVATE:
        return Leaning.ANSWER
    if policy is GroupReply.NEVER or message.sender.is_bot:
        return Leaning.LISTEN
    if policy is GroupReply.ALWAYS or is_addressed(message, bot, names):
        return Leaning.ANSWER
    if policy is GroupReply.MENTIONED_OR_CONTEXTUAL and _could_be_for_anybody(message):
        return Leaning.CONSIDER_QUESTION if _QUESTION.search(message.text) else Leaning.CONSIDER_FOLLOW_UP
    return Leaning.LISTEN


def decide(leaning: Leaning, state: LinkState, *, now: float) -> Decision:
    """What becomes of a message that is not plainly for the persona."""
    if leaning is Leaning.LISTEN:
        return Decision(verdict=Verdict.LISTEN, reason="between_others")
    if state.pondered_at > now - CONSIDER_PAUSE:
        return Decision(verdict=Verdict.LISTEN, reason="considered_lately")
    if leaning is Leaning.CONSIDER_FOLLOW_UP and state.spoke_at < now - FOLLOW_UP_WITHIN:
        return Decision(verdict=Verdict.LISTEN, reason="between_others")
    return Decision(verdict=Verdict.CONSIDER, reason="perhaps")


def is_addressed(message: Incoming, bot: Bot, names: Names) -> bool:
    """A reply to the bot, its @username, a mention by link, or the persona's name in the sentence."""
    return (
        message.reply_to_user_id == bot.telegram_id
        or bot.username.lower() in message.mentions
        or bot.telegram_id in message.mentioned_ids
        or (message.has_text and names.matches(message.text))
    )


def _could_be_for_anybody(message: Incoming) -> bool:
    return (
        message.has_text
        and message.forwarded_from is None
        and message.reply_to_user_id is None
        and not message.mentions
        and not message.mentioned_ids
        and len(message.text) >= FEWEST_LETTERS
    )
