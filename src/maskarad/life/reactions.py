"""Reactions that the persona puts without asking the model: to what somebody said, felt the way it feels now."""

from collections.abc import Awaitable, Callable, Mapping

from maskarad.life.closings import Closing, closing_of
from maskarad.life.feedback import present_liking
from maskarad.life.mood import MoodNow, present
from maskarad.memory.analysis import Analysis, Emotion
from maskarad.values import NEUTRAL_MOOD, Bot, Chattiness, Incoming, LinkState, Sender

HOUR = 3600.0
"""Reactions are counted by the hour."""

_OFTEN = 0.2
"""How many of the messages between others are looked at; of those only what plainly shows a feeling gets an emoji."""

_ENOUGH_OFTEN = 0.6
"""How many closings are answered by a reaction and no words."""

_LEAST_SURE = 0.5
_SPAM = 0.5
_BAD_NEWS = -0.2

_GRAVE = frozenset({"war", "health"})
"""Topics that a laugh would mock."""

_JOY = {
    NEUTRAL_MOOD: "👍 ❤ 🔥 🎉",
    "joy": "🎉 🔥 ❤ 🤩 🥰",
    "playfulness": "😁 🎉 😎 🔥",
    "sadness": "❤ 🤗",
    "irritation": "👌 👍",
}
_JOKE = {NEUTRAL_MOOD: "😁 🤣", "joy": "🤣 😁", "playfulness": "🤣 🤪 😁", "sadness": "😁", "irritation": "😐"}
_GRIEF = {NEUTRAL_MOOD: "😢 💔 🙏", "joy": "🤗 🙏", "playfulness": "🤗 🙏", "sadness": "😢 😭 💔"}
_FRIGHT = {NEUTRAL_MOOD: "😨 🙏", "joy": "🤗 🙏", "playfulness": "🤗 🙏"}
_WONDER = {
    NEUTRAL_MOOD: "🤔 🤯 👀",
    "joy": "🤯 🤩",
    "playfulness": "🙉 🤪 🤯",
    "sadness": "🤔 👀",
    "irritation": "🤨",
}
_THANKS = {NEUTRAL_MOOD: "👍 🤗 ❤", "joy": "❤ 🥰 🤗", "playfulness": "😎 😘 🤗", "sadness": "🤗 ❤", "irritation": "👌"}
_AGREEMENT = {NEUTRAL_MOOD: "👍 👌", "playfulness": "👌 😎"}

_ANSWERS = {
    Closing.THANKS: _THANKS,
    Closing.AGREEMENT: _AGREEMENT,
    Closing.LAUGHTER: _JOKE,
    Closing.PICTURE: _JOY,
}


class Reactions:
    """What intake asks when it judges a message. `declines` says whether somebody wants no reactions of a bot's
    persona, `most_per_hour` is for one chat (0: none), `chance` gives random numbers from 0 to 1."""

    def __init__(
        self,
        *,
        most_per_hour: int,
        mood_half_life: float,
        declines: Callable[[Bot, Sender], Awaitable[bool]],
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self.most_per_hour = most_per_hour
        self.mood_half_life = mood_half_life
        self.clock = clock
        self.chance = chance
        self._declines = declines

    async def to(self, bot: Bot, message: Incoming) -> "Reacting | None":
        """None where the message can get no reaction whatever the link knows. Raises DatabaseUnavailable."""
        is_own_text = message.has_text and message.forwarded_from is None and not message.sender.is_bot
        if self.most_per_hour == 0 or not is_own_text or await self._declines(bot, message.sender):
            return None
        return Reacting(self, message.text)


class Reacting:
    """A message that may get a reaction. Its methods wait for nothing and may be called on any thread."""

    def __init__(self, how: Reactions, text: str) -> None:
        self._how = how
        self._text = text

    @property
    def is_closing(self) -> bool:
        """Said to the persona, it may be answered by an emoji alone."""
        return closing_of(self._text) is not None

    def beside(self, state: LinkState, analysis: Callable[[], Analysis]) -> str | None:
        """An emoji where the message gets no answer; None for most, before the text is analysed."""
        if self._how.chance() >= _OFTEN or not self._may(state):
            return None
        by_mood = emoji_for(analysis())
        return self._picked(by_mood, state) if by_mood else None

    def instead(self, state: LinkState) -> str | None:
        """An emoji in place of an answer where that is enough, and words would be too many."""
        closing = closing_of(self._text)
        if closing is None or self._how.chance() >= _ENOUGH_OFTEN or not self._may(state):
            return None
        return self._picked(_ANSWERS[closing], state)

    def _may(self, state: LinkState) -> bool:
        return may_react(state, self._how.clock(), most_per_hour=self._how.most_per_hour)

    def _picked(self, by_mood: Mapping[str, str], state: LinkState) -> str:
        how = self._how
        return picked(by_mood, present(state.mood, how.clock(), how.mood_half_life), how.chance())


def may_react(state: LinkState, now: float, *, most_per_hour: int) -> bool:
    """The chat's hour has room, its people do not mind, and its administrators want to see the persona."""
    put = state.reactions if now - state.reactions_since < HOUR else 0
    return (
        put < most_per_hour
        and state.manners.chattiness not in (Chattiness.SILENT, Chattiness.QUIET)
        and present_liking(state.liking, state.liking_at, now) >= 0.0
    )


def emoji_for(analysis: Analysis) -> Mapping[str, str]:
    """By the persona's mood, the emoji that suit what was said; none where it shows no plain feeling. Anger and disgust
    get none: whoever is meant would feel mocked."""
    if analysis.spam >= _SPAM or analysis.confidence < _LEAST_SURE:
        return {}
    is_grave = not _GRAVE.isdisjoint(analysis.topics)
    match analysis.emotion:
        case Emotion.JOY:
            return _JOKE if "jokes" in analysis.topics and not is_grave else _JOY
        case Emotion.SADNESS:
            return _GRIEF
        case Emotion.FEAR:
            return _FRIGHT
        case Emotion.SURPRISE:
            return _GRIEF if is_grave or analysis.valence < _BAD_NEWS else _WONDER
        case _:
            return {}


def picked(by_mood: Mapping[str, str], mood: MoodNow, draw: float) -> str:
    """In an owner's own mood, or one that has no set, the persona reacts as in the neutral one; `draw` is from 0 up to,
    not including, 1."""
    emoji = (by_mood.get(mood.key) or by_mood[NEUTRAL_MOOD]).split()
    return emoji[int(draw * len(emoji))]
