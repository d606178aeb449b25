"""What the persona wants to say and do, read from the model's answer in one pass.

Asked for is `{"response": ["part", "part"], "reaction": "👍", "mood": "joy"}`; models also send it fenced, cut short,
wrapped in prose, under keys of another language, as a bare list, or as plain lines. Whatever comes, no person is
shown the envelope.
"""

import re
from collections.abc import Collection, Iterator

import orjson

from maskarad.reactions import legal_reaction
from maskarad.turn.loose_json import Json, Unfinished, read_json, whole_characters
from maskarad.values import Reply

_SPEECH_KEYS = (
    *("response", "responses", "reply", "replies", "message", "messages", "answer", "text", "content", "parts"),
    *("відповідь", "відповіді", "повідомлення", "ответ", "ответы", "сообщение", "сообщения", "текст"),
)
"""Keys that hold speech, the likelier first; under any other key it is speech only when nothing else can be."""
_OTHER_KEYS = ("reaction", "mood")
_KNOWN_KEYS = frozenset((*_SPEECH_KEYS, *_OTHER_KEYS))
_NESTED = 3
"""Envelopes within envelopes that are opened; deeper ones are dropped."""

_THOUGHTS = re.compile(r"\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_AT_START = re.compile(r"(?:```\w*\s*)?(?=\{\s*(?:[\"'}]|\Z)|\[\s*(?:[\"'\[{\]]|\Z))")
_WITHIN = re.compile(r"\{(?=\s*(?:\Z|[\"'][^\"'\n]{0,60}(?:\Z|[\"']\s*(?::|\Z))))")
_FENCE_BEFORE = re.compile(r"```\w*\s*\Z")
_FENCE_AFTER = re.compile(r"\s*```")
_ENVELOPE = re.compile(rf"(?:```\w*)?\s*\{{\s*[\"'](?:{'|'.join(sorted(_KNOWN_KEYS))})[\"']\s*:", re.IGNORECASE)
_GOES_ON = re.compile(r"\s|[-*+•>|]\s|\d{1,3}[.)]\s|\|")
"""A line that makes no sense without the one before: a list item, a quotation, a table's row."""
_ONLY_BRACKETS = re.compile(r"[\s{}\[\],:\"`]+")


class _Reading:
    """What has been found so far."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.reaction: str | None = None
        self.mood = ""


def read_reply(text: str, *, most_parts: int, moods: Collection[str]) -> Reply:
    """Never raises. Parts beyond `most_parts` are joined onto the last one, line by line.

    An answer cut short gives its complete parts, or what there is of the first when none is complete. `reaction` is
    one that Telegram takes, `mood` one of `moods`; anything else is None.
    """
    reading = _read(text, _NESTED)
    parts = reading.parts
    if len(parts) > max(most_parts, 1):
        kept = max(most_parts, 1) - 1
        parts = [*parts[:kept], "\n".join(parts[kept:])]
    mood = reading.mood.strip().casefold()
    return Reply(
        parts=tuple(parts),
        reaction=reading.reaction,
        mood=next((each for each in moods if each.casefold() == mood), None),
    )


def _read(text: str, nested: int) -> _Reading:
    reading = _Reading()
    text = _THOUGHTS.sub("", whole_characters(text), count=1) if "<think" in text else whole_characters(text)
    values, prose = _split(text.strip().strip("\ufeff"))
    said: list[str] = []
    for value in values:
        said.extend(_speech(value))
        if isinstance(value, dict):
            _note_the_rest(value, reading)
    complete = [part for part in said if not isinstance(part, Unfinished)]
    spoken = complete or said
    for part in _lines(prose) if not spoken and not any(map(_has_speech_key, values)) else spoken:
        _add(part.strip(), reading, nested)
    return reading


def _add(part: str, reading: _Reading, nested: int) -> None:
    if not part:
        return
    if not _ENVELOPE.match(part):
        reading.parts.append(part)
    elif nested:
        reading.parts.extend(_read(part, nested - 1).parts)


def _note_the_rest(value: dict[str, Json], reading: _Reading) -> None:
    reaction, mood = value.get("reaction"), value.get("mood")
    if isinstance(reaction, str):
        reading.reaction = legal_reaction(reaction) or reading.reaction
    if isinstance(mood, str):
        reading.mood = mood


def _split(text: str) -> tuple[list[Json], str]:
    """The JSON values that are meant for us, and the prose around them."""
    if text.startswith("{") and text.endswith("}"):
        try:
            return [orjson.loads(text)], ""
        except orjson.JSONDecodeError:
            pass
    values: list[Json] = []
    prose: list[str] = []
    position = 0
    start = _AT_START.match(text)
    if start:
        value, position, _ = read_json(text, start.end())
        values.append(value)
        position = _past_fence(text, position)
    for opening, fenced in _openings(text, position):
        if opening < position:
            continue
        value, end, closed = read_json(text, opening)
        if not _is_ours(value, fenced=fenced, closed=closed):
            # Code that the persona shows, or a brace in a sentence: what lies within is no envelope either.
            prose.append(text[position:end])
            position = end
            continue
        values.append(value)
        prose.append(_FENCE_BEFORE.sub("", text[position:opening]))
        position = _past_fence(text, end)
    prose.append(text[position:])
    return values, "".join(prose)


def _openings(text: str, position: int) -> Iterator[tuple[int, bool]]:
    """Where an object may begin, and whether in a code block or in inline code."""
    ticks, counted = 0, 0
    for match in _WITHIN.finditer(text, position):
        ticks += text.count("```", counted, match.start())
        counted = match.start()
        yield match.start(), ticks % 2 == 1 or text[match.start() - 1 : match.start()] == "`"


def _is_ours(value: Json, *, fenced: bool, closed: bool) -> bool:
    if not isinstance(value, dict):
        return False
    if not value and not closed:
        return True
    known = any(key.casefold() in _KNOWN_KEYS for key in value)
    return known or (closed and not fenced)


def _past_fence(text: str, position: int) -> int:
    fence = _FENCE_AFTER.match(text, position)
    return fence.end() if fence else position


def _speech(value: Json) -> list[str]:
    if isinstance(value, list):
        return [said for item in value if (said := _item(item)) is not None]
    if isinstance(value, dict):
        named = _named_speech(value)
        if isinstance(named, dict):
            named = _named_speech(named)
        return _speech(named) if isinstance(named, list) else _speech([named])
    return []


def _named_speech(value: dict[str, Json]) -> Json:
    by_key = {key.strip().casefold(): each for key, each in value.items()}
    for key in _SPEECH_KEYS:
        if by_key.get(key):
            return by_key[key]
    others = [each for key, each in by_key.items() if key not in _KNOWN_KEYS and _may_be_speech(each)]
    return others[0] if len(others) == 1 else None


def _has_speech_key(value: Json) -> bool:
    """An empty `response` is a wish to stay silent: the prose around it is the model's, not the persona's."""
    return isinstance(value, dict) and any(key.strip().casefold() in _SPEECH_KEYS for key in value)


def _may_be_speech(value: Json) -> bool:
    return bool(value.strip()) if isinstance(value, str) else isinstance(value, list) and bool(_speech(value))


def _item(item: Json) -> str | None:
    if isinstance(item, str):
        return item
    if isinstance(item, bool) or item is None:
        return None
    if isinstance(item, int | float):
        return str(item)
    if isinstance(item, dict):
        named = _named_speech(item)
        return named if isinstance(named, str) else None
    return None


def _lines(prose: str) -> Iterator[str]:
    """Plain text, a part for each line; code blocks and lists stay whole."""
    part: list[str] = []
    in_code = False
    for line in prose.split("\n"):
        fence = line.lstrip().startswith("```")
        if part and not (in_code or fence or _GOES_ON.match(line)):
            yield "\n".join(part)
            part = []
        in_code ^= fence and line.count("```") % 2 == 1
        if in_code or fence or not _ONLY_BRACKETS.fullmatch(line):
            part.append(line)
    yield "\n".join(part)
