"""What /me shows: all that is known of a person in words, and a button to correct or delete each thing."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from maskarad.db.kept import Place
from maskarad.memory.people import (
    BRIEF_LETTERS,
    CLEAR_TONE,
    CLEAR_TREATMENT,
    EVERYWHERE,
    LONG_LETTERS,
    Known,
    Preference,
    part_of_day,
    pattern_of,
    topics_in,
    treatment_of,
)
from maskarad.memory.preferences import CHOICES, Wish
from maskarad.memory.stats import most_frequent
from maskarad.texts import Words
from maskarad.values import Button, Keyboard, Screen

ME, MENU, HABITS, SUMMARY, EXPORT, FORGET = "1:me:", "menu", "habits", "summary", "export", "forget"
MOST_WISHES, MOST_PLACES = 12, 10
MOST_LETTERS = 40
"""Of a button, or of a group's title: a screen has 4096 in all."""

_MARK_BYTES = 8
_PARTS_OF_DAY = ("night", "morning", "afternoon", "evening")


@dataclass(frozen=True)
class AboutMe:
    known: Known
    places: Sequence[Place]
    zone: str
    now: float

    def title(self, link_id: int, words: Words) -> str:
        place = next((each for each in self.places if each.link_id == link_id), None)
        if place is None or place.in_private:
            return words.get("me.here")
        return words.get("me.in_group", title=_cut(place.title))

    @property
    def has_summary(self) -> bool:
        return any(place.in_private and place.has_summary for place in self.places)


def main_screen(about: AboutMe, words: Words) -> Screen:
    blocks = [
        words.html("me.title"),
        "\n".join((words.html("me.wishes"), *(_wishes(about, words) or [words.html("me.no_wishes")]))),
        "\n".join((words.html("me.habits"), *(_habits(about, words) or [words.html("me.no_habits")]))),
        "\n".join((words.html("me.kept"), *_kept(about, words))),
        words.html("me.how"),
    ]
    return Screen(html="\n\n".join(blocks), keyboard=tuple(_buttons(about, words)))


def choices(wish: Wish, known: Known, words: Words) -> Screen:
    """A wish of a closed set, to be chosen or taken back."""
    current = next((each.value for each in known.preferences if each.wish is wish), "")
    rows = [
        (Button(label=_marked(_value(wish, value, words), value == current), data=f"{ME}set:{wish.value}:{value}"),)
        for value in (*CHOICES[wish], "")
    ]
    back = (Button(label=words.get("me.back"), data=f"{ME}{MENU}"),)
    return Screen(html=words.html(f"me.question.{wish.value}"), keyboard=(*rows, back))


def _marked(label: str, is_current: bool) -> str:
    return f"• {label}" if is_current else label


def _value(wish: Wish, value: str, words: Words) -> str:
    return words.get(f"me.{wish.value}.{value or 'as_usual'}")


def _wishes(about: AboutMe, words: Words) -> list[str]:
    told = [
        words.html(f"me.wish.{each.wish.value}", value=value, where=_where(about, each, words))
        for each in sorted(about.known.preferences, key=lambda each: (list(Wish).index(each.wish), each.scope))
        for value in _values(each, words)
    ]
    if len(told) > MOST_WISHES:
        return [*told[:MOST_WISHES], words.html("me.more_wishes", count=len(told) - MOST_WISHES)]
    return told


def _values(preference: Preference, words: Words) -> Iterable[str]:
    if preference.wish in CHOICES:
        return [_value(preference.wish, preference.value, words)]
    return said_in(preference)


def said_in(preference: Preference) -> Iterable[str]:
    """The things that a wish in free words holds, each to be taken back by itself."""
    return topics_in(preference.value) if preference.wish is Wish.LEAVE_ALONE else [preference.value]


def mark_of(value: str) -> str:
    """By what a button knows a thing that was said: its place in a list is another's once one is gone."""
    return hashlib.blake2b(value.encode(), digest_size=_MARK_BYTES).hexdigest()


def _where(about: AboutMe, preference: Preference, words: Words) -> str:
    return words.get("me.everywhere") if preference.scope == EVERYWHERE else about.title(preference.scope, words)


def _habits(about: AboutMe, words: Words) -> list[str]:
    familiarities = about.known.familiarities
    messages = sum(each.messages for each in familiarities)
    if not messages:
        return []
    pattern = pattern_of(familiarities)
    letters = pattern.letters / messages
    length = "short" if letters < BRIEF_LETTERS else "long" if letters > LONG_LETTERS else "normal"
    told = [words.html(f"me.habit.{length}", count=round(letters))]
    if (part := part_of_day(pattern.hours, about.zone, about.now)) is not None:
        told.append(words.html(f"me.habit.{_PARTS_OF_DAY[part]}"))
    if topics := [words.get(f"analytics.topic.{name}") for name, _ in most_frequent(pattern.topics, 5)]:
        told.append(words.html("me.habit.topics", topics=", ".join(topics)))
    if emoji := [each for each, _ in most_frequent(pattern.emoji, 5)]:
        told.append(words.html("me.habit.emoji", emoji=" ".join(emoji)))
    tone = pattern.valence / pattern.analysed if pattern.analysed else 0.0
    if abs(tone) >= CLEAR_TONE:
        told.append(words.html("me.habit.cheerful" if tone > 0 else "me.habit.gloomy"))
    treatment = treatment_of(familiarities)
    if abs(treatment) >= CLEAR_TREATMENT:
        told.append(words.html("me.habit.kind" if treatment > 0 else "me.habit.unkind"))
    return told


def _kept(about: AboutMe, words: Words) -> Iterator[str]:
    counted = {each.link_id: each.messages for each in about.known.familiarities}
    for place in about.places[:MOST_PLACES]:
        if place.in_private:
            yield words.html("me.kept_here", count=place.messages)
        else:
            yield words.html("me.kept_in_group", title=_cut(place.title), count=counted.get(place.link_id, 0))
    if len(about.places) > MOST_PLACES:
        yield words.html("me.kept_in_more", count=len(about.places) - MOST_PLACES)
    if about.has_summary:
        yield words.html("me.kept_summary")


def _buttons(about: AboutMe, words: Words) -> Iterator[tuple[Button, ...]]:
    chosen = [Button(label=words.get(f"me.button.{wish.value}"), data=f"{ME}ask:{wish.value}") for wish in CHOICES]
    for first in range(0, len(chosen), 2):
        yield tuple(chosen[first : first + 2])
    yield from _free_words(about, words)
    if about.known.familiarities:
        yield (Button(label=words.get("me.button.habits"), data=f"{ME}{HABITS}"),)
    if about.has_summary:
        yield (Button(label=words.get("me.button.summary"), data=f"{ME}{SUMMARY}"),)
    yield (
        Button(label=words.get("me.button.export"), data=f"{ME}{EXPORT}"),
        Button(label=words.get("me.button.forget"), data=f"{ME}{FORGET}"),
    )


def _free_words(about: AboutMe, words: Words) -> Keyboard:
    rows: list[tuple[Button, ...]] = []
    for each in about.known.preferences:
        if each.wish not in CHOICES:
            for value in said_in(each):
                data = f"{ME}drop:{each.wish.value}:{each.scope}:{mark_of(value)}"
                rows.append((Button(label=words.get("me.button.drop", value=_cut(value)), data=data),))
    return tuple(rows[:MOST_WISHES])


def _cut(value: str) -> str:
    return value if len(value) <= MOST_LETTERS else f"{value[: MOST_LETTERS - 1]}…"
