"""How the persona feels while it answers: the mood as the words to it have just moved it, and how people take it."""

from collections.abc import Callable, Collection, Iterable, Mapping

from maskarad.life.feedback import DISLIKED, LIKED, present_liking
from maskarad.life.mood import Degree, MoodNow, degree, moved, present
from maskarad.memory.analysis import Analysis
from maskarad.values import NEUTRAL_MOOD, ChatType, ClaimedLink, HistoryLine, MoodState, Value

MOST_LINES = 8
"""Of many new lines the last ones move the mood."""

_HOW_FELT = {
    Degree.SLIGHTLY: "felt slightly: let it only just show.",
    Degree.QUITE: "felt quite strongly: let it show.",
    Degree.VERY: "felt very strongly: it colours every word.",
}


class Temper(Value, frozen=True):
    """`liking` is how people took the persona's latest lines here, -1 to 1."""

    mood: MoodNow = MoodNow()
    liking: float = 0.0


def after_hearing(
    link: ClaimedLink,
    analyze: Callable[[str], Analysis],
    *,
    treatment: Mapping[int, float],
    choices: Collection[str],
    now: float,
    half_life: float,
) -> MoodState:
    """The link's mood, moved by what was said to the persona since its last answer; the very same value where nothing
    moved it. `treatment` is by user id, -1 to 1; people who are not in it have treated the persona neither way."""
    mood = link.mood
    for line in _said_to_it(link)[-MOST_LINES:]:
        mood = moved(
            mood,
            analyze(line.text),
            line,
            treatment=treatment.get(line.sender_id, 0.0),
            now=now,
            half_life=half_life,
            choices=choices,
        )
    return mood


def temper_of(link: ClaimedLink, mood: MoodState, *, now: float, half_life: float) -> Temper:
    return Temper(
        mood=present(mood, now, half_life),
        liking=present_liking(link.liking, link.liking_at, now),
    )


def temper_lines(temper: Temper, moods: Mapping[str, tuple[str, str]]) -> Iterable[str]:
    """For the prompt; `moods` are the persona's, by key: name and how it colours the persona's words."""
    if temper.mood.key in moods:
        name, colour = moods[temper.mood.key]
        if temper.mood.key == NEUTRAL_MOOD:
            yield f"Your mood now: {name}. {colour}"
        else:
            yield f"Your mood now: {name}, {_HOW_FELT[degree(temper.mood)]} {colour}"
    if temper.liking <= DISLIKED:
        yield "By their reactions, people here disliked what you said lately: be briefer, and do less of the same."
    elif temper.liking >= LIKED:
        yield "By their reactions, people here liked what you said lately."


def _said_to_it(link: ClaimedLink) -> list[HistoryLine]:
    in_private = link.chat.type is ChatType.PRIVATE
    return [line for line in link.history if line.unread and (in_private or line.addressed)]
