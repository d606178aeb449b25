"""How people take what the persona says: their reactions to its messages, summed up as the link's liking (-1 to 1)."""

from collections.abc import Sequence

from maskarad.reactions import legal_reaction
from maskarad.values import Value

LIKING_HALF_LIFE = 24 * 3600.0
"""Seconds in which a link's liking, if nobody reacts, halves."""

_DISLIKE, _LIKE = 0.25, 0.125
"""What one reaction counts: four dislikes say all there is to say. Kindness is cheap and has to be earned: it counts
half, and the less the more liked the persona is already, so that three kind ones of four end at 0.5, not at 1."""

DISLIKED, LIKED = -0.2, 0.2
"""Beyond these the persona itself is told."""

_VALUES = {
    1.0: "👍 ❤ 🔥 🥰 👏 😁 🎉 🤩 😍 ❤‍🔥 💯 🤣 🏆 💘 😘 🤗",
    0.5: "🙏 👌 🤝 🫡 😎 🆒 🍓 🍾 💋 ⚡ 🦄 😇 ✍ 🕊 🐳 👾",
    0.0: "🤔 🤯 😱 😢 🌚 🌭 🍌 💔 😈 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😨 🎅 🎄 ☃ 💅 🤪 🙉 🙊 🤷‍♂ 🤷 🤷‍♀",
    -0.5: "🥱 🥴 🤨 😐 😴 🗿 💊 🤡",
    -1.0: "👎 🤬 🤮 💩 🖕 😡",
}
VALUE_OF = {emoji: value for value, listed in _VALUES.items() for emoji in listed.split()}
"""Of every legal reaction. Those that can mean pity, wonder or play count as nothing."""


class Feedback(Value, frozen=True):
    """A person's reactions to one message of the persona's: what they are worth and when they were put."""

    value: float = 0.0
    at: float = 0.0


def value_of(emoji: Sequence[str]) -> float:
    """The mean of a person's reactions to one message, -1 to 1; of none, 0."""
    return sum(VALUE_OF.get(legal_reaction(each) or "", 0.0) for each in emoji) / max(len(emoji), 1)


def present_liking(liking: float, liking_at: float, now: float) -> float:
    return liking * _left(liking_at, now)


def changed_liking(liking: float, liking_at: float, before: Feedback, value: float, now: float) -> float:
    """After a person's reactions to one message have become worth `value`; what they counted before is taken back (of a
    kind one long ago about that much)."""
    then = _without(present_liking(liking, liking_at, now), before.value * _left(before.at, now))
    return max(-1.0, min(1.0, _with(then, value)))


def _with(liking: float, value: float) -> float:
    return liking + (_DISLIKE * value if value < 0 else _LIKE * value * (1.0 - max(liking, 0.0)))


def _without(liking: float, value: float) -> float:
    if value < 0:
        return liking - _DISLIKE * value
    counted = _LIKE * value
    then = liking - counted
    return then / (1.0 - counted) if then > 0 else then


def _left(at: float, now: float) -> float:
    return float(0.5 ** (max(now - at, 0.0) / LIKING_HALF_LIFE))
