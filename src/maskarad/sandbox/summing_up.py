"""The scripted model asked to sum a chat up: who spoke, about what, and what people told of themselves."""

import re
from collections import Counter

from maskarad.sandbox.facts import OWN_NAME, Fact, told_facts
from maskarad.sandbox.prompt_reading import Line, Prompt, language

MOST_WORDS = 180
SHOWN_PEOPLE, SHOWN_TOPICS, SHOWN_FACTS = 6, 5, 8

_WORD = re.compile(r"[^\W\d_]{5,}")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
_SAY = {
    "en": {
        "spoke": "Spoke: {people}; about: {topics}.",
        "spoke_only": "Spoke: {people}.",
        "name": "{speaker} is called {value}.",
        "naming": "{speaker} has told: {thing} is called {value}.",
        "thing": "{speaker} has told: {thing} is {value}.",
    },
    "uk": {
        "spoke": "Розмовляли: {people}; про таке: {topics}.",
        "spoke_only": "Розмовляли: {people}.",
        "name": "{speaker} на ім'я {value}.",
        "naming": "Від {speaker} відомо: {thing} звати {value}.",
        "thing": "Від {speaker} відомо: {thing} — {value}.",
    },
    "ru": {
        "spoke": "Разговаривали: {people}; о таком: {topics}.",
        "spoke_only": "Разговаривали: {people}.",
        "name": "{speaker} по имени {value}.",
        "naming": "От {speaker} известно: {thing} зовут {value}.",
        "thing": "От {speaker} известно: {thing} — {value}.",
    },
}


def sum_up(prompt: Prompt) -> str:
    """The same request gives the same summary, in the chat's language; of what was remembered the oldest goes first."""
    say = _SAY[language((Line("", prompt.remembered), *prompt.lines))]
    told = [_told(say, fact) for fact in _latest(told_facts(prompt.lines))[-SHOWN_FACTS:]]
    new = [*([_spoken(say, prompt.lines)] if prompt.lines else []), *told]
    remembered = [each for each in _SENTENCE.split(prompt.remembered) if each and each not in new]
    while remembered and sum(len(each.split()) for each in (*remembered, *new)) > MOST_WORDS:
        del remembered[0]
    return " ".join((*remembered, *new))


def _spoken(say: dict[str, str], lines: tuple[Line, ...]) -> str:
    people = Counter(line.speaker for line in lines if line.speaker)
    words = Counter(word for line in lines for word in dict.fromkeys(_WORD.findall(line.text.lower())))
    names = {part.lower() for name in people for part in _WORD.findall(name)}
    topics = [word for word, _ in words.most_common(SHOWN_TOPICS + len(names)) if word not in names][:SHOWN_TOPICS]
    shown = ", ".join(name for name, _ in people.most_common(SHOWN_PEOPLE)) or "…"
    return say["spoke" if topics else "spoke_only"].format(people=shown, topics=", ".join(topics))


def _latest(facts: list[Fact]) -> list[Fact]:
    return list({(fact.speaker, fact.thing, fact.naming): fact for fact in facts}.values())


def _told(say: dict[str, str], fact: Fact) -> str:
    kind = "name" if fact.thing == OWN_NAME else "naming" if fact.naming else "thing"
    return say[kind].format(speaker=fact.speaker, thing=fact.thing, value=fact.value)
