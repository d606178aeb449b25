"""The catalogue and the code that speaks from it say the same keys, in every language, with the same values."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import maskarad
from maskarad.sandbox.markup_html import parse_html
from maskarad.settings import LANGUAGES
from maskarad.texts import PLURAL_CATEGORIES, Text, Texts, language_for, load_texts, plural_category
from maskarad.values import READY_MOODS

SOURCE = Path(maskarad.__file__).parent
CATALOGUE = load_texts()
KEYS = CATALOGUE.keys("en")
SECTIONS = {key.split(".")[0] for key in KEYS}
KEY = re.compile(rf"(?:{'|'.join(SECTIONS)})\.[a-z_.]+")
PLAIN = (
    *("button.", "command.", "problem.", "toast.", "word.", "ago.", "mood."),
    *("style.", "verbosity.", "group_reply.", "spontaneity.", "access.public", "access.whitelist", "access.owner_only"),
    *("persona.command.", "persona.reset_yes", "persona.reset_no", "notice.model_reason."),
    *("admin.state.", "admin.milliseconds", "spend.dollars", "spend.of", "spend.below_a_cent", "spend.millions"),
)
"""What is shown where Telegram reads no markup, or put into another text as a value."""


def forms_of(text: Text) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def placeholders(text: Text) -> list[set[str]]:
    """The values that each form of a text asks for."""
    return [{name for _, name, _, _ in string.Formatter().parse(form) if name} for form in forms_of(text)]


def strings_in_code() -> Iterator[tuple[str, bool]]:
    """Every string constant of the package, and the beginning of every f-string that starts with one."""
    for file in SOURCE.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        begun = {id(each.values[0]) for each in ast.walk(tree) if isinstance(each, ast.JoinedStr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value, id(node) in begun


USED = {text for text, is_beginning in strings_in_code() if not is_beginning and KEY.fullmatch(text)}
BEGINNINGS = {text for text, is_beginning in strings_in_code() if is_beginning and KEY.match(text + "x")}


def test_every_key_that_the_code_says_is_in_the_catalogue() -> None:
    assert len(USED) > 100
    assert sorted(USED - KEYS.keys()) == []
    assert [each for each in BEGINNINGS if not any(key.startswith(each) for key in KEYS)] == []


def test_every_key_of_the_catalogue_is_said_by_the_code() -> None:
    said = USED | {key for key in KEYS if key.startswith(tuple(BEGINNINGS))}
    assert [key for key in KEYS if key not in said] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_keys(language: str) -> None:
    assert CATALOGUE.keys(language).keys() == KEYS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_asks_for_the_same_values_in_every_language_and_form(language: str) -> None:
    differing = []
    for key, text in CATALOGUE.keys(language).items():
        expected = placeholders(KEYS[key])[0]
        if any(asked != expected for asked in placeholders(text)):
            differing.append(key)
    assert differing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_counted_text_has_exactly_the_categories_of_its_language(language: str) -> None:
    counted = [key for key, text in KEYS.items() if not isinstance(text, str)]
    texts = {key: CATALOGUE.keys(language)[key] for key in counted}
    assert len(counted) > 5
    assert [key for key, text in texts.items() if isinstance(text, str)] == []
    assert {frozenset(text) for text in texts.values()} == {PLURAL_CATEGORIES[language]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_markup_that_telegram_reads_or_has_none(language: str) -> None:
    for key, text in CATALOGUE.keys(language).items():
        for form in forms_of(text):
            assert form == form.strip()
            plain, entities = parse_html(form)
            if key.startswith(PLAIN):
                assert (plain, entities) == (form, []), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_ready_mood_has_a_name_and_a_text(language: str) -> None:
    for mood in READY_MOODS:
        assert CATALOGUE.get(language, f"mood.{mood}.name") != CATALOGUE.get(language, f"mood.{mood}.text")


@pytest.mark.parametrize(
    ("language", "category", "counts"),
    [
        ("en", "one", (1,)),
        ("en", "other", (0, 2, 5, 11, 21, 101, 1.0)),
        *((language, "one", (1, 21, 101, 1001)) for language in ("uk", "ru")),
        *((language, "few", (2, 3, 4, 22, 104)) for language in ("uk", "ru")),
        *((language, "many", (0, 5, 11, 12, 14, 20, 111, 112)) for language in ("uk", "ru")),
        *((language, "other", (1.5,)) for language in ("uk", "ru")),
    ],
)
def test_plural_categories_are_those_of_cldr(language: str, category: str, counts: tuple[object, ...]) -> None:
    assert {plural_category(language, count) for count in counts} == {category}


def test_a_counted_text_takes_the_form_of_its_number() -> None:
    ago = [CATALOGUE.get("uk", "ago.minutes", count=count) for count in (1, 3, 5)]
    assert ago == ["1 хвилину тому", "3 хвилини тому", "5 хвилин тому"]


def test_values_cannot_become_markup() -> None:
    name = '<b>&"{name}'
    assert CATALOGUE.html("en", "card.name", name=name) == "🎭 <b>&lt;b&gt;&amp;&quot;{name}</b>"
    assert CATALOGUE.get("en", "toast.deleted", name=name) == '<b>&"{name} is deleted'


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("uk", "uk"),
        ("uk-UA", "uk"),
        ("RU", "ru"),
        ("en-GB", "en"),
        ("de", "ru"),
        ("", "ru"),
        (None, "ru"),
        ("x" * 99, "ru"),
    ],
)
def test_language_comes_from_telegrams_code_or_is_the_default(code: str | None, language: str) -> None:
    assert language_for(code, default="ru") == language


def test_two_areas_cannot_have_the_same_key(tmp_path: Path) -> None:
    for language in LANGUAGES:
        (tmp_path / language).mkdir()
        for area in ("one", "two"):
            (tmp_path / language / f"{area}.toml").write_text('[menu]\ntext = "hello"\n')
    with pytest.raises(ValueError, match=r"two\.toml: menu\.text"):
        load_texts(tmp_path)


def test_words_speak_one_language() -> None:
    texts = Texts({"en": {"greeting": "Hello, {name}!"}, "uk": {"greeting": "Вітаю, {name}!"}})
    assert texts.words("uk").get("greeting", name="Боб") == "Вітаю, Боб!"
