"""What the scripted persona says: in the language spoken, from what the request holds, silent when it may be."""

import orjson
import pytest

from maskarad.sandbox.prompt_reading import read_prompt
from maskarad.sandbox.script import Spoken, speak

SYSTEM = 'You play Luna, a fictional character. Write {"response": ["first"]}. Your mood now: радість. Bright words.'
SILENCE = 'Nobody has spoken to you directly. If you have nothing to add, stay silent: answer {"response": []}.'


def spoken(*lines: tuple[str, str] | str, system: str = SYSTEM) -> Spoken:
    said = [("Alice", line) if isinstance(line, str) else line for line in lines]
    content = "\n".join(orjson.dumps({"from": who, "text": text, "new": True}).decode() for who, text in said)
    messages = [{"role": "system", "content": system}, {"role": "user", "content": content}]
    return speak(read_prompt({"messages": messages}))


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (("my cat is called Biscuit", "what's my cat's name?"), "Your cat is called Biscuit."),
        (("My dog's name is Rex.", "What is my dog called?"), "Your dog is called Rex."),
        (("what is my cat's name?",), "I don't know. You have not told me yet."),
        (("My name is Alice", "I like tea", "what is my name?"), "Your name is Alice."),
        (("my name is Al", "No, my name is Alice", "Do you remember my name?"), "Your name is Alice."),
        (("my best dish is dark soup.", "What is my best dish?"), "I remember: your best dish — dark soup."),
        (("Мого кота звати Мурчик!", "Нагадай, як звати мого кота?"), "Твого кота звати Мурчик."),
        (("Мене звати Олена", "Як мене звати?"), "Тебе звати Олена."),
        (("як звати мого кота?",), "Я не знаю. Про це ще не було мови."),
        (("Моего кота зовут Барсик", "а как зовут моего кота?"), "Твоего кота зовут Барсик."),
        (("Меня зовут Анна", "Как меня зовут?"), "Тебя зовут Анна."),
        (("Who are you?",), "I am Luna."),
        (("Привіт, хто ти?",), "Я — Luna."),
        (("Как дела?",), "Моё настроение: радість. А у тебя?"),
        (("Дякую!",), "Будь ласка!"),
        (("Hello",), "Hello, Alice! Good to see you."),
    ],
)  # fmt: skip
def test_answers(lines: tuple[str, ...], answer: str) -> None:
    assert spoken(*lines).response[0] == answer


def test_one_persons_cat_is_not_anothers() -> None:
    assert "don't know" in spoken(("Alice", "my cat is called Biscuit"), ("Bob", "what is my cat's name?")).response[0]


def test_silence_only_where_allowed_and_nobody_asks() -> None:
    quiet = SYSTEM + SILENCE
    assert spoken("The train was late again.", system=quiet).response == ()
    assert spoken("The train was late again.").response
    assert spoken("Was the train late?", system=quiet).response
    assert spoken("I think Luna knows.", system=quiet).response


def test_plain_text_and_parts_are_understood_too() -> None:
    plain = {"messages": [{"role": "user", "content": "My name is Bob\n"}, {"role": "user", "content": "who am I?"}]}
    parts = {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url"}]}]}
    assert speak(read_prompt(plain)).response == ["Your name is Bob."]
    assert not read_prompt(plain).wants_json
    assert speak(read_prompt(parts)).response == ["Hello! Good to see you."]


@pytest.mark.parametrize("messages", [[], [None], [{"role": 5}], [{"role": "user", "content": {"a": 1}}], "text"])
def test_nonsense_still_gets_an_answer(messages: object) -> None:
    assert speak(read_prompt({"messages": messages})).response
