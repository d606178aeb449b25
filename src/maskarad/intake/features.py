"""What speaks for and against answering a message in a group, each thing by its name.

A feature is 0 to 1, or -1 to 1 where it can speak either way; what is 0 is left out. What it weighs is for
`attention.py` to say.
"""

import re
from collections.abc import Mapping

from maskarad.db.hearing import OWN_WINDOW
from maskarad.intake.address import calls_another
from maskarad.intake.names import Names
from maskarad.life.closings import closing_of
from maskarad.life.feedback import present_liking
from maskarad.life.mood import MoodNow
from maskarad.values import Bot, Incoming, LinkState, Value

Features = dict[str, float]

FEWEST_LETTERS = 6
"""Shorter remarks ("ok", "ага?") are never worth taking up unasked."""

FOLLOW_UP_WITHIN = 120.0
"""Seconds after the persona's own words in which a remark may go on with them; the first half counts in full."""

FOLLOW_UP_MESSAGES = 3
"""So many messages after them nobody goes on with them any more."""

JUST_SPOKE_WITHIN = 600.0
LONG_SILENCE = 6 * 3600.0

FAIR_SHARE, FULL_SHARE = 2, 8
"""Of the last 20 messages: so many of its own do not count against it, so many count in full."""

TO_ALL, _PLAIN_QUESTION = 1.0, 0.4
"""A question to everybody, and one that may be to anybody."""

OTHERS_FOLLOW_UP = 0.35
"""How likely somebody else than the one it answered goes on with the persona's words."""

_READINESS: Mapping[str, float] = {"joy": 1.0, "playfulness": 1.0, "sadness": -1.0, "irritation": -0.7}

_ASKS = re.compile(
    r"\s*(?:хто|що|як|де|коли|чому|кто|что|как|где|когда|почему|who|what|how|where|when|why)\b"
    r"(?!\s+(?:на мене|по мне|для мене|для меня|завжди|зазвичай|всегда|обычно|кажуть|говорят|говорится|an?)\b)",
    re.I,
)
_WORD = re.compile(r"\w")
_ALL = re.compile(
    r"\b(?:хтось|хто-небудь|хтонебудь|всі|усі|народ|друзі|люди|кто-нибудь|кто-то|кто-либо|все|всем|ребята|друзья|"
    r"anyone|anybody|someone|somebody|everyone|everybody|guys|folks|y'?all)\b",
    re.I,
)


class Remark(Value, frozen=True):
    """What a message shows by itself."""

    called: str = ""
    """How it addresses the persona, as the key of the sentence that tells it; empty: it does not."""
    from_bot: bool = False
    spoken_of: bool = False
    """The persona is named in it, not called."""
    to_another: bool = False
    """It replies to, mentions or names somebody else."""
    wordless: bool = False
    """A picture, somebody else's words, a mere "thank you", or next to nothing."""
    question: float = 0.0
    to_all: bool = False
    sender_id: int = 0


def remark_of(message: Incoming, bot: Bot, names: Names) -> Remark:
    called = how_called(message, bot, names)
    is_named = called == "named"
    if called and not (is_named and not names.call(message.text)):
        return Remark(called=called, from_bot=message.sender.is_bot)
    text = message.text
    wordless = _is_wordless(message)
    to_another = _is_to_another(message) or message.command_for not in (None, bot.username.lower())
    is_question = not (wordless or to_another) and _is_question(text)
    to_all = is_question and _ALL.search(text) is not None
    return Remark(
        from_bot=message.sender.is_bot,
        spoken_of=is_named,
        wordless=wordless,
        to_another=to_another,
        question=0.0 if not is_question else TO_ALL if to_all else _PLAIN_QUESTION,
        to_all=to_all,
        sender_id=message.sender.id,
    )


def _is_question(text: str) -> bool:
    """It ends with a question mark, maybe among other signs, or begins with a word that asks."""
    mark = text.rfind("?")
    return (mark >= 0 and _WORD.search(text, mark) is None) or _ASKS.match(text) is not None


def _is_wordless(message: Incoming) -> bool:
    is_own_text = message.has_text and message.forwarded_from is None
    return not is_own_text or len(message.text) < FEWEST_LETTERS or closing_of(message.text) is not None


def _is_to_another(message: Incoming) -> bool:
    is_marked = message.reply_to_user_id is not None or bool(message.mentions or message.mentioned_ids)
    return is_marked or (message.has_text and calls_another(message.text))


def how_called(message: Incoming, bot: Bot, names: Names) -> str:
    """By a reply to the bot, its @username, a mention by link, or the persona's name in the sentence; that may be there
    without calling it."""
    if message.reply_to_user_id == bot.telegram_id:
        return "replied"
    if bot.username.lower() in message.mentions or bot.telegram_id in message.mentioned_ids:
        return "mentioned"
    return "named" if message.has_text and names.matches(message.text) else ""


def circumstances(remark: Remark, state: LinkState, *, mood: MoodNow, now: float) -> Features:
    """What the link knows, beside what the message shows."""
    silent_for = now - state.spoke_at
    just_spoke = state.spoke_at and not goes_on(remark, state, now)
    found = {
        "question": remark.question,
        "spoken_of": 1.0 if remark.spoken_of else 0.0,
        "chain": 1.0 if remark.to_another and state.replies_to_asker else 0.0,
        "follow_up": _follow_up(remark, state, silent_for),
        "just_spoke": max(0.0, 1.0 - silent_for / JUST_SPOKE_WITHIN) if just_spoke else 0.0,
        "long_silence": min(1.0, silent_for / LONG_SILENCE) if state.spoke_at else 0.0,
        "share": _too_large_share(own_of_last(state)),
        "mood": _READINESS.get(mood.key, 0.0) * mood.strength,
        "liking": present_liking(state.liking, state.liking_at, now) if state.liking else 0.0,
    }
    return {name: value for name, value in found.items() if value}


def goes_on(remark: Remark, state: LinkState, now: float) -> bool:
    """The one whom the persona has just answered speaks on, and not plainly to somebody else."""
    is_partner = state.spoke_to != 0 and remark.sender_id == state.spoke_to
    return is_partner and now - state.spoke_at < FOLLOW_UP_WITHIN and not (remark.to_all or remark.to_another)


def own_of_last(state: LinkState) -> int:
    """How many of the last 20 messages are the persona's."""
    return state.recent_own.bit_count()


def share_told(value: float) -> int:
    """How many of the last 20 messages a share stands for."""
    return round(FAIR_SHARE + value * (FULL_SHARE - FAIR_SHARE))


def _too_large_share(own: int) -> float:
    return min(1.0, max(0.0, (own - FAIR_SHARE) / (FULL_SHARE - FAIR_SHARE)))


def _follow_up(remark: Remark, state: LinkState, silent_for: float) -> float:
    """What is said to everybody, or to somebody else, does not go on with the persona's words."""
    if remark.to_all or remark.to_another or silent_for >= FOLLOW_UP_WITHIN:
        return 0.0
    before = state.recent_own >> 1
    since = (before & -before).bit_length() - 1 if before else OWN_WINDOW
    near = max(0.0, 1.0 - since / FOLLOW_UP_MESSAGES)
    likely = 1.0 if state.spoke_to in (0, remark.sender_id) else OTHERS_FOLLOW_UP
    return likely * near * min(1.0, 2.0 - 2.0 * silent_for / FOLLOW_UP_WITHIN)
