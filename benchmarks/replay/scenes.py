"""What happens in the chat: short scenes, each from what people of such a chat do."""

from collections.abc import Callable

from benchmarks.replay.people import BOT, PEOPLE, SPAMMERS, Person
from benchmarks.replay.script import Line, Stage
from benchmarks.replay.wording import TOPICS, Wording

Scene = Callable[[Stage, Wording], None]

MORNING, EVENING = 5, 20
STICKERS = ("😂", "👍", "❤", "😱", "🥱", "🎉")
OWN_LINE_AFTER = 4.0
"""Seconds that the persona took to answer in the chat that was exported."""

_REPLIES = 0.22
_EDITS = 0.02


def thread(stage: Stage, wording: Wording) -> None:
    """Two to five people about one topic; sometimes somebody asks the persona for its word."""
    people = stage.people(stage.random.randint(2, 5))
    topic = _topic(stage, people[0])
    said = [stage.say(people[0], wording.of_topic(people[0], topic, "open"))]
    while stage.happens(0.89) and len(said) < 28:
        person = stage.other(people, said[-1].person)
        if stage.happens(0.03):
            _ask_persona(stage, wording, person, people)
            continue
        said.append(_in_thread(stage, wording, person, topic, said))


def _topic(stage: Stage, person: Person) -> str:
    return stage.random.choice(person.likes if person.likes and stage.happens(0.5) else TOPICS)


def _in_thread(stage: Stage, wording: Wording, person: Person, topic: str, said: list[Line]) -> Line:
    kind = stage.random.choices(
        ("say", "ask", "agree", "disagree", "short", "laugh", "to", "about", "media"),
        (48, 17, 9, 5, 8, 6, 2, 0.7, 4),
    )[0]
    to = stage.random.choice([each for each in said[-4:] if each.person is not person] or said)
    reply_to = to if stage.happens(_REPLIES) and to.person is not person else None
    edited = 20.0 if stage.happens(_EDITS) and kind == "say" else None
    if kind == "media":
        return _media(stage, wording, person)
    if kind in ("say", "ask"):
        return stage.say(person, wording.of_topic(person, topic, kind), reply_to=reply_to, edited_after=edited)
    if kind == "about":
        return stage.say(person, wording.to_persona(person, "about"))
    name = to.person.name if to.person is not None else ""
    return stage.say(person, wording.of_everyday(person, kind, name), reply_to=reply_to)


def _media(stage: Stage, wording: Wording, person: Person) -> Line:
    kind = stage.random.choice(("sticker", "sticker", "photo", "voice"))
    if kind == "sticker":
        return stage.say(person, "", kind="sticker", emoji=stage.random.choice(STICKERS))
    caption = wording.bare(person, "caption") if kind == "photo" and stage.happens(0.6) else ""
    return stage.say(person, caption, kind=kind)


def with_persona(stage: Stage, wording: Wording) -> None:
    people = stage.people(stage.random.randint(2, 3))
    _ask_persona(stage, wording, people[0], people)


def _ask_persona(stage: Stage, wording: Wording, person: Person, people: list[Person]) -> None:
    """Somebody speaks to the persona; what comes after its answer is as people are."""
    kind = stage.random.choices(("ask", "remark", "praise", "insult"), (80, 10, 6, 4))[0]
    asked = stage.say(person, wording.to_persona(person, kind, stage.other(people, person).name))
    answer = _own(stage, wording, person, asked)
    while stage.happens(0.5):
        if stage.happens(0.45):
            again = stage.say(person, wording.to_persona(person, "follow"), reply_to=answer)
            answer = _own(stage, wording, person, again)
        elif stage.happens(0.6):
            stage.say(person, wording.to_persona(person, "follow"))
        else:
            other = stage.other(people, person)
            stage.say(other, wording.of_everyday(other, "agree"), reply_to=asked)
    if stage.happens(0.4):
        thanks = wording.to_persona(person, "thanks")
        stage.say(person, thanks, reply_to=answer if stage.happens(0.4) else None)


def _own(stage: Stage, wording: Wording, person: Person, asked: Line) -> Line:
    return stage.say(None, wording.of_persona(person), after=OWN_LINE_AFTER, reply_to=asked)


def greetings(stage: Stage, wording: Wording) -> None:
    kind = "greet" if MORNING <= stage.hour < EVENING else "bye"
    for person in stage.people(stage.random.randint(2, 5)):
        stage.say(person, wording.of_everyday(person, kind))


def joke(stage: Stage, wording: Wording) -> None:
    _started(stage, wording, "joke", ("laugh", "laugh", "short"), most=4)


def gladness(stage: Stage, wording: Wording) -> None:
    _started(stage, wording, "glad", ("cheer", "cheer", "wow"), most=5)


def sorrow(stage: Stage, wording: Wording) -> None:
    _started(stage, wording, "sad", ("comfort",), most=5)


def _started(stage: Stage, wording: Wording, first: str, answers: tuple[str, ...], *, most: int) -> None:
    people = stage.people(stage.random.randint(2, most))
    begun = stage.say(people[0], wording.of_everyday(people[0], first))
    for person in people[1:]:
        kind = stage.random.choice(answers)
        stage.say(person, wording.of_everyday(person, kind), reply_to=begun if stage.happens(0.4) else None)


def quarrel(stage: Stage, wording: Wording) -> None:
    one, other, *others = stage.people(3)
    line = stage.say(one, wording.of_everyday(one, "angry"))
    for _ in range(stage.random.randint(2, 5)):
        one, other = other, one
        line = stage.say(one, wording.of_everyday(one, "retort"), reply_to=line if stage.happens(0.6) else None)
    for person in (*others[:1], one):
        stage.say(person, wording.of_everyday(person, "peace"))


def question_to_all(stage: Stage, wording: Wording) -> None:
    people = stage.people(stage.random.randint(2, 4))
    asked = stage.say(people[0], wording.of_everyday(people[0], "ask_all"))
    for person in people[1:]:
        text = wording.of_everyday(person, "answer_all", people[0].name)
        stage.say(person, text, reply_to=asked if stage.happens(0.5) else None)


def forward(stage: Stage, wording: Wording) -> None:
    people = stage.people(2)
    stage.say(people[0], wording.bare(people[0], "forward"), forwarded_from="Міський вісник")
    stage.say(people[1], wording.of_everyday(people[1], "short"))


def spam(stage: Stage, wording: Wording) -> None:
    spammer = stage.random.choice(SPAMMERS)
    text = wording.bare(spammer, "spam")
    for _ in range(stage.random.choice((1, 1, 3))):
        stage.say(spammer, text, after=3.0)


def flood(stage: Stage, wording: Wording) -> None:
    """One who calls the persona again and again, faster than anybody reads."""
    person = stage.people(2)[0]
    for number in range(14):
        stage.say(person, wording.to_persona(person, "ask", "Bob"), after=1.5 if number else None)


def bulletin(stage: Stage, wording: Wording) -> None:
    stage.say(BOT, wording.bare(BOT, "news"), after=1.0)


def bot_talk(stage: Stage, wording: Wording) -> None:
    """The other bot speaks to the persona, and answers its every answer, until a person comes between."""
    answer = stage.say(BOT, wording.to_persona(BOT, "ask", PEOPLE[0].name), after=1.0)
    for _ in range(5):
        answer = _own(stage, wording, BOT, answer)
        answer = stage.say(BOT, wording.to_persona(BOT, "follow"), after=5.0, reply_to=answer)
    person = stage.people(2)[0]
    stage.say(person, wording.of_everyday(person, "laugh"))


USUAL: dict[Scene, float] = {
    thread: 55,
    with_persona: 11,
    greetings: 7,
    joke: 6,
    gladness: 4,
    sorrow: 3,
    quarrel: 3,
    question_to_all: 7,
    forward: 3,
    spam: 2.5,
}
"""How often each happens beside the others."""
