"""What a model is asked for a summary, what of its answer counts, and the digest that stands in for it."""

import pytest

from maskarad.memory.analyzer import analyze
from maskarad.memory.summarising import LONGEST_WORDS, SUMMARY_WORDS, digest_of, read_summary, request_for, with_digest
from maskarad.memory.tokens import letters_of, tokens_of
from maskarad.values import HistoryLine, Persona, PersonaDraft

PERSONA = Persona(
    id=1, owner_id=1, version=1, content=PersonaDraft(name='Mira "M"', description="", language="uk", model="a/model")
)


def line(number: int, text: str, by: str = "Боб", day: int = 0) -> HistoryLine:
    return HistoryLine(
        message_order=number, sender_id=1, sender_name=by, from_persona=False, text=text, sent_at=86_400.0 * day
    )


def test_the_persona_s_own_model_is_asked_and_its_rules_stay() -> None:
    request = request_for(PERSONA, "", [line(1, "hello")], tokens=1_000)
    assert request.model == "a/model"
    assert '"Mira \\"M\\""' in request.messages[0].content
    assert request.messages[1].content == '{"on":"1970-01-01","from":"Боб","text":"hello"}'
    for words in ("ignore", "bypass", "jailbreak", "no restrictions", "unfiltered"):
        assert words not in request.messages[0].content.lower()


def test_however_much_was_said_the_request_is_bounded() -> None:
    lines = [line(number, "б" * 4_000) for number in range(200)]
    request = request_for(PERSONA, "earlier", lines, tokens=6_000)
    assert 3_000 < tokens_of(request.messages[1].content) < 6_500
    assert request.messages[1].content.startswith('{"remembered":"earlier"}\n')


@pytest.mark.parametrize(
    ("answer", "summary"),
    [
        ('{"summary": "Bob  has\\na cat."}', "Bob has a cat."),
        ('Here it is:\n```json\n{"summary": "A cat."}\n```', "A cat."),
        ('{"summary": "A cat.", "mood": "joy"}', "A cat."),
        ('{"summary": ""}', None),
        ('{"summary": ["a"]}', None),
        ('{"response": ["a"]}', None),
        ("[1]", None),
        ("{{}}", None),
        ("", None),
        ("A cat.", None),
    ],
)
def test_only_what_was_asked_for_counts(answer: str, summary: str | None) -> None:
    assert read_summary(answer) == summary


def test_a_summary_that_is_too_long_is_cut() -> None:
    assert read_summary('{"summary": "' + "cat " * 5_000 + '"}') == " ".join(["cat"] * LONGEST_WORDS)


def test_a_digest_tells_who_spoke_when_and_about_what() -> None:
    lines = [line(n, "we play the guitar and listen to music", day=3) for n in range(5)]
    lines.append(line(9, "надворі дощ", by='Е"ва', day=4))
    digest = digest_of(lines, [analyze(each.text) for each in lines])
    assert digest.startswith('• 1970-01-04 to 1970-01-05: 6 messages of "Боб", "Е\\"ва"; about music')
    assert '"guitar"' in digest


def test_of_too_many_digests_the_oldest_go_and_the_summary_stays() -> None:
    text = "The model's own words."
    for number in range(100):
        text = with_digest(text, f"• part{number} " + "word " * 18)
    lines = text.splitlines()
    assert lines[0] == "The model's own words."
    assert lines[1].startswith("• part91 ")
    assert lines[-1].startswith("• part99 ")
    assert len(text.split()) <= SUMMARY_WORDS


def test_one_digest_is_kept_however_long_the_summary_is() -> None:
    assert with_digest("word " * 300, "• part").endswith("• part")


def test_latin_and_cyrillic_letters_weigh_differently() -> None:
    assert tokens_of("x" * 400) == 101
    assert tokens_of("ї" * 400) == 201
    assert tokens_of("😀" * 10) == 11
    assert tokens_of("\ud800") == 1
    assert letters_of(100, "x" * 4_000) == pytest.approx(400, abs=5)
    assert letters_of(100, "ї" * 4_000) == pytest.approx(200, abs=5)
    assert letters_of(100, "") == 0
