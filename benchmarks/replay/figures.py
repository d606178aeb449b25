"""What is counted in a replay, and the promises that it must keep."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from statistics import mean, quantiles

from benchmarks.replay.people import BOT
from benchmarks.replay.player import Heard, Replay
from benchmarks.replay.script import ZONE
from maskarad.memory.tokens import tokens_of
from maskarad.sandbox.person import Object
from maskarad.values import Decision, Value, Verdict

UNASKED_MOST = 0.05
"""Share of the messages that the persona may take up though it was not called."""

QUIET_FROM, QUIET_UNTIL = 23, 8
UNASKED_LINES_A_DAY = 3
REACTIONS_AN_HOUR = 6
BOT_ANSWERS = 2
HOUR = 3600.0
_NO_DECISION = Decision(verdict=Verdict.LISTEN, reason="")


class Outcome(Value, frozen=True):
    """How a stretch of a replay went, in numbers of messages unless said otherwise."""

    messages: int
    called: int
    called_answered: int
    joined_in: int
    considered: int
    considered_answered: int
    reactions_alone: int
    """Put without the model."""
    lines: int
    """That the persona said."""
    turns: int
    """Calls to the model for answers."""

    @property
    def unasked_share(self) -> float:
        return (self.joined_in + self.considered) / max(self.messages, 1)


class Tokens(Value, frozen=True):
    """Of the prompts of one purpose, estimated."""

    prompts: int
    mean: int
    p95: int
    most: int
    total: int


def decision_of(heard: Heard) -> Decision:
    return heard.decision or _NO_DECISION


def outcome(heard: Sequence[Heard]) -> Outcome:
    called = [each for each in heard if was_called(each)]
    considered = [each for each in heard if decision_of(each).verdict is Verdict.CONSIDER]
    return Outcome(
        messages=len(heard),
        called=len(called),
        called_answered=sum(map(is_answered, called)),
        joined_in=sum(decision_of(each).verdict is Verdict.ANSWER and not was_called(each) for each in heard),
        considered=len(considered),
        considered_answered=sum(map(is_answered, considered)),
        reactions_alone=sum(len(each.reactions) for each in heard if not each.calls),
        lines=sum(len(each.own) for each in heard),
        turns=sum(each.calls.count("turn") for each in heard),
    )


def was_called(heard: Heard) -> bool:
    """It called the persona, and nothing spoke against answering: no flood, no talk of bots."""
    return decision_of(heard).verdict is Verdict.ANSWER and "called" in decision_of(heard).features


def is_answered(heard: Heard) -> bool:
    return bool(heard.own or heard.reactions)


def local(at: float) -> datetime:
    return datetime.fromtimestamp(at, ZONE)


def by_day(replay: Replay) -> Iterator[tuple[str, Sequence[Heard]]]:
    days: dict[str, list[Heard]] = {}
    for each in replay.heard:
        days.setdefault(local(each.at).date().isoformat(), []).append(each)
    yield from days.items()


def reasons(heard: Iterable[Heard]) -> Counter[tuple[Verdict, str]]:
    return Counter((decision_of(each).verdict, decision_of(each).reason) for each in heard)


def purposes(replay: Replay) -> Counter[str]:
    return Counter(each.purpose for each in replay.paid)


def tokens(replay: Replay) -> Mapping[str, Tokens]:
    """By purpose."""
    sizes: dict[str, list[int]] = {}
    for paid, prompt in zip(replay.paid, replay.prompts, strict=True):
        sizes.setdefault(paid.purpose, []).append(_tokens(prompt))
    return {purpose: _summed(found) for purpose, found in sizes.items()}


def _tokens(prompt: Object) -> int:
    return sum(tokens_of(message["content"]) for message in prompt["messages"])


def _summed(sizes: list[int]) -> Tokens:
    p95 = quantiles(sizes, n=20)[-1] if len(sizes) > 1 else sizes[0]
    return Tokens(prompts=len(sizes), mean=round(mean(sizes)), p95=round(p95), most=max(sizes), total=sum(sizes))


def is_quiet_hour(at: float) -> bool:
    hour = local(at).hour
    return hour >= QUIET_FROM or hour < QUIET_UNTIL


def broken_promises(replay: Replay) -> list[str]:
    """In words; none, if all is well."""
    return [*_about_messages(replay), *_about_unasked(replay)]


def _about_messages(replay: Replay) -> Iterator[str]:
    told = outcome(replay.heard)
    if told.unasked_share > UNASKED_MOST:
        yield f"{told.unasked_share:.1%} of the messages were taken up unasked"
    for each in replay.heard:
        decision = decision_of(each)
        if was_called(each) and not is_answered(each):
            yield f"message {each.number} called the persona and was not answered"
        if len(each.calls) > 1:
            yield f"message {each.number} was answered twice"
        if decision.verdict is Verdict.LISTEN and (each.calls or (each.own and decision.reason != "flood")):
            yield f"message {each.number} was only to be listened to and got an answer"
        if each.person_id == BOT.id and each.own and not was_called(each):
            yield f"message {each.number} of the other bot was answered though it did not call the persona"
    yield from _talk_of_bots(replay)
    yield from _too_many_reactions(replay)


def _talk_of_bots(replay: Replay) -> Iterator[str]:
    in_a_row = 0
    for each in replay.heard:
        in_a_row = in_a_row + bool(each.own) if each.person_id == BOT.id else 0
        if in_a_row > BOT_ANSWERS:
            yield f"message {each.number} of the other bot was answered though two before it were"


def _too_many_reactions(replay: Replay) -> Iterator[str]:
    put = [each.at for each in replay.heard for _ in each.reactions]
    for number, at in enumerate(put):
        within = sum(other < at + HOUR for other in put[number:])
        if within > REACTIONS_AN_HOUR:
            yield f"{within} reactions were put within an hour from {local(at):%d %b %H:%M}"


def _about_unasked(replay: Replay) -> Iterator[str]:
    for line in replay.unasked:
        if is_quiet_hour(line.at):
            yield f"it spoke unasked at {local(line.at):%d %b %H:%M}, in quiet hours"
        if not line.silent:
            yield f"it spoke unasked with a sound at {local(line.at):%d %b %H:%M}"
    days = Counter(local(line.at).date() for line in replay.unasked)
    for day, count in days.items():
        if count > UNASKED_LINES_A_DAY:
            yield f"it spoke {count} times unasked on {day}"
