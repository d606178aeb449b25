"""What the owner of a bot sees of its decisions."""

import pytest

from maskarad.db import Connection, hearing, links
from maskarad.db.decisions import Decided
from maskarad.intake.attention import WEIGHTS
from maskarad.manager.screens.decisions import decisions_card
from maskarad.sandbox.markup_html import parse_html
from maskarad.settings import LANGUAGES
from maskarad.values import Decision, Verdict
from tests.manager.conftest import TEXTS, Platform, bind_bot, make_persona, on_both_databases
from tests.manager.stage import LONGEST_MESSAGE, Person, utf16_length
from tests.support.people import BOB, CHARLIE
from tests.support.remarks import USTYM
from tests.support.rows import GROUP, NOW, private, said

REASONS = (
    *("replied", "mentioned", "named", "always", "joins_in", "perhaps", "unconvinced", "between_others", "wordless"),
    *("considered_lately", "often_enough", "quiet_hours", "only_called", "never", "silent", "quiet_dial", "other_bot"),
    *("bots_talk", "flood", "spam", "old", "failed", "muted", "asleep", "enough"),
)


def shown(language: str, *decided: Decided) -> str:
    return parse_html(decisions_card(TEXTS.words(language), USTYM, decided, NOW).html)[0]


def why(language: str, decision: Decision) -> str:
    """The last line of what is told about one decision."""
    told = shown(language, Decided(chat_title="Tea", sender_name="Bob", sent_at=NOW - 300, decision=decision))
    return told.splitlines()[-1]


def weighed(**features: float) -> Decision:
    return Decision(verdict=Verdict.LISTEN, reason="unconvinced", score=0.1, threshold=0.65, features=features)


@on_both_databases
async def test_the_owner_of_the_bot_sees_its_groups_and_nobody_else_does(
    alice: Person, bob: Person, platform: Platform
) -> None:
    await make_persona(alice)
    await bind_bot(alice)

    def hear(connection: Connection) -> None:
        heard = Decision(verdict=Verdict.LISTEN, reason="never")
        for number, chat in ((1, GROUP), (2, private(BOB))):
            link = links.find_or_add(connection, 1, chat, now=NOW)
            message = said(-60 * number, by=CHARLIE, chat=chat)
            hearing.hear(connection, link.id, message, lambda _state: heard, due_at=NOW, now=NOW)

    await platform.database.write(hear)
    await alice.presses("Access")
    await alice.presses("Back")
    text = await alice.presses("Why it answers")
    assert text.split("\n\n")[1:] == [
        "🤫 Only listened · Charlie in “Kitchen”, 1 minute ago\nit never answers in groups"
    ]
    assert "@mira_bot" in await alice.presses("Back")
    await bob.says("/start")
    await bob.presses_data("1:bd:1")
    assert bob.notice == "That is not there any more."


async def test_where_nothing_was_decided_it_says_so(alice: Person) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    await alice.presses("Access")
    await alice.presses("Back")
    assert "nothing to decide" in await alice.presses("Why it answers")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_its_words(language: str, reason: str) -> None:
    assert why(language, Decision(verdict=Verdict.LISTEN, reason=reason)) == TEXTS.get(
        language, f"decisions.reason.{reason}"
    )


def test_no_reason_is_without_a_test() -> None:
    told = {key.rpartition(".")[2] for key in TEXTS.keys("en") if key.startswith("decisions.reason.")}
    assert told == set(REASONS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("feature", WEIGHTS)
def test_every_feature_has_its_words(language: str, feature: str) -> None:
    name = {"interest": "interest:tea", "topic": "topic:music"}.get(feature, feature)
    bare = why(language, weighed())
    told = {why(language, weighed(**{name: value})) for value in (1.0, -1.0)}
    assert all(line.startswith(f"{bare}; ") for line in told)
    assert len(told) == 1 + (feature in ("question", "mood", "liking", "share"))


def test_what_weighed_most_comes_first_and_trifles_are_left_out() -> None:
    decision = weighed(share=2 / 3, question=1.0, liking=0.1, long_silence=1.0, **{"topic:music": 1.0, "mood": 0.5})
    assert why("en", decision) == (
        "nothing called for a reply; it was a question to everybody; it has said 6 of the last 20; "
        "the topic is one it likes: music"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_ten_of_the_longest_fit_into_a_message(language: str) -> None:
    decision = weighed(chain=1.0, just_spoke=1.0, **{"interest:" + "w" * 500: 1.0})
    longest = Decided(chat_title="😀" * 255, sender_name="<" * 129, sent_at=NOW - 300, decision=decision)
    assert utf16_length(shown(language, *[longest] * 10)) <= LONGEST_MESSAGE
