"""What the model is asked when a persona may speak unasked: who it is, what was last said there, and that it may let it
be. People's words reach the model only as JSON, as in a turn (`turn/prompt.py`)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

import msgspec

from maskarad.memory.analysis import Analysis
from maskarad.memory.people import PersonNote
from maskarad.memory.remembered import NOTHING
from maskarad.memory.window import fitting
from maskarad.turn.acquaintance import people_lines
from maskarad.turn.prompt import Speaker
from maskarad.turn.temper import Temper, temper_lines
from maskarad.values import ChatType, ClaimedLink, CompletionRequest, HistoryLine, PromptMessage

LINES = 30
"""The newest lines of a chat that it is shown."""

TOKENS = 3_000
"""And about how many tokens of them."""

MOST_TOPICS = 3

_LANGUAGES = {"uk": "Ukrainian", "ru": "Russian", "en": "English"}
_HOUR, _DAY = 3600.0, 86_400.0

_encode = msgspec.json.Encoder().encode


def recent(link: ClaimedLink) -> Sequence[HistoryLine]:
    """The lines that are shown."""
    return fitting(link.history, NOTHING, TOKENS).lines


def ask(
    speaker: Speaker,
    link: ClaimedLink,
    lines: Sequence[HistoryLine],
    people: Sequence[PersonNote],
    analyses: Sequence[Analysis],
    temper: Temper,
    *,
    now: float,
    zone: tzinfo,
) -> CompletionRequest:
    """The request for one line unasked, or for silence. `people` are those who said the lines, `analyses` are of what
    they said, `zone` is the chat's."""
    content = speaker.persona.content
    moment = " ".join(
        (
            *_place(link, lines, now, zone),
            *temper_lines(temper, speaker.moods),
            *_subjects(analyses),
            *_task(_language(analyses) or content.language),
        )
    )
    return CompletionRequest(
        messages=(
            PromptMessage(role="system", content=speaker.system),
            PromptMessage(role="user", content="\n".join(_said(link, lines, people))),
            PromptMessage(role="system", content=moment),
        ),
        model=content.model,
        temperature=content.temperature,
    )


def _said(link: ClaimedLink, lines: Iterable[HistoryLine], people: Sequence[PersonNote]) -> Iterable[str]:
    in_group = link.chat.type is not ChatType.PRIVATE
    if in_group:
        yield _json({"group": link.chat.title})
    yield from people_lines(people, with_ids=in_group)
    for line in lines:
        said: dict[str, object] = {"you": True} if line.from_persona else {"from": line.sender_name}
        if in_group and not line.from_persona:
            said["id"] = line.sender_id
        yield _json(said | {"text": line.text})


def _place(link: ClaimedLink, lines: Sequence[HistoryLine], now: float, zone: tzinfo) -> Iterable[str]:
    where = "private chat" if link.chat.type is ChatType.PRIVATE else "group chat"
    yield f"Above is what was last said in a {where}; lines with `you` are your own."
    yield f"There it is {datetime.fromtimestamp(now, zone):%A, %H:%M} now."
    if lines:
        yield f"Nobody has written for {_how_long(now - lines[-1].sent_at)}."


def _how_long(seconds: float) -> str:
    if seconds < 1.5 * _HOUR:
        return "about an hour"
    return f"about {round(seconds / _HOUR)} hours" if seconds < 2 * _DAY else f"about {round(seconds / _DAY)} days"


def _subjects(analyses: Iterable[Analysis]) -> Iterable[str]:
    """Topics are the analyser's own words, not people's."""
    topics = Counter(topic for analysis in analyses for topic in analysis.topics).most_common(MOST_TOPICS)
    if topics:
        yield f"People there talked of: {', '.join(topic for topic, _ in topics)}."


def _task(language: str) -> Iterable[str]:
    yield (
        "Nobody has spoken to you. If, being who you are, you have something of your own to say there – a thought, a "
        "question, a word on what was talked of – write it: one short message, such that people may pass it over, in "
        f"{_LANGUAGES.get(language, language)}. Do not repeat what you have said, do not ask why nobody writes, do not "
        "call anybody with @."
    )
    yield 'If there is nothing worth saying, stay silent: answer {"response": []}.'


def _language(analyses: Iterable[Analysis]) -> str:
    """The one that most lines are in."""
    languages = Counter(analysis.language for analysis in analyses if analysis.language).most_common(1)
    return languages[0][0] if languages else ""


def _json(value: object) -> str:
    return _encode(value).decode()
