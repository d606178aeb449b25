"""What the scripted model can know: only the request. This reads it: who it plays, who said what, in which language."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
import orjson


class Line(msgspec.Struct, frozen=True):
    """One thing a person said; `speaker` is empty when the request does not tell."""

    speaker: str
    text: str


class Prompt(msgspec.Struct, frozen=True):
    """A chat completion request as the scripted persona understands it."""

    persona: str
    mood: str
    lines: tuple[Line, ...]
    wants_json: bool
    may_be_silent: bool
    wants_summary: bool = False
    remembered: str = ""
    """The summary of what came before the lines."""
    own_language: str = ""
    """Of the persona, to be spoken where that of a line is unclear; empty when the request does not tell."""

    @property
    def last(self) -> Line:
        return self.lines[-1] if self.lines else Line("", "")


_PERSONA = (
    re.compile(r"\bYou (?:play|are|speak as) (?P<name>[^\n,.;:!]{1,64})", re.IGNORECASE),
    re.compile(r"\bYour name is (?P<name>[^\n,.;:!]{1,64})", re.IGNORECASE),
    re.compile(r"(?:Тебе звати|Тебя зовут|Ти граєш|Ты играешь|Ти —|Ты —)\s+(?P<name>[^\n,.;:!]{1,64})", re.IGNORECASE),
    re.compile(r"^(?:Name|Ім['’]я|Имя):\s*(?P<name>[^\n,.;]{1,64})", re.IGNORECASE | re.MULTILINE),
)
_MOOD = re.compile(
    r"(?:\bYour mood(?: now)?|\bMood|Настрій|Настроение)\s*(?::|is)\s*(?P<mood>[^\n,.;]{1,64})", re.IGNORECASE
)
_OWN_LANGUAGE = re.compile(r"\bwhen it is unclear, in (?P<language>Ukrainian|Russian|English)\b")
_CODES = {"Ukrainian": "uk", "Russian": "ru", "English": "en"}
_SILENCE = re.compile(r"empty list|stay silent|silen[ct]|порожній список|пустой список|мовч|молч", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")

_ONLY_UK, _ONLY_RU = frozenset("іїєґ"), frozenset("ыэъё")
_UK_WORDS = frozenset(
    [
        "що",
        "як",
        "мене",
        "звати",
        "мого",
        "мою",
        "моє",
        "дякую",
        "так",
        "ні",
        "привіт",
        "добре",
        "де",
        "хто",
        "коли",
        "чому",
        "сьогодні",
        "завтра",
        "є",
        "це",
        "тебе",
        "робиш",
        "скажи",
        "розкажи",
        "був",
        "була",
        "буде",
        "ти",
        "він",
        "вона",
        "ми",
        "вони",
        "вже",
        "ще",
        "дуже",
        "справи",
        "кого",
    ]
)
_RU_WORDS = frozenset(
    [
        "что",
        "как",
        "меня",
        "зовут",
        "моего",
        "спасибо",
        "да",
        "нет",
        "привет",
        "хорошо",
        "где",
        "кто",
        "когда",
        "почему",
        "сегодня",
        "завтра",
        "есть",
        "это",
        "тебя",
        "делаешь",
        "скажи",
        "расскажи",
        "был",
        "была",
        "будет",
        "он",
        "она",
        "мы",
        "они",
        "уже",
        "еще",
        "очень",
        "дела",
        "кого",
        "здравствуй",
    ]
)


def read_prompt(request: dict[str, Any]) -> Prompt:
    messages = [each for each in _list(request.get("messages")) if isinstance(each, dict)]
    system = "\n".join(_content(each) for each in messages if each.get("role") in ("system", "developer"))
    said = [_content(each) for each in messages if each.get("role") == "user"]
    lines = [line for content in said for line in _lines(content)]
    mood = _MOOD.search(system)
    own = _OWN_LANGUAGE.search(system)
    return Prompt(
        persona=next((found["name"].strip() for each in _PERSONA if (found := each.search(system))), ""),
        mood=mood["mood"].strip() if mood else "",
        lines=tuple(lines),
        wants_json='"response"' in system or isinstance(request.get("response_format"), dict),
        may_be_silent=bool(_SILENCE.search(system)) and "[]" in system,
        wants_summary='{"summary"' in system,
        remembered=" ".join(told for content in said if (told := _remembered(content))),
        own_language=_CODES[own["language"]] if own else "",
    )


def new_texts(request: dict[str, Any]) -> list[str]:
    """What the platform marks as not answered yet, in order."""
    messages = [each for each in _list(request.get("messages")) if isinstance(each, dict)]
    said = (_content(each).split("\n") for each in messages if each.get("role") == "user")
    lines = (line for raws in said for raw in raws if (line := _json_object(raw.strip())) is not None)
    return [text for line in lines if line.get("new") is True and isinstance(text := line.get("text"), str)]


def language(lines: Iterable[Line], own: str = "") -> str:
    """uk, ru or en: that of the last line with words in it. Where they do not give it away it is the persona's `own`;
    if that is not known, that of the last line which does."""
    for line in reversed(tuple(lines)):
        found = _language_of(line.text.lower())
        if found is None and own and _LETTERS.search(line.text):
            return own
        if found is not None:
            return found
    return own or "en"


def _language_of(text: str) -> str | None:
    letters = set(text)
    if letters & _ONLY_UK:
        return "uk"
    if letters & _ONLY_RU:
        return "ru"
    words = _LETTERS.findall(text)
    if any("а" <= letter <= "я" for letter in letters):
        uk, ru = (sum(word in known for word in words) for known in (_UK_WORDS, _RU_WORDS))
        return None if uk == ru else "uk" if uk > ru else "ru"
    return "en" if words else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _content(message: dict[str, Any]) -> str:
    """Text of a message, given as text or as a list of parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = (part.get("text") for part in _list(content) if isinstance(part, dict))
    return "\n".join(part for part in parts if isinstance(part, str))


def _lines(content: str) -> list[Line]:
    """One JSON object a line, as the platform writes them; anything else is taken as one plain line."""
    found = [line for raw in content.split("\n") if (line := _json_line(raw.strip())) is not None]
    if found or content.lstrip().startswith("{"):
        return found
    return [Line("", content.strip())] if content.strip() else []


def _remembered(content: str) -> str:
    found = (said.get("remembered") for raw in content.split("\n") if (said := _json_object(raw.strip())) is not None)
    return " ".join(each for each in found if isinstance(each, str))


def _json_object(raw: str) -> dict[str, Any] | None:
    if not raw.startswith("{"):
        return None
    try:
        said: dict[str, Any] = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return said


def _json_line(raw: str) -> Line | None:
    said = _json_object(raw)
    if said is None:
        return None
    text, speaker = said.get("text"), said.get("from")
    return Line(speaker if isinstance(speaker, str) else "", text) if isinstance(text, str) else None
