"""What people say they want of a persona, in three languages, and what only looks like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskarad.memory.preferences import (
    CHOICES,
    MOST_LETTERS,
    MOST_TOPICS,
    Stated,
    Wish,
    stated,
    with_topic,
    without_topic,
)


@pytest.mark.parametrize(
    ("text", "wish", "value"),
    [
        ("Устиме, називай мене Оленкою, будь ласка", Wish.ADDRESS, "Оленкою"),
        ("Зви мене просто Боб!", Wish.ADDRESS, "Боб"),
        ("мене звуть П’ятниця", Wish.ADDRESS, "П'ятниця"),
        ("зови меня Саша", Wish.ADDRESS, "Саша"),
        ("Называй меня «Ваше Величество»", Wish.ADDRESS, "Ваше Величество"),
        ("And please, from now on call me Sir", Wish.ADDRESS, "Sir"),
        ("@actor1_test_bot my name is Bob Smith", Wish.ADDRESS, "Bob Smith"),
        ("Відповідай мені українською", Wish.LANGUAGE, "uk"),
        ("пиши по-русски, пожалуйста", Wish.LANGUAGE, "ru"),
        ("отвечай на английском", Wish.LANGUAGE, "en"),
        ("please answer in English", Wish.LANGUAGE, "en"),
        ("switch to Ukrainian", Wish.LANGUAGE, "uk"),
        ("пиши коротше", Wish.LENGTH, "short"),
        ("можешь отвечать короче?", Wish.LENGTH, "short"),
        ("write a bit longer", Wish.LENGTH, "long"),
        ("пиши як зазвичай", Wish.LENGTH, "normal"),
        ("Без жартів!", Wish.HUMOUR, "none"),
        ("шути почаще", Wish.HUMOUR, "more"),
        ("fewer jokes", Wish.HUMOUR, "less"),
        ("не говори зі мною про роботу", Wish.LEAVE_ALONE, "роботу"),
        ("Давай не будем о политике", Wish.LEAVE_ALONE, "политике"),
        ("don’t mention my ex", Wish.LEAVE_ALONE, "my ex"),
        ("не реагуй на мої повідомлення", Wish.REACTIONS, "off"),
        ("stop reacting to me", Wish.REACTIONS, "off"),
        ("не пиши мені першим", Wish.SPONTANEITY, "off"),
        ("не пиши мне первой", Wish.SPONTANEITY, "off"),
        ("only write when I write", Wish.SPONTANEITY, "off"),
    ],
)
def test_a_wish_is_heard(text: str, wish: Wish, value: str) -> None:
    assert stated(text) == (Stated(wish=wish, value=value),)


@pytest.mark.parametrize(
    ("text", "wish", "value"),
    [
        ("не називай мене так", Wish.ADDRESS, "так"),
        ("you can talk about politics again", Wish.LEAVE_ALONE, "politics"),
        ("можеш знову говорити про політику", Wish.LEAVE_ALONE, "політику"),
        ("можешь снова шутить", Wish.HUMOUR, ""),
        ("you may react again", Wish.REACTIONS, ""),
        ("можеш писати мені першою", Wish.SPONTANEITY, ""),
    ],
)
def test_a_wish_is_taken_back(text: str, wish: Wish, value: str) -> None:
    assert stated(text) == (Stated(wish=wish, value=value, taken_back=True),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "привіт!",
        "он сказал зови меня Вася",
        "мого кота звати Мурчик",
        "Без шуток, он правда ушёл",
        "no jokes, I saw it",
        "Коротше, я пішов",
        "не говори про це",
        "don't talk about it",
        "my name is not important",
        "чому ти не говориш про роботу?",
        "call me when you are home and have eaten something",
        "в следующий раз пиши короче",
        f"call me {'B' * (MOST_LETTERS + 1)}",
    ],
)
def test_what_is_no_wish_is_not_taken_for_one(text: str) -> None:
    assert stated(text) == ()


def test_one_message_may_state_several() -> None:
    said = "Мене звати Олена. Пиши мені коротше, будь ласка, і не згадуй про роботу"
    assert [each.value for each in stated(said)] == ["Олена", "short", "роботу"]


def test_topics_are_bounded_and_known_in_other_endings() -> None:
    topics: list[str] = []
    for number in range(MOST_TOPICS + 3):
        topics = with_topic(topics, f"тема {number:03}x")
    assert len(topics) == MOST_TOPICS
    assert without_topic(["політику", "роботу"], "політики") == ["роботу"]
    assert with_topic(["музику", "роботу"], "музику") == ["роботу", "музику"]


@given(st.text(max_size=2_000))
def test_whatever_is_said_wishes_stay_within_bounds(text: str) -> None:
    for wish in stated(text):
        assert wish.taken_back or wish.value in CHOICES.get(wish.wish, (wish.value,))
        assert wish.taken_back or 0 < len(wish.value) <= MOST_LETTERS
