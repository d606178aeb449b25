"""To whom a sentence is said: labelled ones that call the persona, speak of it, or call somebody else."""

from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskarad.intake.address import calls_another
from maskarad.intake.features import remark_of
from maskarad.intake.names import NameMatcher, Names, oblique
from tests.support.remarks import USTYM, said

QUICK = 0.05
"""Seconds of processor time: what takes a millisecond or two stays below it on a busy machine too."""

CALLED = """
Устим | устим ти де
Устим | що думаєш, Устиме
Устим | що думаєш Устиме
Устим | а устим знає?
Устим | Устим, розкажи щось
Устим | ну шо устим як ти
Устим | привіт Устиме
Устим | думаю, Устим вже спить
Устим | вчора Устим казав, що буде дощ
Устим | Устима дивує ця тиша
Устим | Ну й вечір. Устима не чути
Устим | що скажеш, Устима, друже
Устим | а без Устима хіба нудно?
Устим | чи є в Устима мед
Устим | спитайте в Устима про мед
Устим | скажи щось про Устима
Устим | ты слышал Устима
Устим | передай Устимові вітання
Устим | не віриш, Устиме, а дарма
Устим | я с тобой, Устим
Оля | ну й Олю принесло
Оля | дякую Оле
Оля | дай це олі, будь ласка
Саша | ладно Саш
Марко | я за Марку
Марк | з Марку
Том | де Том?
Ігор | добре Ігорю
Fox | that was close Fox
Fox | good night fox
Fox | Fox is asleep
Fox | What about Fox?
Fox | would you go with Fox
Fox | tell me about Fox
Анна | скучаю Анно
Мольфар Устим | питаю мольфара: Устиме, що далі
"""

SPOKEN_OF = """
Устим | Без Устима тут нудно
Устим | без устима тут скучно.
Устим | Я б Устима спитав, він на травах знається
Устим | Я бы Устима спросила
Устим | Вчора Устима довели питаннями
Устим | мені з Устимом весело
Устим | це Устимові сподобається
Устим | Чесно кажучи, без Устима тут нудно
Устим | люблю слухати Устима
Оля | сьогодні без Олі
Оля | нам з Олею добре
Анна | бачила Анну в парку
Даша | мы вчера с Дашей гуляли
Наталья | день с Натальей
Ігор | у нас Ігоря нема
Андрій | день без Андрія
Рыжий | вчера рыжего ругали
Fox | It is dull here without Fox
Fox | I like Fox's stories
Мольфар Устим | день без Мольфара Устима
"""

TO_ANOTHER = """
Женя, ти де?
женя, ти де
Тарас, where are you?
Тарас, подзвони мені
Оксано Петрівно, ви вдома?
Марина, глянь сюда
Bob, look at this
Anne-Marie, are you coming?
"""

TO_NOBODY = """
Люди, у кого є дриль на день?
Друзі, що подарувати мамі?
Слухайте, а де ключі?
Слушай, ты где?
До речі, хто йде?
Кстати, а что дальше?
Цікаво, а далі?
Интересно, а дальше?
Честно говоря, не знаю
Interesting, and then?
Well, where is it?
цибулю, моркву, і що ще?
Ну, ти даєш
ой, ти де?
Так, хто завтра йде?
і Женя, і Тарас прийдуть
Женя знову запізнюється
Як на мене, непогано
"""


def rows(text: str) -> list[tuple[str, str]]:
    return [(name, sentence) for name, sentence in (line.split(" | ") for line in text.strip().splitlines())]


@pytest.mark.parametrize(("name", "sentence"), rows(CALLED))
def test_it_is_called(name: str, sentence: str) -> None:
    assert Names(name).matches(sentence)
    assert Names(name).call(sentence)


@pytest.mark.parametrize(("name", "sentence"), rows(SPOKEN_OF))
def test_it_is_only_spoken_of(name: str, sentence: str) -> None:
    assert Names(name).matches(sentence)
    assert not Names(name).call(sentence)


@pytest.mark.parametrize("text", TO_ANOTHER.strip().splitlines())
def test_somebody_else_is_called(text: str) -> None:
    assert calls_another(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Mira", "Міро, привіт!"),
        ("Mira", "Міра, що ти любиш?"),
        ("Mira", "Мира, привет"),
        ("Mira", "мира, ты где?"),
        ("Mira", "МИРА, ПРИВЕТ"),
        ("Рада", "Rada, hello"),
        ("Рада", "rada, where are you?"),
    ],
)
def test_the_name_in_the_other_alphabet_is_not_somebody_elses(name: str, text: str) -> None:
    remark = remark_of(said(text), USTYM, Names(name))
    assert remark.called == "named"
    assert not remark.to_another


@pytest.mark.parametrize("text", TO_NOBODY.strip().splitlines())
def test_nobody_is_called(text: str) -> None:
    assert not calls_another(text)


@pytest.mark.parametrize("name", ["устим", "оля", "анна", "павло", "андрій", "ігор", "марія", "саша"])
def test_nobody_is_called_by_an_oblique_form_and_every_one_is_found(name: str) -> None:
    assert oblique(name)
    assert name not in oblique(name)
    assert all(NameMatcher(name).matches(f"це «{form}»") for form in oblique(name))


def test_the_vocatives_are_not_among_the_oblique_forms() -> None:
    vocatives = "устиме олю оле оль анно марку павле андрію ігорю маріє саш льве леве олеже"
    names = "устим оля анна марко павло андрій ігор марія саша лев олег"
    assert not set(vocatives.split()) & frozenset().union(*map(oblique, names.split()))


@pytest.mark.parametrize(
    "text",
    ["я, Устима " * 750, "!" * 8000 + " Устима", "без " + " " * 8000 + "Устима", "а" * 8000 + ", Устима", "а-" * 4000],
)
def test_no_text_takes_long(text: str) -> None:
    names = Names("Устим")
    start = thread_time()
    names.call(text)
    calls_another(text)
    assert thread_time() - start < QUICK


@given(name=st.text(max_size=30), text=st.text(max_size=200))
def test_no_name_or_text_is_too_strange(name: str, text: str) -> None:
    Names(name).call(text)
    calls_another(text)
