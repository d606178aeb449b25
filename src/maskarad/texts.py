"""The catalogue: every word a person reads, from `locales/<language>/<area>.toml`.

A key is the path of tables and names inside a file, `menu.text`; all files of a language share one space of keys. A
text with a number in it is a table of CLDR plural categories, chosen by the value `count`.
"""

import tomllib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from maskarad.settings import LANGUAGES

LOCALES = Path(__file__).parent / "locales"

PLURAL_CATEGORIES: Mapping[str, frozenset[str]] = {
    "uk": frozenset({"one", "few", "many", "other"}),
    "ru": frozenset({"one", "few", "many", "other"}),
    "en": frozenset({"one", "other"}),
}
"""What each language tells apart (CLDR, cardinal numbers)."""

_ANY_CATEGORY = frozenset[str]().union(*PLURAL_CATEGORIES.values())

_AGO = ((60.0, 60, "minutes"), (3600.0, 24, "hours"), (86_400.0, 10_000, "days"))

Text = str | Mapping[str, str]
"""A template with `{names}`, or one for each plural category."""


class Texts:
    """All languages. `get` is for plain text (button labels, notices, command descriptions); `html` is for messages:
    the template is Telegram HTML and every value is escaped, so that no name a person chose can become markup."""

    def __init__(self, catalogue: Mapping[str, Mapping[str, Text]]) -> None:
        self._catalogue = catalogue

    def get(self, language: str, key: str, /, **values: object) -> str:
        """Raises KeyError for a key or a `{name}` that is missing: both are held by a test."""
        template = self._template(language, key, values)
        return template.format_map(values) if "{" in template else template

    def html(self, language: str, key: str, /, **values: object) -> str:
        """As `get`, with every value escaped."""
        template = self._template(language, key, values)
        if "{" not in template:
            return template
        return template.format_map({name: escape(str(value)) for name, value in values.items()})

    def keys(self, language: str) -> Mapping[str, Text]:
        """The catalogue of one language, for tests and translators."""
        return self._catalogue[language]

    def words(self, language: str) -> "Words":
        return Words(self, language)

    def _template(self, language: str, key: str, values: Mapping[str, object]) -> str:
        text = self._catalogue[language][key]
        return text if isinstance(text, str) else text[plural_category(language, values["count"])]


class Words:
    """The catalogue in one language."""

    def __init__(self, texts: Texts, language: str) -> None:
        self._texts = texts
        self.language = language

    def get(self, key: str, /, **values: object) -> str:
        return self._texts.get(self.language, key, **values)

    def html(self, key: str, /, **values: object) -> str:
        return self._texts.html(self.language, key, **values)


def ago(words: Words, seconds: float) -> str:
    """How long ago, in the largest unit that fits."""
    for length, most, unit in _AGO:
        count = int(seconds // length)
        if 0 < count < most:
            return words.get(f"ago.{unit}", count=count)
    return words.get("ago.now")


def plural_category(language: str, count: object) -> str:
    """The CLDR category of a number; what is not a whole number is `other`."""
    if not isinstance(count, int):
        return "other"
    if language == "en":
        return "one" if count == 1 else "other"
    tens, ones = abs(count) % 100, abs(count) % 10
    if ones == 1 and tens != 11:
        return "one"
    return "few" if ones in (2, 3, 4) and tens not in (12, 13, 14) else "many"


def language_for(code: str | None, default: str) -> str:
    """The language to greet somebody in, from Telegram's `language_code` (IETF tag, may be absent)."""
    language = (code or "").split("-")[0].lower()
    return language if language in LANGUAGES else default


def load_texts(folder: Path = LOCALES) -> Texts:
    """Read every language. Raises ValueError when two areas of a language have the same key."""
    return Texts({language: _load_language(folder / language) for language in LANGUAGES})


def _load_language(folder: Path) -> Mapping[str, Text]:
    texts: dict[str, Text] = {}
    for file in sorted(folder.glob("*.toml")):
        area = _flattened(tomllib.loads(file.read_text(encoding="utf-8")))
        if twice := texts.keys() & area.keys():
            raise ValueError(f"{file.name}: {', '.join(sorted(twice))} is in another area too")
        texts |= area
    return texts


def _flattened(table: Mapping[str, Any], prefix: str = "") -> dict[str, Text]:
    flat: dict[str, Text] = {}
    for name, value in table.items():
        if isinstance(value, str) or value.keys() <= _ANY_CATEGORY:
            flat[prefix + name] = value
        else:
            flat |= _flattened(value, f"{prefix}{name}.")
    return flat
