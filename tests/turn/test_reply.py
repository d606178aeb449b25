"""What models send, and what people are told."""

import gc
import json
import re
import sys
from types import FrameType

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.constants import ReactionEmoji

from maskarad.reactions import LEGAL_REACTIONS, legal_reaction
from maskarad.turn.reply import read_reply
from maskarad.values import Reply

MOODS = ("joy", "sadness", "neutral", "Лють")


def read(text: str, most_parts: int = 10) -> Reply:
    return read_reply(text, most_parts=most_parts, moods=MOODS)


def said(text: str, most_parts: int = 10) -> list[str]:
    return list(read(text, most_parts).parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('{"response": ["Привіт!", "Як ти?"]}', ["Привіт!", "Як ти?"]),
        ('{"response": "Привіт!"}', ["Привіт!"]),
        ('```json\n{"response": ["a", "b"]}\n```', ["a", "b"]),
        ('```\n{"response": ["a", "b"]}\n```', ["a", "b"]),
        ('```JSON {"response": "a"}```', ["a"]),
        ('["a", "b"]', ["a", "b"]),
        ('```json\n["a", "b"]\n```', ["a", "b"]),
        ('Ось відповідь: {"response": ["a"]} Сподіваюся, допомогло!', ["a"]),
        ('Ось:\n```json\n{"response": ["a"]}\n```\nГаразд?', ["a"]),
        ('{"response": ["a"]}\n{"response": ["b"]}', ["a", "b"]),
        ('{"thought": "hm", "response": ["a"]}', ["a"]),
        ('Гм. {"thought": "hm", "response": ["a"]}', ["a"]),
        ('\ufeff {"response": ["a"]} ', ["a"]),
        ('<think>\n{"response": ["no"]}\n</think>\n{"response": ["a"]}', ["a"]),
        ("<think>so what", []),
        ("Привіт!\nЯк ти?\n\nДобре?", ["Привіт!", "Як ти?", "Добре?"]),
        ("просто текст", ["просто текст"]),
        ("[сміється] ну ти даєш {усмішка}", ["[сміється] ну ти даєш {усмішка}"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_forms_of_an_answer(text: str, parts: list[str]) -> None:
    assert said(text) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('{"ответ": ["да", "нет"]}', ["да", "нет"]),
        ('{"відповідь": "так"}', ["так"]),
        ('{"відповідь": "так", "настрій": "joy"}', ["так"]),
        ('{"message": "hi"}', ["hi"]),
        ('{"Response": ["hi"]}', ["hi"]),
        ('{"antwort": ["ja"], "mood": "joy"}', ["ja"]),
        ('{"response": {"text": "hi"}}', ["hi"]),
        ('{"response": {"messages": ["a", "b"]}}', ["a", "b"]),
        ('[{"text": "a"}, {"content": "b"}, {"foo": 1}]', ["a", "b"]),
        ('{"response": [1, 2.5, true, null, ["x"], "a", {"text": "b"}]}', ["1", "2.5", "a", "b"]),
        ('{"response": ["", "  ", "\\n", " a "]}', ["a"]),
        ('{"response": "{\\"response\\": [\\"a\\"]}"}', ["a"]),
        ('{"response": ["дивись:\\n```python\\nx = {\\"a\\": 1}\\n```"]}', ['дивись:\n```python\nx = {"a": 1}\n```']),
    ],
)
def test_other_shapes(text: str, parts: list[str]) -> None:
    assert said(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "{",
        '{"',
        '{"resp',
        '{"response"',
        '{"response": ',
        '{"response": [',
        '{"response": []}',
        '{"response": null}',
        '{"a": "x", "b": "y"}',
        '{"code": 500}',
        '```json\n{"foo": 1}\n```',
        '{"response": {"response": {"response": {"response": "x"}}}}',
        "[[[[]]]]",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"response": [' * 50_000,
    ],
)
def test_json_without_speech_is_silence(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('{"response": ["перша", "друга", "трет', ["перша", "друга"]),
        ('{"response": ["перша", "друга"', ["перша", "друга"]),
        ('{"response": ["перша", "друга",', ["перша", "друга"]),
        ('```json\n{"response": ["перша", "дру', ["перша"]),
        ('{"response": ["перша"], "moo', ["перша"]),
        ('{"response": ["перша"], "mood": "jo', ["перша"]),
        ('{"response": "довга відповідь, що обірв', ["довга відповідь, що обірв"]),
        ('{"response": ["єдина, що обірв\\', ["єдина, що обірв"]),
        ('{"response": ["єдина \\ud83d', ["єдина �"]),
        ('["a", "b", "c', ["a", "b"]),
        ('Так: {"response": ["a", "b', ["a"]),
        ('Привіт\n{"resp', ["Привіт"]),
    ],
)
def test_cut_short(text: str, parts: list[str]) -> None:
    assert said(text) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('{"response": ["a", "b",],}', ["a", "b"]),
        ('{"response": ["перший\nрядок"]}', ["перший\nрядок"]),
        ("{'response': ['a', \"b\"]}", ["a", "b"]),
        ("{'response': ['п'ять', 'пам'ять']}", ["п'ять", "пам'ять"]),
        ('{"response": ["Він сказав "привіт" і пішов"]}', ['Він сказав "привіт" і пішов']),
        ('{"response": ["сніг \\_так\\_ \\u0456"]}', ["сніг \\_так\\_ і"]),
        ('{"response": ["a"]}}', ["a"]),
        ('{"response": ["a"', ["a"]),
        ('{"response": "\\ud83d\\ude00"}', ["😀"]),
    ],
)
def test_broken_json(text: str, parts: list[str]) -> None:
    assert said(text) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('Ось: {"response": []} Гаразд', []),
        ('Привіт!\n{"mood": "joy"}', ["Привіт!"]),
        ('{"mood": "joy"}\nПривіт!', ["Привіт!"]),
        ('Привіт!\n```json\n{"reaction": "👍"}\n```', ["Привіт!"]),
        ('Дивись: {"a": "x", "b": "y"} ось', ["Дивись:  ось"]),
        ('Дивись: {"antwort": ["ja"]} ось', ["ja"]),
        (
            'Ось код:\n```js\nlet a = {"foo": "bar"}\n```\nгарно?',
            ['Ось код:\n```js\nlet a = {"foo": "bar"}\n```', "гарно?"],
        ),
        ('напиши `{"a": 1}` там', ['напиши `{"a": 1}` там']),
        ("Список:\n- раз\n- два\n\nКінець", ["Список:\n- раз\n- два", "Кінець"]),
        ("1. раз\n2. два", ["1. раз\n2. два"]),
        ("код\n```\nа\n\nб\n```", ["код\n```\nа\n\nб\n```"]),
    ],
)
def test_prose(text: str, parts: list[str]) -> None:
    assert said(text) == parts


def test_surplus_parts_join_the_last() -> None:
    text = json.dumps({"response": [str(number) for number in range(50)]})
    parts = said(text, most_parts=3)
    assert parts[:2] == ["0", "1"]
    assert parts[2].split("\n") == [str(number) for number in range(2, 50)]
    assert said(text, most_parts=0) == ["\n".join(str(number) for number in range(50))]


@pytest.mark.parametrize(
    ("value", "reaction"),
    [
        ("👍", "👍"),
        ("❤️", "❤"),
        ("❤‍🔥", "❤‍🔥"),
        (" 🔥 ", "🔥"),
        ("✅", None),
        ("like", None),
        ("", None),
        (None, None),
        (["👍"], None),
        (1, None),
    ],
)
def test_reaction(value: object, reaction: str | None) -> None:
    assert read(json.dumps({"response": ["a"], "reaction": value})) == Reply(parts=("a",), reaction=reaction)


@pytest.mark.parametrize(
    ("value", "mood"),
    [("joy", "joy"), (" Joy", "joy"), ("лють", "Лють"), ("fury", None), ("", None), (None, None), ({}, None)],
)
def test_mood(value: object, mood: str | None) -> None:
    assert read(json.dumps({"response": ["a"], "mood": value})) == Reply(parts=("a",), mood=mood)


def test_reaction_without_words() -> None:
    assert read('{"response": [], "reaction": "👍"}') == Reply(parts=(), reaction="👍")


def test_reactions_are_telegrams() -> None:
    assert {each.value.replace("\ufe0f", "") for each in ReactionEmoji} == LEGAL_REACTIONS
    assert all(legal_reaction(each.value) for each in ReactionEmoji)


def calls_to_read(text: str) -> int:
    """Functions called while the text is read, Python's and C's; not those of what other tests have left behind, which
    the garbage collector may choose to end just then."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    gc.disable()
    sys.setprofile(count)
    try:
        read(text)
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls


@pytest.mark.parametrize(
    "shape",
    [
        *('{"', '["', '{"a": ', '{"response": ["', '{"response": {"a": ', '{"response": "{\\"response\\": '),
        *('x {"a": ', 'x {"a": 1} ', '```{"a": 1}', "```\n", "- a\n", '{"response": "a" b "c" ', '{"response": ["\\'),
    ],
)
def test_reading_is_one_pass(shape: str) -> None:
    """Twice the text is twice the work, whatever it is made of: nothing is read again from the next bracket on."""
    assert calls_to_read(shape * 2_000) <= 2.1 * calls_to_read(shape * 1_000)


ENVELOPE = re.compile(r"\s*(?:```\w*)?\s*\{\s*[\"'](?:response|reaction|mood|ответ|відповідь)[\"']\s*:")
SPEECH = st.text(
    alphabet=st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf")), min_size=1, max_size=20
)
SHARDS = st.sampled_from(
    (
        *("{", "}", "[", "]", '"', "'", ":", ",", "\\", "\n", " ", "```", "```json\n", "<think>", "null", "1", "так"),
        *(
            '"response"',
            '"mood"',
            '"reaction"',
            '{"response": ["',
            '{"response":',
            '"ответ":',
            '"]}',
            "\\u00",
            "\ud83d",
        ),
    )
)


@given(text=st.text(max_size=300) | st.lists(SHARDS, max_size=40).map("".join), most_parts=st.integers(1, 10))
def test_any_text(text: str, most_parts: int) -> None:
    parts = said(text, most_parts)
    assert len(parts) <= most_parts
    for part in parts:
        assert part.strip()
        assert not ENVELOPE.match(part)
        part.encode()


@given(
    parts=st.lists(SPEECH, max_size=12),
    most_parts=st.integers(1, 10),
    form=st.sampled_from(["{}", "```json\n{}\n```", "Ось: {} Гаразд", "{}\n", "```\n{}```"]),
    escaped=st.booleans(),
)
def test_words_are_kept(parts: list[str], most_parts: int, form: str, escaped: bool) -> None:
    envelope = json.dumps({"response": parts, "mood": "joy"}, ensure_ascii=escaped)
    reply = read(form.replace("{}", envelope), most_parts)
    if not any(ENVELOPE.match(part) for part in parts):
        assert "\n".join(reply.parts) == "\n".join(parts)
    assert reply.mood == "joy"


@given(parts=st.lists(SPEECH, min_size=1, max_size=5), data=st.data())
def test_cut_anywhere_gives_whole_parts(parts: list[str], data: st.DataObject) -> None:
    text = orjson.dumps({"response": parts}).decode()
    cut = data.draw(st.integers(0, len(text)))
    found = said(text[:cut])
    whole = [part for part in parts if not ENVELOPE.match(part)]
    assert found == whole[: len(found)] or (len(found) == 1 and whole[0].startswith(found[0].rstrip("\\�")))
