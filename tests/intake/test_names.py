"""Labelled sentences: which of them call the persona, in Ukrainian, Russian, English and other names."""

from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskarad.intake.names import NameMatcher, Names
from maskarad.intake.transliteration import FEWEST_LETTERS, MOST_LATIN, in_other_alphabet

CALLED = """
uk | Оля | Оля, привіт!
uk | Оля | а що думає оля?
uk | Оля | Олю, ти де?
uk | Оля | не бачив Олі сьогодні
uk | Оля | подзвони Олі
uk | Оля | ходімо з Олею
uk | Оля | Оле, йди сюди
uk | Оля | ОЛЯ!!!
uk | Оля | «Оля» — гарне ім'я
uk | Оля | привіт,Оля
uk | Настя | Настю, розкажи
uk | Настя | запитай у Насті
uk | Настя | з Настею весело
uk | Аня | Аню, прокидайся
uk | Аня | дай це Ані, будь ласка
uk | Анна | Анно, ви тут?
uk | Анна | спитай Анну
uk | Анна | з Анною
uk | Ольга | Ольго, добрий день
uk | Ольга | передай Ользі
uk | Ольга | бачив Ольгу
uk | Марія | Маріє!
uk | Марія | лист для Марії
uk | Марія | разом з Марією
uk | Зоя | із Зоєю
uk | Зоя | Зої подобається
uk | Ілля | Ілле, що скажеш?
uk | Ілля | немає Іллі
uk | Даша | Дашо, ау
uk | Даша | з Дашею
uk | Марко | Марку, привіт
uk | Марко | це вже не для Марка
uk | Марко | дай Маркові
uk | Марко | разом з Марком
uk | Дмитро | Дмитре, глянь
uk | Дмитро | скажи Дмитру
uk | Павло | Павле!
uk | Павло | з Павлом
uk | Тарас | Тарасе, ти живий?
uk | Тарас | немає Тараса
uk | Тарас | тарасові скажи
uk | Олександр | Олександре, прошу
uk | Олександр | для Олександра
uk | Олександр | з Олександром
uk | Ігор | Ігорю, слухай
uk | Ігор | без Ігоря
uk | Ігор | з Ігорем
uk | Андрій | Андрію, агов
uk | Андрій | бачив Андрія
uk | Андрій | Андрієві смішно
uk | Андрій | з Андрієм
uk | Олег | Олеже, як ти?
uk | Олег | Олегу, привіт
uk | Марк | бачив Марка в кіно
uk | Марк | Марку, як справи?
uk | Роман | Романе, йди сюди
uk | Роман | з Романом
uk | Лев | Леве, привіт
uk | Лев | у Лева сьогодні свято
uk | Януш | з Янушем
uk | Кіт | дай коту молока
uk | Кіт | Коте, ти тут?
uk | Ведмідь | Ведмедю, ходи до нас
uk | Ведмідь | боюся ведмедя
uk | Антін | немає Антона
uk | Лис Микита | Лисе Микито, розкажи казку
uk | Лис Микита | а де лис?
uk | Лис Микита | питаю в Лиса
uk | Пан Коцький | Коцький, ти спиш?
uk | Пан Коцький | бачили пана Коцького
uk | Мар'яна | Марʼяно, привіт
uk | Мар'яна | МАР’ЯНА!
uk | Мар’яна | з Мар'яною
uk | Анна-Марія | запитай Анну-Марію
ru | Оля | Оль, ты тут?
ru | Оля | спроси у Оли
ru | Оля | скажи Оле
ru | Оля | поговори с Олей
ru | Настя | Насть, расскажи
ru | Настя | видел Настю
ru | Настя | без Насти
ru | Аня | Аней все довольны
ru | Анна | нет Анны
ru | Анна | с Анной
ru | Анна | Анне
ru | Саша | Саш, привет
ru | Саша | с Сашей
ru | Саша | без Саши
ru | Мария | письмо Марии
ru | Мария | с Марией
ru | Мария | люблю Марию
ru | Наталья | Натальи нет
ru | Наталья | с Натальей
ru | Никита | Никиты нет дома
ru | Никита | с Никитой
ru | Илья | Илье скажи
ru | Илья | нет Ильи
ru | Тарас | с Тарасом
ru | Тарас | о Тарасе
ru | Сергей | Сергея не видно
ru | Сергей | с Сергеем
ru | Сергей | о Сергее
ru | Юрий | спроси Юрия
ru | Юрий | об Юрии
ru | Дмитрий | с Дмитрием
ru | Игорь | Игоря нет
ru | Игорь | с Игорем
ru | Игорь | Игорю
ru | Любовь | Любовью все гордятся
ru | Павел | Павла нет
ru | Павел | с Павлом
ru | Лев | у Льва выходной
ru | Лев | со Львом
ru | Пётр | Петр, ты где?
ru | Пётр | с Петром
ru | Петр | Пётр!
ru | Алёна | Алена, привет
ru | Алёна | с Аленой
ru | Марк | я знаю Марка давно
ru | Роман | Роман, ответь
ru | Роман | от Романа
ru | Рыжий | рыжего не видели?
ru | Рыжий | с Рыжим
ru | Мудрая Сова | Мудрую Сову спросите
ru | Мудрая Сова | мудрая, скажи
ru | Доктор Хаус | а Хаус что думает?
ru | Доктор Хаус | с Хаусом
ru | Вера | ВЕРА
ru | Вера | с Верой
ru | Кирилл | Кириллу привет
ru | Максим | Максиму
en | Fox | Fox, are you there?
en | Fox | that is the fox's tail
en | Fox | that is Fox’s tail
en | Alice | hey ALICE!
en | Captain Jack Sparrow | where is Jack?
en | Al Pacino | so al pacino says
en | O'Neil | o’neil?
en | R2-D2 | r2-d2, beep
en | Agent 47 | call agent
en | 007 | is 007 here
en | José | josé, hola
en | José | jose\u0301!
en | Ümit | ümit
xx | 🦊 | привіт 🦊!
xx | ❤️ | you ❤ me
xx | ★ Оля ★ | Олю, ти де?
xx | سارة | مرحبا سارة!
xx | דנה | שלום דנה
xx | 小狐 | 小狐你好
xx | さくら | さくらちゃん、元気？
"""

NOT_CALLED = """
uk | Оля | воля народу
uk | Оля | Олянка прийшла
uk | Оля | доля така
uk | Оля | олівець на столі
uk | Оля | Ольга прийшла
uk | Оля | соняшникова олія
uk | Аня | Анна вже тут
uk | Анна | Аня вже тут
uk | Аня | ані пари з вуст
uk | Аня | не бачив ані його, ані її
uk | Аня | Ані слова не скажу
uk | Аня | Таня прийшла
uk | Марко | купив марку
uk | Марк | поштова марка
uk | Марк | яка це марка авто
uk | Марк | маркетинг
uk | Марк | Маркіян прийшов
uk | Роман | романтика
uk | Роман | романський стиль
uk | Лев | левада
uk | Лев | лівий берег
uk | Лев | зустріч у Львові
uk | Том | тому що
uk | Том | ось тому й не прийшов
uk | Том | Тому не прийшов
uk | Тарас | Тарасівка
uk | Тарас | тарасик
uk | Настя | настоянка
uk | Настя | ненастя
uk | Ліза | він лізе на дерево
uk | Поля | ходили в поле
uk | Люба | роби що любо
uk | Кіт | котлета
uk | Кіт | кіткат
uk | Ігор | ігорний дім
uk | Ігор | у цій грі
uk | Андрій | андрійчук
uk | Дмитро | Дмитрівка
uk | Марія | марінад
uk | Марія | аварія
uk | Лис Микита | лисиця
uk | Лис Микита | лисий
uk | Пан Коцький | пан директор прийшов
uk | Мар'яна | мар яна
uk | Мар'яна | Яна
uk | Дем | дем'ян
uk | Яна | Мар'яна прийшла
uk | Зоя | зоряне небо
uk | Павло | павлін
uk | Олег | Олегівна
uk | Я | я прийшов
uk | Анна-Марія | Анна прийшла
uk | Софія | філософія
uk | Рома | аромат
uk | Рома | ромашка
uk | Ілля | зілля
uk | Ірма | фірма
uk | Мія | вміє
uk | Ліна | глина
ru | Оля | доля
ru | Оля | Коля пришёл
ru | Оля | оливки
ru | Оля | больно
ru | Марк | почтовая марка
ru | Марк | марки и открытки
ru | Роман | романтика
ru | Роман | романс
ru | Лев | левый берег
ru | Лев | слева
ru | Лев | хлев
ru | Лев | Левитан
ru | Петя | петь я не умею
ru | Костя | рыбья кость
ru | Даня | дань уважения
ru | Рада | я так рад
ru | Рада | ради всего
ru | Света | светлый день
ru | Света | мешает свету
ru | Лена | делать лень
ru | Лена | от лени
ru | Мила | это мило
ru | Вера | верить
ru | Вера | мера
ru | Вера | в меру
ru | Валя | вали отсюда
ru | Женя | не жени их
ru | Варя | вари кашу
ru | Саша | сашими
ru | Саша | Сашенька
ru | Даша | дашь мне?
ru | Маша | машина
ru | Маша | машет рукой
ru | Никита | никитский бульвар
ru | Илья | крылья
ru | Илья | Ильин
ru | Сергей | сергеевич
ru | Сергей | серги
ru | Юрий | юрист
ru | Игорь | игра
ru | Любовь | любопытно
ru | Павел | павлин
ru | Пётр | петрушка
ru | Алёна | оленя
ru | Кирилл | кириллица
ru | Максим | максимум
ru | Максим | максимально
ru | Рыжий | рыжик
ru | Мудрая Сова | мудрости
ru | Доктор Хаус | доктор пришёл
ru | Аня | баня
ru | Аня | няня
ru | Анна | ванна
ru | Анна | Аннушка
ru | Ян | январь
ru | Ян | яна́вский
ru | Инна | длинна
ru | Нина | Антонина
ru | Катя | катать
ru | Соня | сонный
ru | Ваня | диван
ru | Юля | июля
ru | Надя | надо
ru | Ира | мира
ru | Рома | хрома
en | Fox | foxes and firefox
en | Fox | outfoxed
en | Alice | malice
en | Mark | market, remark, marked
en | Ann | Anna and Annie
en | Ann | can't
en | The Wizard | the weather is fine
en | Captain Jack Sparrow | captain!
en | Al Pacino | al dente
en | R2-D2 | r2
en | 007 | 10072
en | Art | start party
en | Dan | d'accord, dance
xx | 🦊 | 🐺
xx | سارة | سيارة
xx | 小狐 | 狐小
"""


def table(text: str) -> list[tuple[str, str]]:
    rows = [line.split(" | ", 2) for line in text.strip("\n").splitlines()]
    return [(name, sentence) for _, name, sentence in rows]


@pytest.mark.parametrize(("name", "sentence"), table(CALLED))
def test_called(name: str, sentence: str) -> None:
    assert NameMatcher(name).matches(sentence)


@pytest.mark.parametrize(("name", "sentence"), table(NOT_CALLED))
def test_not_called(name: str, sentence: str) -> None:
    assert not NameMatcher(name).matches(sentence)


@pytest.mark.parametrize("language", ["uk", "ru"])
def test_the_tables_are_large(language: str) -> None:
    assert all(sum(line.startswith(language) for line in text.splitlines()) >= 55 for text in (CALLED, NOT_CALLED))


@pytest.mark.parametrize("name", ["", " ", "\n", "\u200f", "...", "(((", "[a-z]+", "\\", "😀" * 50, "а" * 5000])
def test_any_name_will_do(name: str) -> None:
    NameMatcher(name).matches(f"слово {name} слово")


def test_empty_name_calls_nobody() -> None:
    assert not NameMatcher(" ").matches("слово")


@given(name=st.text(max_size=30), text=st.text(max_size=200))
def test_never_fails(name: str, text: str) -> None:
    NameMatcher(name).matches(text)


@given(
    name=st.text(alphabet="абвгґеєжзиіїйклмнопрстуфхцчшщьюяёыэ", min_size=3, max_size=12),
    before=st.sampled_from(["", "привіт, ", "«", "\n", "- "]),
    after=st.sampled_from(["", "!", ", ти тут?", "»", "\n"]),
)
def test_the_name_itself_is_always_found(name: str, before: str, after: str) -> None:
    assert NameMatcher(name).matches(before + name.upper() + after)


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("Устиме, ти де?", True),
        ("мольфаре, поворожи", True),
        ("спитай у Мольфара Устима", True),
        ("усталене правило", False),
        ("добрий вечір усім", False),
    ],
)
def test_each_capitalised_word_of_a_longer_name_calls_it(text: str, called: bool) -> None:
    assert Names("Мольфар Устим").matches(text) is called


def test_small_words_of_a_name_do_not_call_it() -> None:
    assert not Names("Кіт у чоботях").matches("чоботях немає")


IN_THE_OTHER_ALPHABET = """
Mira | Міро, привіт!
Mira | Міра, що ти любиш?
Mira | Мира, привет
Mira | спитай Міру
Mira | мира, что ты любишь?
Luna | луна, ти тут?
Mira | міра, ти тут?
Max | макс, привіт
Max | Максе, ти де?
Max | подзвони Максові
Oksana | Оксано!
Oksana | с Оксаной весело
Alice | Алісо, розкажи
Alice | Алиса, привет
Jack | де Джек?
Ustym | спитай в Устима
Mia | мія, привіт
Maria | Маріє, ви тут?
Maria | с Марией
Olya | олю, ти де
Olha | передай Ользі
Julia | Юлю, агов
Julia | Джулия, ты где
Dmytro | Дмитре, глянь
Dmitry | спроси Дмитрия
Oleh | Олеже, як ти?
Sarah | привіт, Саро
Emma | Эмма, привет
Elena | Елена, привет
Yaroslav | з Ярославом
Captain Jack Sparrow | а Джек знає?
Molfar Ustym | Устиме, ти де?
Anna-Maria | запитай Анну-Марію
Sam | Сам, ти де?
Sam | привіт Сам
Рада | Rada, hello
Рада | hello rada
Оксана | oksana, hi
Оксана | Oxana?
Устим | Ustym, hi
Устим | ustim's songs
Юля | yulia, hi
Юля | Yulya!
Юля | hey Julia
Алёна | Alyona, hi
Алёна | alena, hi
Мар'яна | Maryana, hello
Мар’яна | mariana?
Дмитрий | hi Dmitry
Олександр | Oleksandr, hi
Анна-Мария | anna-mariya, hi
Доктор Хаус | where is Khaus
Мольфар Устим | Ustym?
Дід | Did, are you there?
Ян | Jan, hello
"""

NOT_IN_THE_OTHER_ALPHABET = """
Mira | мир у всьому світі
Mira | ради мира во всём мире
Mira | певною мірою так
Tim | тим, хто прийшов, дали чаю
Luna | полетіли на луну
Rada | я так рада тебе бачити
Sam | він сам прийшов
Tim | тим часом
Tom | ось тому й не прийшов
Kit | дай коту молока
Al | ал чи ні
Max | максимально просто
Oksana | Роксана прийшла
Дід | did you see it
Лі | li is not a word
Рада | radar and parade
Оля | polyana
Том | tomorrow
小狐 | xiao hu
007 | сім
"""


def pairs(text: str) -> list[tuple[str, str]]:
    return [(name, sentence) for name, sentence in (line.split(" | ") for line in text.strip().splitlines())]


@pytest.mark.parametrize(("name", "sentence"), pairs(IN_THE_OTHER_ALPHABET))
def test_a_name_is_heard_in_the_other_alphabet_too(name: str, sentence: str) -> None:
    assert Names(name).matches(sentence)


@pytest.mark.parametrize(("name", "sentence"), pairs(NOT_IN_THE_OTHER_ALPHABET))
def test_words_spelt_like_a_name_of_the_other_alphabet_do_not_call(name: str, sentence: str) -> None:
    assert not Names(name).matches(sentence)


@pytest.mark.parametrize(("name", "sentence"), [("Oksana", "вчора без Оксани було нудно"), ("Устим", "I like Ustym")])
def test_in_the_other_alphabet_too_one_is_merely_spoken_of(name: str, sentence: str) -> None:
    assert Names(name).matches(sentence)
    assert not Names(name).call(sentence)


@given(word=st.text(alphabet="abcdehijlouyx'абвєїйьюяё'", min_size=1, max_size=64))
def test_a_word_has_few_spellings_and_none_is_short(word: str) -> None:
    spellings = in_other_alphabet(word)
    assert len(spellings) <= 2 * MOST_LATIN
    assert all(len(spelling) >= FEWEST_LETTERS for spelling in spellings)


HOSTILE_NAMES = [
    "Ганна-Ганна-Ганна-Ганна",
    "-".join(["Ганна"] * 10),
    "-".join(["Ба"] * 21),
    "-".join("а" * 32),
    "-" * 64,
    " ".join(["Ганна"] * 10),
    " ".join(["Ба"] * 21),
    " ".join(["Кіт-Лев"] * 8),
    " ".join(["Ва-Ра"] * 10),
    "Любов" * 12,
    "ёї’-" * 16,
    "Julia-Julia-Julia-Julia",
    " ".join(["Julia"] * 10),
    " ".join(["Jul-Ia"] * 9),
    "Jaja" * 16,
    "Юяй" * 21,
    " ".join(["Юлія"] * 12),
    "あ " * 32,
]
QUICK = 0.05
"""Seconds of processor time: what takes a few milliseconds stays below it on a busy machine too."""


def hostile_texts(name: str) -> list[str]:
    """8,192 characters each that begin like the name again and again, or are costly to normalise."""
    beginnings = [name, name[:-1], name.split("-")[0] + "-", name.split()[0] + " " * 99 if name.split() else " "]
    texts = [beginning * 8192 for beginning in beginnings]
    first = name.lower().split(" ")[0].split("-")[0]
    texts += [f"{spelling} {spelling}x " * 8192 for spelling in in_other_alphabet(first)]
    texts += [name + " " * 8192, name + "\u0301" * 4096 + "\u0316" * 4096, name + "e\u0301\u0316" * 4096]
    return [text[:8192] for text in texts]


def time_taken(name: str, texts: list[str]) -> float:
    """Seconds for the slowest of: building what hears the name, and hearing each text."""
    start = thread_time()
    names = Names(name)
    slowest = thread_time() - start
    for text in texts:
        start = thread_time()
        names.matches(text)
        slowest = max(slowest, thread_time() - start)
    return slowest


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_no_name_takes_long_to_read_or_to_hear(name: str) -> None:
    assert len(name) <= 64
    assert time_taken(name, hostile_texts(name)) < QUICK


@settings(deadline=None)
@given(
    name=st.text(alphabet="АБКЛЯабвекйлорцюяьі- ", min_size=1, max_size=64),
    text=st.text(alphabet="абвекйлорцюяьі- ", max_size=64),
)
def test_no_name_of_cyrillic_letters_hyphens_and_spaces_takes_long(name: str, text: str) -> None:
    assert time_taken(name, [(text * 8192)[:8192], *hostile_texts(name)[:2]]) < QUICK


def test_each_part_of_a_hyphenated_name_is_inflected_by_itself() -> None:
    names = Names("Марія-Анна-Софія")
    assert names.matches("лист для Марії-Анни-Софії")
    assert names.matches("Маріє-Анно-Софія, ти тут?")
    assert not names.matches("Марії-Анни")


def test_a_name_of_very_many_parts_is_known_as_it_is_written() -> None:
    name = "-".join(["Ганна"] * 9)
    assert Names(name).matches(f"де {name.upper()}?")
    assert Names("Кіт " + " ".join(["Лев"] * 15)).matches("у Лева свято")
