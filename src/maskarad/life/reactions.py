"""Reactions that the persona puts without asking the model: to what somebody said, felt the way it feels now. And when
it may put any, the model's too."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from maskarad.db.hearing import REACTIONS_COUNTED
from maskarad.life.addressing import is_to_somebody
from maskarad.life.closings import Closing, closing_of
from maskarad.life.feedback import DISLIKED, present_liking
from maskarad.life.mood import MoodNow, present
from maskarad.memory.analysis import Analysis, Emotion
from maskarad.values import NEUTRAL_MOOD, Bot, Chattiness, Incoming, LinkState, Manners, Sender

_OFTEN = 0.1
"""How many of the messages to nobody in particular are looked at; of those only what plainly shows a feeling gets an
emoji."""

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

    async def beside(self, bot: Bot, message: Incoming) -> "Beside | None":
        """For a message that does not call the persona; None for most, and for every question and all that is said to
        somebody. Raises DatabaseUnavailable."""
        if not self._is_remark(message) or self.chance() >= _OFTEN or await self._declines(bot, message.sender):
            return None
        return Beside(self)

    async def instead(self, bot: Bot, message: Incoming) -> "Instead | None":
        """For a message that calls the persona; None where it takes words to answer it. Raises DatabaseUnavailable."""
        closing = closing_of(message.text) if self._is_own_text(message) else None
        if closing is None or self.chance() >= _ENOUGH_OFTEN or await self._declines(bot, message.sender):
            return None
        return Instead(self, closing)

    def _is_remark(self, message: Incoming) -> bool:
        if not self._is_own_text(message) or "?" in message.text or is_to_somebody(message):
            return False
        return closing_of(message.text) not in (Closing.THANKS, Closing.AGREEMENT)

    def _is_own_text(self, message: Incoming) -> bool:
        is_own = message.has_text and message.forwarded_from is None and not message.sender.is_bot
        return is_own and self.most_per_hour > 0


class Beside:
    """A message that may get a reaction where it gets no answer. May be called on any thread, and waits for nothing."""

    def __init__(self, how: Reactions) -> None:
        self._how = how

    def __call__(self, state: LinkState, analysis: Callable[[], Analysis]) -> str | None:
        """None before the text is analysed where the link wants no reactions."""
        if not _may(self._how, state):
            return None
        by_mood = emoji_for(analysis())
        return _picked(self._how, by_mood, state) if by_mood else None


class Instead:
    """A message for which an emoji is answer enough. May be called on any thread, and waits for nothing."""

    def __init__(self, how: Reactions, closing: Closing) -> None:
        self._how = how
        self._closing = closing

    def __call__(self, state: LinkState) -> str | None:
        """None where the link wants no reactions."""
        return _picked(self._how, _ANSWERS[self._closing], state) if _may(self._how, state) else None


def _may(how: Reactions, state: LinkState) -> bool:
    return may_react(state, how.clock(), most_per_hour=how.most_per_hour)


def _picked(how: Reactions, by_mood: Mapping[str, str], state: LinkState) -> str:
    return picked(by_mood, present(state.mood, how.clock(), how.mood_half_life), how.chance())


class OfLink(Protocol):
    """What a link knows of the reactions put there, and of what is thought of the persona."""

    @property
    def reactions(self) -> int: ...
    @property
    def reacted_at(self) -> float: ...
    @property
    def liking(self) -> float: ...
    @property
    def liking_at(self) -> float: ...
    @property
    def manners(self) -> Manners: ...


def may_react(state: OfLink, now: float, *, most_per_hour: int) -> bool:
    """The chat has room for one more, its people do not mind, and its administrators want to see the persona. After the
    last that there is room for, an hour goes by without any; so no hour, wherever it begins, has more."""
    put = state.reactions if now - state.reacted_at < REACTIONS_COUNTED else 0
    return (
        put < most_per_hour
        and state.manners.chattiness not in (Chattiness.SILENT, Chattiness.QUIET)
        and present_liking(state.liking, state.liking_at, now) > DISLIKED
    )


def emoji_for(analysis: Analysis) -> Mapping[str, str]:
    """By the persona's mood, the emoji that suit what was said; none where it shows no plain feeling. Anger and disgust
    get none: whoever is meant would feel mocked."""
    if analysis.question or analysis.spam >= _SPAM or analysis.confidence < _LEAST_SURE:
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
