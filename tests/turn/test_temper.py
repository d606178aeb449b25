"""What of a turn's lines moves the mood, and how the prompt tells it."""

import pytest

from maskarad.life.mood import MoodNow
from maskarad.memory.analyzer import analyze
from maskarad.turn.temper import MOST_LINES, Temper, after_hearing, temper_lines
from maskarad.values import READY_MOODS, Chat, ChatType, Claim, ClaimedLink, HistoryLine, MoodState

NOW = 1_800_000_000.0
GROUP = Chat(id=-1, type=ChatType.GROUP, title="Kitchen")
PRIVATE = Chat(id=1, type=ChatType.PRIVATE)
INSULT, PRAISE = "You are stupid, shut up!", "I love you, you are wonderful"
MOODS = {"joy": ("Joy", "You laugh."), "neutral": ("Calm", "You are even.")}


def line(text: str, *, unread: bool = True, addressed: bool = False, by: int = 5) -> HistoryLine:
    return HistoryLine(
        message_order=1,
        sender_id=by,
        sender_name="Bob",
        from_persona=False,
        text=text,
        sent_at=NOW,
        unread=unread,
        addressed=addressed,
    )


def after(*lines: HistoryLine, chat: Chat = GROUP, treatment: dict[int, float] | None = None) -> MoodState:
    link = ClaimedLink(
        claim=Claim(link_id=1, token="t"), bot_id=1, chat=chat, asked=1, parts=0, failures=0, history=lines
    )
    return after_hearing(link, analyze, treatment=treatment or {}, choices=READY_MOODS, now=NOW, half_life=1800.0)


def test_in_a_group_only_what_is_said_to_the_persona_moves_it() -> None:
    assert after(line(INSULT), line(PRAISE, addressed=True)).key == "joy"
    assert after(line(INSULT)).key == "neutral"


def test_in_private_all_that_is_new_does_and_what_was_answered_does_not() -> None:
    assert after(line(PRAISE), chat=PRIVATE).key == "joy"
    assert after(line(PRAISE, unread=False), chat=PRIVATE).key == "neutral"


def test_treatment_is_that_of_whoever_speaks() -> None:
    said = line(PRAISE, by=5)
    dear, stranger = (after(said, chat=PRIVATE, treatment={who: 1.0}) for who in (5, 6))
    assert dear.strength > stranger.strength


def test_a_flood_of_lines_is_not_analysed_whole() -> None:
    flood = [line(INSULT)] * 30 + [line("поїзд о сьомій")] * MOST_LINES
    assert after(*flood, chat=PRIVATE).key == "neutral"


@pytest.mark.parametrize(("strength", "degree"), [(0.2, "slightly"), (0.5, "quite"), (0.9, "very")])
def test_the_prompt_says_how_strong_a_mood_is(strength: float, degree: str) -> None:
    (told,) = temper_lines(Temper(mood=MoodNow(key="joy", strength=strength)), MOODS)
    assert told.startswith("Your mood now: Joy, ")
    assert degree in told
    assert "You laugh." in told


def test_calm_has_no_degree_and_a_mood_that_was_deleted_no_words() -> None:
    assert list(temper_lines(Temper(), MOODS)) == ["Your mood now: Calm. You are even."]
    assert list(temper_lines(Temper(mood=MoodNow(key="gone", strength=0.9)), MOODS)) == []


@pytest.mark.parametrize(("liking", "word"), [(-0.5, "disliked"), (0.5, "liked what"), (-0.1, ""), (0.1, "")])
def test_the_prompt_says_how_people_took_what_it_said(liking: float, word: str) -> None:
    told = " ".join(temper_lines(Temper(liking=liking), {}))
    assert word in told
    assert bool(told) is bool(word)
