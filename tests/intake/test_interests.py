"""What a persona likes to talk about, found in what people say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskarad.intake.interests import Interests
from maskarad.memory.analyzer import analyze
from maskarad.values import Character, PersonaDraft


def interests(likes: str = "", **more: str) -> Interests:
    description = more.pop("description", "")
    draft = PersonaDraft(name="Устим", description=description, language="uk", character=Character(likes=likes, **more))
    return Interests(draft, analyze)


@pytest.mark.parametrize(
    ("likes", "text", "word"),
    [
        ("чай, пісні біля вогню", "налий мені чаю", "чай"),
        ("чай, музика біля вогню", "Люблю гарну МУЗИКУ!", "музика"),
        ("кофе и старые фильмы", "посмотрели вчера фильм", "фильмы"),
        ("кіт", "де мого кота бачили?", "кіт"),
        ("hiking, old books", "I've just read a great book", "books"),
        ("шахи", "зіграємо в шахи?", "шахи"),
    ],
)
def test_its_own_words_are_found_in_other_forms(likes: str, text: str, word: str) -> None:
    assert interests(likes).mentioned_in(text) == {f"interest:{word}": 1.0}


@pytest.mark.parametrize("text", ["завтра дощ", "", "чайка над морем", "🙂🙂", "не знаю, що сказати про це"])
def test_other_words_are_not(text: str) -> None:
    assert interests("чай, музика, і все, що про це").mentioned_in(text) == {}


def test_what_it_likes_goes_before_what_belongs_to_its_life() -> None:
    known = interests("чай", description="Пасе овець на полонині.", goals="Знайти скарб.", biography="Виріс у Косові.")
    assert known.mentioned_in("вівці й полонина, косів, скарб") == {"interest:полонині": 0.5}
    assert known.mentioned_in("на полонині пили чай") == {"interest:чай": 1.0}


def test_one_word_of_its_life_is_in_half_of_what_people_say() -> None:
    known = interests("чай", goals="Щоб люди частіше дивилися на гори.")
    assert known.mentioned_in("Дивитесь сьогодні матч?") == {}
    assert known.mentioned_in("дивився я й дивився") == {}
    assert known.mentioned_in("дивитесь на гори?") == {"interest:дивилися": 0.5}


def test_a_topic_it_likes_is_known_without_its_words() -> None:
    known = interests("скрипка, далекі подорожі", biography="Служив у війську.")
    assert known.touched_by(analyze("сьогодні слухаю новий альбом")) == {"topic:music": 1.0}
    assert known.touched_by(analyze("ракети, дрони, обстріл")) == {}


def test_who_likes_nothing_is_touched_by_nothing() -> None:
    assert interests().mentioned_in("чай і музика") == {}
    assert interests().touched_by(analyze("чай і музика")) == {}


@given(likes=st.text(max_size=300), text=st.text(max_size=300))
def test_no_text_is_too_strange(likes: str, text: str) -> None:
    found = interests(likes).mentioned_in(text)
    assert all(name.startswith("interest:") and 0 < value <= 1 for name, value in found.items())
