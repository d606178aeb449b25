import pytest

from maskarad.life.closings import Closing, closing_of


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("дякую!", Closing.THANKS),
        ("Дякую, Устиме!", Closing.THANKS),
        ("спасибо большое", Closing.THANKS),
        ("@ustym_bot дякую", Closing.THANKS),
        ("Thank you so much", Closing.THANKS),
        ("ок, дякую", Closing.THANKS),
        ("Ок.", Closing.AGREEMENT),
        ("понятно", Closing.AGREEMENT),
        ("okay great", Closing.AGREEMENT),
        ("ахахаха", Closing.LAUGHTER),
        ("Ха-ха!", Closing.LAUGHTER),
        ("пхахах", Closing.LAUGHTER),
        ("lol", Closing.LAUGHTER),
        ("👍", Closing.PICTURE),
        ("❤️", Closing.PICTURE),
        ("👍🏽 👍🏽", Closing.PICTURE),
    ],
)
def test_a_closing_is_told_by_its_words(text: str, closing: Closing) -> None:
    assert closing_of(text) is closing


@pytest.mark.parametrize(
    "text",
    [
        "",
        "дякую, а як дійти?",
        "дякую, тепер розкажи про гори",
        "добре, розкажи",
        "Розкажи казку",
        "ти",
        "дуже",
        "you",
        "дякую богу за дощ",
        "ааааа",
        "👎",
        "😭",
        "...",
        "?",
        "(:",
        "Спасибо за рыбу, расскажи, как ты её поймал",
        "дякую " * 100,
    ],
)
def test_everything_else_deserves_words(text: str) -> None:
    assert closing_of(text) is None
