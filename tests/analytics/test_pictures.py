"""Pictures as they come out; how they look was looked at (docs/pictures/analytics.png)."""

import warnings
from io import BytesIO

import pytest
from PIL import Image

from maskarad.analytics.card import GROUND, WIDTH, Card
from maskarad.analytics.order import Bar, Order
from maskarad.analytics.pictures import draw
from maskarad.settings import LANGUAGES
from tests.analytics.days import TODAY, days, order

HARD_NAMES = (
    "Дмитро Заболотний-Коваленко (до понеділка не турбувати)",
    "محمد عبد الله بن عبد العزيز",
    "🔥🔥🔥",
    "王小明",
    "Bob $x_1$ \\frac{1}{0}",
    "\u202eevil",
    "Z" + "\u0337" * 90,
    "",
)


def opened(picture: bytes) -> Image.Image:
    with Image.open(BytesIO(picture)) as image:
        image.load()
        return image.convert("RGBA")


def drawn(wanted: Order) -> Image.Image:
    """A missing glyph is a warning of matplotlib's, and a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return opened(draw(wanted))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("length", [0, 1, 14, 365, 5 * 365])
def test_every_length_of_time_becomes_a_picture_as_high_as_a_phone(language: str, length: int) -> None:
    bars = (Bar(label="Оксана", value=120), Bar(label="Mira", value=30, own=True))
    picture = drawn(order(days(TODAY - length + 1, TODAY), bars if length else (), language=language))
    assert picture.width == WIDTH
    assert picture.height < 2 * WIDTH
    assert picture.getchannel("A").getextrema() == (255, 255)


def test_people_may_be_called_anything() -> None:
    bars = tuple(Bar(label=name, value=100 - number) for number, name in enumerate(HARD_NAMES * 3))
    picture = drawn(order(days(TODAY - 30, TODAY), bars, title=" ".join(HARD_NAMES)))
    assert picture.width == WIDTH


def test_nothing_is_drawn_over_the_edges_of_the_card() -> None:
    bars = tuple(Bar(label="W" * 200, value=10**15) for _ in range(7))
    picture = drawn(order(days(TODAY - 30, TODAY), bars, title="W" * 200, zone="A/" + "W" * 200))
    ground = (*(int(GROUND[at : at + 2], 16) for at in (1, 3, 5)), 255)
    for box in ((0, 0, 20, picture.height), (WIDTH - 20, 0, WIDTH, picture.height)):
        assert picture.crop(box).getcolors() == [(20 * picture.height, ground)]


def test_words_are_cut_where_the_room_ends() -> None:
    card = Card(100)
    cut = card.fitted("W" * 100, 27, 300)
    assert cut.endswith("…")
    assert 270 < card.width_of(cut, 27) <= 300
    assert card.fitted("short", 27, 300) == "short"
