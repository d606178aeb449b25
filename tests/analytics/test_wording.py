"""The catalogue has a word for all that the figures can show."""

import pytest

from maskarad.analytics import pictures
from maskarad.analytics.figures import Glance, zone_of
from maskarad.analytics.wording import EMOTIONS, TOPICS, chat_in_words, date, isolated, labels
from maskarad.memory.lexicon import load
from maskarad.memory.stats import ChatStats, TopPerson
from maskarad.sandbox.markup_html import parse_html
from maskarad.settings import LANGUAGES
from maskarad.values import ChatType
from tests.analytics.days import TEXTS
from tests.support.rows import NOW

KYIV = zone_of("Europe/Kyiv")


def test_every_topic_and_emotion_of_the_analyser_has_a_name_and_a_colour() -> None:
    assert set(TOPICS) == load("topics").keys()
    assert set(EMOTIONS) == pictures.EMOTIONS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_weeks_and_years_are_whole(language: str) -> None:
    said = labels(TEXTS.words(language), title="", subtitle=(), bars="")
    assert (len(said.weekdays), len(said.months), len(said.months_alone)) == (7, 12, 12)


@pytest.mark.parametrize(("language", "told"), [("uk", "15 січ 2027"), ("ru", "15 янв 2027"), ("en", "15 Jan 2027")])
def test_a_date_is_that_of_the_chats_clock(language: str, told: str) -> None:
    assert date(TEXTS.words(language), NOW, KYIV) == told


@pytest.mark.parametrize(
    ("valence", "told"), [(0.9, "splendid"), (0.2, "good"), (0.0, "even"), (-0.2, "so-so"), (-0.9, "bad"), (None, "")]
)
def test_the_mood_is_told_in_a_word(valence: float | None, told: str) -> None:
    stats = ChatStats(
        title="Kitchen",
        chat_type=ChatType.GROUP,
        messages=1,
        own_messages=0,
        people=1,
        first_message_at=NOW,
        last_message_at=NOW,
        top_people=(),
    )
    glance = Glance(peak=None, valence=valence, topics=("nobody_knows",))
    html = chat_in_words(TEXTS.words("en"), "Kitchen", stats, glance, KYIV)
    assert (f"Mood of the last 30 days: {told}" in html) == (valence is not None)
    assert "about" not in html


def test_names_neither_become_markup_nor_turn_the_line_round() -> None:
    name = "<b>\u202e" + "x" * 100
    stats = ChatStats(
        title=name,
        chat_type=ChatType.GROUP,
        messages=1_234,
        own_messages=0,
        people=1,
        first_message_at=NOW,
        last_message_at=NOW,
        top_people=(TopPerson(user_id=1, name=name, messages=1_234),),
    )
    html = chat_in_words(TEXTS.words("en"), name, stats, Glance(peak=None, valence=None, topics=()), KYIV)
    plain, _ = parse_html(html)
    assert plain.splitlines()[0] == "📊 \u2068" + name[:39] + "…\u2069"
    assert plain.splitlines()[-1] == f"1. {isolated(name)} – 1\u202f234"
