"""docs/replay.md, made from replays."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import unescape
from pathlib import Path

from benchmarks.replay.eyes import Paid
from benchmarks.replay.figures import (
    broken_promises,
    by_day,
    decision_of,
    is_answered,
    local,
    outcome,
    purposes,
    reasons,
    tokens,
    was_called,
)
from benchmarks.replay.people import ALL, BOT, PERSONA
from benchmarks.replay.player import Heard, Replay
from maskarad.db.decisions import Decided
from maskarad.manager.screens.decisions import decisions_card
from maskarad.texts import Words, load_texts
from maskarad.values import Access, Bot, BotState, Verdict

EXAMPLES_EACH = 2
LONGEST_TEXT = 70
_TAGS = re.compile(r"<[^>]+>")
_VERDICTS = {Verdict.ANSWER: "answered", Verdict.CONSIDER: "asked the model", Verdict.LISTEN: "listened"}
_SHOWN_BOT = Bot(
    id=1,
    persona_id=1,
    owner_id=1,
    telegram_id=1,
    username="ustym",
    name=PERSONA,
    access=Access.PUBLIC,
    enabled=True,
    state=BotState.WORKING,
    sees_all_group_messages=True,
)


def page(whole: Replay, dials: Sequence[Replay], *, export_messages: int, seed: int) -> str:
    """`dials` are of the same first messages, one for each position."""
    words = load_texts().words("en")
    parts = (
        _introduction(whole, export_messages, seed),
        _promises(whole),
        _dials(dials),
        _people(whole),
        _reasons(whole, words),
        _model(whole),
        _by_itself(whole),
        _moods(whole),
        _statements(whole),
        _examples(whole, words),
        _days(whole),
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _introduction(whole: Replay, export_messages: int, seed: int) -> Iterator[str]:
    people = len({each.person_id for each in whole.heard if each.person_id != BOT.id})
    yield "# A long chat, said again"
    yield ""
    yield (
        f"`make replay` writes a chat of three weeks as Telegram Desktop would export it (seed {seed}, "
        f"{export_messages:,} messages, {people} people and another bot, in Ukrainian, Russian and English) and "
        f"says it again, message by message and with its days and nights, to a whole platform: {len(whole.heard):,} "
        f"messages, without those that the persona “{PERSONA}” had in the export, for here it speaks for itself. "
        "Platform and sandbox live in a time that jumps from one message to the next, ten minutes at most, so that "
        "periodic tasks run as they would. A reply to a line of the persona's goes to what it has said last, if that "
        "was within a quarter of an hour. Somebody reacts to every seventh line of the persona's, three times of four "
        "kindly."
    )
    yield ""
    yield (
        "The model is the sandbox's scripted one. It shows when the persona is asked and speaks, not how well: it has "
        "a word for every question, mostly stays silent when it may, and sums up in a sentence or two. The same seed "
        "gives the same page."
    )


def _promises(whole: Replay) -> Iterator[str]:
    yield "## Promises"
    yield ""
    yield (
        "At most 5 % of the messages taken up unasked; every message that calls the persona answered, none twice; "
        "another bot answered only when it calls, twice in a row at most; nothing said unasked in quiet hours (23–8), "
        "with a sound, or more than three times a day."
    )
    yield ""
    broken = broken_promises(whole)
    yield "All were kept." if not broken else "Broken:\n\n" + "\n".join(f"- {each}" for each in broken)


def _dials(dials: Sequence[Replay]) -> Iterator[str]:
    yield "## The dial"
    yield ""
    yield f"The same first {len(dials[0].heard):,} messages at each position of `/chattiness`."
    yield ""
    told = [outcome(each.heard) for each in dials]
    rows = (
        ("called by name, mention or reply", [f"{each.called}" for each in told]),
        ("– answered", [f"{each.called_answered}" for each in told]),
        ("joined in", [f"{each.joined_in}" for each in told]),
        ("asked the model whether to", [f"{each.considered}" for each in told]),
        ("– answered", [f"{each.considered_answered}" for each in told]),
        ("taken up unasked, of all messages", [f"{each.unasked_share:.1%}" for each in told]),
        ("reactions without the model", [f"{each.reactions_alone}" for each in told]),
        ("spoke unasked", [f"{len(each.unasked)}" for each in dials]),
        ("calls to the model", [_calls(each.paid) for each in dials]),
        ("lines said, of all lines", [_share(each) for each in dials]),
    )
    yield from _table(("", *(each.dial for each in dials)), rows)


def _calls(paid: Iterable[Paid]) -> str:
    counts = Counter(each.purpose for each in paid)
    return ", ".join(f"{count} {purpose}" for purpose, count in counts.most_common()) or "0"


def _share(replay: Replay) -> str:
    said = outcome(replay.heard).lines + len(replay.unasked)
    return f"{said} ({said / (said + len(replay.heard)):.1%})"


def _people(whole: Replay) -> Iterator[str]:
    yield "## Who spoke"
    yield ""
    said = Counter(each.person_id for each in whole.heard)
    called = Counter(each.person_id for each in whole.heard if was_called(each))
    answered = Counter(each.person_id for each in whole.heard if is_answered(each))
    names = (("who", "languages", "messages", "called the persona", "got an answer or a reaction"),)
    rows = (
        (
            ALL[person].name,
            [", ".join(ALL[person].languages), f"{count}", f"{called[person]}", f"{answered[person]}"],
        )
        for person, count in said.most_common()
    )
    yield from _table(names[0], rows)


def _reasons(whole: Replay, words: Words) -> Iterator[str]:
    yield "## What was decided, and why"
    yield ""
    rows = (
        (
            _VERDICTS[verdict],
            [
                words.get(f"decisions.reason.{reason}") if reason else "a command",
                f"{count}",
                f"{count / len(whole.heard):.1%}",
            ],
        )
        for (verdict, reason), count in reasons(whole.heard).most_common()
    )
    yield from _table(("", "reason", "messages", "share"), rows)
    yield ""
    yield "![Messages and answers by hour](pictures/replay-hours.svg)"


def _model(whole: Replay) -> Iterator[str]:
    told = outcome(whole.heard)
    yield "## What the model was asked"
    yield ""
    yield (
        f"{len(whole.paid)} calls, {len(whole.paid) / len(whole.heard):.1%} of the messages. Asked whether to speak "
        f"at all: {told.considered} ({told.considered / len(whole.heard):.1%}); it spoke {told.considered_answered} "
        "times. Tokens are estimated as everywhere in the platform (`memory/tokens.py`)."
    )
    yield ""
    rows = (
        (purpose, [f"{each.prompts}", f"{each.mean:,}", f"{each.p95:,}", f"{each.most:,}", f"{each.total:,}"])
        for purpose, each in tokens(whole).items()
    )
    yield from _table(("purpose", "calls", "tokens, mean", "p95", "most", "all"), rows)


def _by_itself(whole: Replay) -> Iterator[str]:
    told, decided = outcome(whole.heard), reasons(whole.heard)
    alone = Counter(emoji for each in whole.heard if not each.calls for emoji in each.reactions)
    by_model = Counter(emoji for each in whole.heard if each.calls for emoji in each.reactions)
    yield "## Reactions, lines unasked, floods, the other bot, memory"
    yield ""
    yield (
        f"- Reactions without the model: {told.reactions_alone}{_listed(alone)}; by the model: {by_model.total()}"
        f"{_listed(by_model)}."
    )
    yield f"- People reacted to the persona {whole.people_reacted} times."
    floods = [each for each in whole.heard if decision_of(each).reason == "flood"]
    yield f"- Held back in floods: {len(floods)} messages; told so {sum(bool(each.own) for each in floods)} times."
    to_bot = sum(was_called(each) for each in whole.heard if each.person_id == BOT.id)
    yield (
        f"- The other bot was answered {to_bot} times; {decided[Verdict.LISTEN, 'bots_talk']} of its replies got no "
        "answer because nobody else had spoken between."
    )
    yield f"- Folded into the summary: {whole.folded:,} lines."
    yield f"- Spoke unasked {len(whole.unasked)} times, in {purposes(whole)['spontaneous']} tries:"
    yield ""
    yield from _table(
        ("when", "what"), ((f"{local(line.at):%a %d %b, %H:%M}", [_shown(line.text)]) for line in whole.unasked)
    )


def _moods(whole: Replay) -> Iterator[str]:
    counts = Counter(each.mood.key for each in whole.heard)
    shares = ", ".join(f"{key} {count / len(whole.heard):.0%}" for key, count in counts.most_common())
    yield "## Moods"
    yield ""
    yield f"At so many of the messages the persona was in each mood: {shares}."
    yield ""
    yield "![The persona's mood over the weeks](pictures/replay-mood.svg)"


def _statements(whole: Replay) -> Iterator[str]:
    yield "## Statements a message"
    yield ""
    yield (
        "From the update's coming to the last part sent, without those of periodic tasks. Listening takes two; one "
        "more where somebody writes for the first time, and for each snapshot (persona, link, preferences) that has "
        "outlived its time in memory."
    )
    yield ""
    kinds: dict[str, list[int]] = {}
    for each in whole.heard:
        kinds.setdefault(_kind(each), []).append(each.statements)
    rows = (
        (kind, [f"{len(found)}", ", ".join(f"{number} ({times})" for number, times in Counter(found).most_common(6))])
        for kind, found in sorted(kinds.items(), key=lambda item: -len(item[1]))
    )
    yield from _table(("", "messages", "statements (how often)"), rows)


def _kind(heard: Heard) -> str:
    if heard.calls:
        return "answered by the model" if heard.own or heard.reactions else "the model stayed silent"
    return "a reaction or remark without the model" if is_answered(heard) else "listened"


def _examples(whole: Replay, words: Words) -> Iterator[str]:
    yield "## How it explains itself"
    yield ""
    yield "As its owner reads it in the bot's card, beside the message, which the owner does not see:"
    yield ""
    by_reason: dict[str, list[Heard]] = {}
    for each in whole.heard:
        if each.decision is not None and each.text:
            by_reason.setdefault(each.decision.reason, []).append(each)
    for found in by_reason.values():
        for each in found[:: max(1, len(found) // EXAMPLES_EACH)][:EXAMPLES_EACH]:
            yield f"- {ALL[each.person_id].name}: “{_shown(each.text)}” – {_explained(each, words)}"


def _explained(heard: Heard, words: Words) -> str:
    decided = Decided(
        chat_title="", sender_name=ALL[heard.person_id].name, sent_at=heard.at, decision=decision_of(heard)
    )
    card = decisions_card(words, _SHOWN_BOT, [decided], heard.at).html
    lines = unescape(_TAGS.sub("", card)).strip().splitlines()
    verdict = lines[-2].partition(" · ")[0]
    return f"{verdict}: {lines[-1]}"


def _days(whole: Replay) -> Iterator[str]:
    yield "## Day by day"
    yield ""
    unasked = Counter(local(line.at).date().isoformat() for line in whole.unasked)
    calls = Counter(local(each.at).date().isoformat() for each in whole.paid)
    rows = []
    for (day, heard), liking in zip(by_day(whole), whole.likings, strict=False):
        told = outcome(heard)
        counts = (told.messages, told.called_answered, told.joined_in, told.considered, told.reactions_alone)
        rows.append((day, [*map(str, counts), f"{unasked[day]}", f"{calls[day]}", f"{liking:+.2f}"]))
    names = (
        "day",
        "messages",
        "called, answered",
        "joined in",
        "considered",
        "reactions",
        "unasked",
        "calls",
        "liking",
    )
    yield from _table(names, rows)


def _table(names: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for name, cells in rows:
        yield f"| {' | '.join((name, *cells))} |"


def _listed(emoji: Counter[str]) -> str:
    return f" ({', '.join(f'{each} {count}' for each, count in emoji.most_common())})" if emoji else ""


def _shown(text: str) -> str:
    shown = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT].rstrip()}…"
    return shown.replace("|", "\\|").replace("\n", " ")


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
