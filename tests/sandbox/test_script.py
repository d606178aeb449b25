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


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        (("Hello Mira, my name is Ada. How are you?",), ["Nice to meet you, Ada!", "My mood: радість. And you?"]),
        (("Hi, my name is Ada, how are you?",), ["Nice to meet you, Ada!", "My mood: радість. And you?"]),
        (("Hi, my name is Ada. How are you?", "Mira, what is my name?"), ["Your name is Ada."]),
        (("My name is Ada\nWhat is my name?",), ["Your name is Ada."]),
        (("I like it. Is my dog called Rex?", "What is my dog called?"), ["I don't know. You have not told me yet."]),
        (("My name is Ada. Was it late?",), ["Nice to meet you, Ada!", "Let me think… I would say yes."]),
        (("Мене звати Олена, а як справи?",), ["Приємно познайомитися, Олена!", "Мій настрій: радість. А в тебе?"]),
        (("Do you think my cat is clever?", "what is my cat?"), ["I don't know. You have not told me yet."]),
        (("My cat is called Biscuit.",), ["I will remember: your cat is called Biscuit."]),
        (("My best dish is dark soup.",), ["I will remember: your best dish — dark soup."]),
        (("Мого кота звати Мурчик!",), ["Запам'ятаю: твого кота звати Мурчик."]),
        (("Моего кота зовут Барсик!",), ["Запомню: твоего кота зовут Барсик."]),
    ],
)  # fmt: skip
def test_what_is_told_beside_a_question_is_kept_and_both_get_a_word(lines: tuple[str, ...], answers: list[str]) -> None:
    assert list(spoken(*lines).response) == answers


@pytest.mark.parametrize(
    ("lines", "own", "answer"),
    [
        (("питання 5?",), "Ukrainian", "Мабуть, так."),
        (("Are you there?", "питання 5?"), "Ukrainian", "Мабуть, так."),
        (("Ты где был?", "питання 5?"), "Russian", "Пожалуй, да."),
        (("питання 5?",), "English", "I would say yes."),
        (("5",), "Ukrainian", "Я слухаю."),
        (("I see", "5"), "Ukrainian", "I am listening."),
        (("Are you there?",), "Ukrainian", "I believe the answer is simpler than it looks."),
    ],
)
def test_where_it_is_unclear_the_persona_s_language_is_spoken(lines: tuple[str, ...], own: str, answer: str) -> None:
    rule = f" Answer in the language in which you are spoken to; when it is unclear, in {own}."
    assert spoken(*lines, system=SYSTEM + rule).response[0].endswith(answer)


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
