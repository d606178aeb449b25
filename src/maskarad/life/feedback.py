"""How people take what the persona says: their reactions to its messages, summed up as the link's liking (-1 to 1)."""

from collections.abc import Iterable, Sequence

from maskarad.db.reactions import Reacted
from maskarad.reactions import legal_reaction

LIKING_HALF_LIFE = 24 * 3600.0
"""Seconds in which a link's liking, if nobody reacts, halves."""

COUNTED_FOR = 7 * LIKING_HALF_LIFE
"""Reactions older than that count nothing any more."""

_DISLIKE = 2.0
"""What a dislike weighs beside a like: kindness is cheap."""

_INDIFFERENCE = 7.0
"""What the silence of all the others weighs, in likes: a single one makes 0.125, a single dislike -0.22."""

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


def value_of(emoji: Sequence[str]) -> float:
    """The mean of a person's reactions to one message, -1 to 1; of none, 0."""
    return sum(VALUE_OF.get(legal_reaction(each) or "", 0.0) for each in emoji) / max(len(emoji), 1)


def present_liking(liking: float, liking_at: float, now: float) -> float:
    return liking * _left(liking_at, now)


def liking_of(reacted: Iterable[Reacted], now: float, *, one_alone: bool) -> float:
    """A mean of what people put, weighed by how fresh it is. Nobody counts for more than one whole reaction, however
    many they put, unless the chat is of one alone."""
    opinions: dict[int, float] = {}
    for each in reacted:
        opinions[each.user_id] = opinions.get(each.user_id, 0.0) + each.value * _left(each.at, now)
    bounded = opinions.values() if one_alone else [max(-1.0, min(1.0, opinion)) for opinion in opinions.values()]
    likes = sum(opinion for opinion in bounded if opinion > 0)
    dislikes = -_DISLIKE * sum(opinion for opinion in bounded if opinion < 0)
    return (likes - dislikes) / (likes + dislikes + _INDIFFERENCE)


def _left(at: float, now: float) -> float:
    return float(0.5 ** (max(now - at, 0.0) / LIKING_HALF_LIFE))
