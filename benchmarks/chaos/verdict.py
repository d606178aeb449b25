"""Whether the promises were kept, told from the record and from when each trouble came. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from benchmarks.chaos.crowd import Pressed
from benchmarks.chaos.record import Asked, CutCall, Refusal, Said, Spoken
from benchmarks.chaos.troubles import KILLING, Happened
from maskarad.telegram.send import REPEAT_PAUSES
from maskarad.values import Value

IN_FLIGHT = 3.0
"""Seconds before a kill in which a part can have been sent whose sending was not yet written down."""

AT_WORK = 5.0
"""Seconds for which a gateway may be at work on a press."""
REPEATING = sum(REPEAT_PAUSES)
"""Seconds more where Telegram does not take the answer: it is told again."""


class Evidence(Value, frozen=True):
    """All that is known of a run when it is over. `apologies` are the texts in which a persona says that its model
    failed; `ended` are members that ended by themselves."""

    said: Mapping[int, Said]
    spoken: Sequence[Spoken]
    cut: Sequence[CutCall]
    asked: Sequence[Asked]
    accepted: Mapping[tuple[int, int, int], float]
    refused: Sequence[Refusal]
    bots: Mapping[str, int]
    """By chat."""
    closing: frozenset[int]
    """Numbers of the lines that were said when the storm was over."""
    pressed: Sequence[Pressed]
    troubles: Sequence[Happened]
    ended: Sequence[str]
    apologies: frozenset[str]
    resident: Mapping[str, float]
    """Megabytes at the most, by member."""
    bounds: Mapping[str, float]


class Broken(Value, frozen=True):
    """A promise that was not kept; `at` is when (Unix seconds), for the logs."""

    promise: str
    what: str
    at: float | None = None


class Double(Value, frozen=True):
    """A part that was sent again: it was in flight at a trouble, its `cause`, or its call was cut when it was done."""

    spoken: Spoken
    cause: Happened | None
    was_cut: bool


class Verdict(Value, frozen=True):
    broken: tuple[Broken, ...]
    apologised: int
    """Lines whose turn failed with its model, answered by an apology."""
    doubles: tuple[Double, ...]
    late: int
    """Lines answered after a later one because Telegram brought them after it."""
    presses_lost: int
    """Presses whose gateway died before they were answered."""
    waits: tuple[tuple[float, float], ...]
    """When a line was said, and the seconds until the first part that answers it."""


def judge(evidence: Evidence) -> Verdict:
    answered_at = _answered(evidence)
    unanswered = [each for number, each in evidence.said.items() if number not in answered_at]
    excused = [each for each in unanswered if _is_excused(each, evidence)]
    lost = (each for each in unanswered if each not in excused)
    doubles, unexplained = _doubles(evidence)
    late, disorder = _order(evidence)
    broken = [
        *(_lost(each, evidence) for each in lost),
        *unexplained,
        *_twice_answered(evidence.spoken),
        *disorder,
        *_torn(evidence.spoken),
        *_strays(evidence),
        *(
            Broken(promise="every button is answered", what="a press got no answer in 30 s", at=each.at)
            for each in evidence.pressed
            if each.seconds is None and not _died_with_its_gateway(each, evidence.troubles)
        ),
        *_grown(evidence),
        *(Broken(promise="no process ends by itself", what=each) for each in evidence.ended),
    ]
    answered = ((each.at, answered_at[number]) for number, each in evidence.said.items() if number in answered_at)
    waits = ((said, answer - said) for said, answer in sorted(answered))
    return Verdict(
        broken=tuple(broken),
        apologised=len(excused),
        doubles=doubles,
        late=late,
        presses_lost=sum(each.seconds is None for each in evidence.pressed),
        waits=tuple(waits),
    )


def _answered(evidence: Evidence) -> dict[int, float]:
    """By number, when the first part that names it came into the chat in which it was said."""
    found: dict[int, float] = {}
    for each in evidence.spoken:
        for number in each.part.numbers if each.part else ():
            if number not in evidence.said or evidence.said[number].chat == each.chat:
                found.setdefault(number, each.at)
    return found


def _is_excused(said: Said, evidence: Evidence) -> bool:
    """The model failed the line's turn, and the persona has apologised since it last answered in that chat: one apology
    is all that a chat gets until the model works again (DESIGN, section 8)."""
    failures = [each.at for each in evidence.asked if said.number in each.numbers and each.failed is not None]
    here = [each for each in evidence.spoken if each.chat == said.chat]
    sorry = [each.at for each in here if each.text in evidence.apologies]
    if not sorry:
        return False
    answers = [each.at for each in here if each.part is not None]
    apologised_since = any(at >= said.at or not any(at < answer < said.at for answer in answers) for at in sorry)
    return bool(failures) and apologised_since


def _lost(said: Said, evidence: Evidence) -> Broken:
    promise = "no chat is stuck" if said.number in evidence.closing else "every message has an answer"
    asked = Counter(each.failed or "answered" for each in evidence.asked if said.number in each.numbers)
    key = (evidence.bots[said.chat], int(said.chat.partition(":")[0]), said.message_id)
    accepted = "the platform took it" if key in evidence.accepted else "the platform never took it"
    told = ", ".join(f"{count} × {how}" for how, count in asked.items()) or "never asked"
    what = f"№{said.number} in {said.chat} (message {said.message_id}): {accepted}; the model: {told}"
    return Broken(promise=promise, what=what, at=said.at)


def _doubles(evidence: Evidence) -> tuple[tuple[Double, ...], list[Broken]]:
    """Every repetition of a part with its cause. Those without one, or beyond one a kill, are broken promises."""
    cuts = Counter((each.bot, each.text) for each in evidence.cut)
    doubles: list[Double] = []
    broken: list[Broken] = []
    for first, again in _repeated(evidence.spoken):
        key = (evidence.bots[first.chat], first.text)
        if cuts[key] > 0:
            cuts[key] -= 1
            doubles.append(Double(spoken=again, cause=None, was_cut=True))
            continue
        cause = _in_flight(first, again, evidence.troubles)
        doubles.append(Double(spoken=again, cause=cause, was_cut=False))
        if cause is None:
            broken.append(_doubled("doubles only for a part in flight at a kill", first, again))
    by_cause = Counter(id(each.cause) for each in doubles if each.cause is not None)
    for happened in evidence.troubles:
        if by_cause[id(happened)] > 1:
            what = f"{by_cause[id(happened)]} parts at {happened.trouble.kind}: {happened.trouble.target}"
            broken.append(Broken(promise="one double at most a kill", what=what, at=happened.began))
    return tuple(doubles), broken


def _doubled(promise: str, first: Spoken, again: Spoken) -> Broken:
    what = f"in {first.chat} “{first.text}” again {again.at - first.at:.2f} s later"
    return Broken(promise=promise, what=what, at=first.at)


def _repeated(spoken: Sequence[Spoken]) -> Iterator[tuple[Spoken, Spoken]]:
    """Every part that came again, with its last coming before."""
    seen: dict[tuple[str, str], Spoken] = {}
    for each in spoken:
        if each.part is None:
            continue
        before = seen.get((each.chat, each.text))
        if before is not None:
            yield before, each
        seen[each.chat, each.text] = each


def _in_flight(first: Spoken, again: Spoken, troubles: Sequence[Happened]) -> Happened | None:
    """The kill between a part's sending and its being sent again that came first after the sending: of a worker, which
    sends, or of PostgreSQL, in which it is written down. What was sent while PostgreSQL was away could not be written
    down before it was back."""
    kills = (each for each in troubles if each.trouble.kind in KILLING and _may_cost_a_part(each))
    near = [
        each
        for each in kills
        if each.began <= again.at
        and (
            -0.5 <= each.began - first.at <= IN_FLIGHT
            or (_is_of_postgres(each) and each.began <= first.at <= each.ended)
        )
    ]
    return min(near, key=lambda each: each.began, default=None)


def _is_of_postgres(happened: Happened) -> bool:
    return happened.trouble.kind == "PostgreSQL killed"


def _twice_answered(spoken: Sequence[Spoken]) -> Iterator[Broken]:
    by_number: dict[int, dict[int, Spoken]] = defaultdict(dict)
    for each in spoken:
        for number in each.part.numbers if each.part else ():
            assert each.part is not None
            by_number[number].setdefault(each.part.answer, each)
    for number, answers in by_number.items():
        if len(answers) > 1:
            first, *_, last = answers.values()
            what = (
                f"№{number} in {first.chat}: answers {', '.join(map(str, answers))}, {last.at - first.at:.1f} s apart"
            )
            yield Broken(promise="every message has one answer", what=what, at=last.at)


def _order(evidence: Evidence) -> tuple[int, list[Broken]]:
    """Lines that were answered after later ones: how many Telegram brought out of order, and the others."""
    late, broken = 0, []
    for chat, spoken in _by_chat(evidence.spoken):
        newest = 0
        for each in _first_comings(spoken):
            assert each.part is not None
            for number in each.part.numbers:
                if number > newest:
                    newest = number
                elif number < newest and _came_after(number, newest, chat, evidence):
                    late += 1
                elif number < newest:
                    what = f"in {chat} №{number} is answered after №{newest}"
                    broken.append(Broken(promise="answers keep the order", what=what, at=each.at))
    return late, broken


def _came_after(number: int, other: int, chat: str, evidence: Evidence) -> bool:
    """The platform got the line only when it had the other."""
    first, second = evidence.said[number], evidence.said[other]
    bot, chat_id = evidence.bots[chat], int(chat.partition(":")[0])
    accepted = [evidence.accepted.get((bot, chat_id, each.message_id)) for each in (first, second)]
    return accepted[0] is not None and accepted[1] is not None and accepted[0] > accepted[1]


def _first_comings(spoken: Sequence[Spoken]) -> list[Spoken]:
    """The first part of each answer, once."""
    found: dict[int, Spoken] = {}
    for each in spoken:
        if each.part is not None:
            found.setdefault(each.part.answer, each)
    return list(found.values())


def _torn(spoken: Sequence[Spoken]) -> Iterator[Broken]:
    """Replies whose parts are not all there, not in order, or not together."""
    for chat, here in _by_chat(spoken):
        parts = [each for each in here if each.part is not None]
        runs = [(answer, list(run)) for answer, run in groupby(parts, key=lambda each: _answer_of(each))]
        pieces = Counter(answer for answer, _ in runs)
        for answer, run in runs:
            numbers = [each.part.part for each in run if each.part]
            first_comings = list(dict.fromkeys(numbers))
            wanted = list(range(1, run[0].part.parts + 1)) if run[0].part else []
            if pieces[answer] > 1 or first_comings != wanted or not _goes_on(numbers):
                what = f"in {chat} answer {answer} came as parts {numbers} of {len(wanted)}, in {pieces[answer]} pieces"
                yield Broken(promise="a reply stays together and in order", what=what, at=run[0].at)


def _goes_on(numbers: Sequence[int]) -> bool:
    """Every part is the one before again, or the next."""
    return all(later - earlier in (0, 1) for earlier, later in pairwise(numbers))


def _answer_of(spoken: Spoken) -> int:
    return spoken.part.answer if spoken.part is not None else 0


def _by_chat(spoken: Sequence[Spoken]) -> Iterable[tuple[str, list[Spoken]]]:
    found: dict[str, list[Spoken]] = defaultdict(list)
    for each in spoken:
        found[each.chat].append(each)
    return found.items()


def _strays(evidence: Evidence) -> Iterator[Broken]:
    for each in evidence.spoken:
        if each.part is None and each.text not in evidence.apologies:
            yield Broken(promise="nothing is said that nobody said", what=f"in {each.chat}: {each.text}", at=each.at)
        for number in each.part.numbers if each.part else ():
            said = evidence.said.get(number)
            if said is None or said.chat != each.chat:
                where = "nowhere" if said is None else f"in {said.chat}"
                what = f"in {each.chat}: {each.text}, which answers what was said {where}"
                yield Broken(promise="nothing is said in a chat that is of another", what=what, at=each.at)


def _may_cost_a_part(happened: Happened) -> bool:
    return happened.trouble.target.startswith("worker") or _is_of_postgres(happened)


def _died_with_its_gateway(pressed: Pressed, troubles: Sequence[Happened]) -> bool:
    """A gateway has the press when it dies: what it was about to show nobody else knows, and whoever pressed presses
    again. No gateway takes one while PostgreSQL is away."""
    away = (each.ended for each in troubles if _is_of_postgres(each) and each.began <= pressed.at <= each.ended)
    taken_at = max(away, default=pressed.at)
    until = taken_at + AT_WORK
    if any(_is_of_telegram(each) and each.began <= until and pressed.at <= each.ended for each in troubles):
        until += REPEATING
    kills = (each.began for each in troubles if each.trouble.target.startswith("gateway"))
    return any(pressed.at <= began <= until for began in kills)


def _is_of_telegram(happened: Happened) -> bool:
    return happened.trouble.target == "Telegram"


def _grown(evidence: Evidence) -> Iterator[Broken]:
    for name, most in evidence.resident.items():
        if most > evidence.bounds[name]:
            what = f"{name} took {most:.0f} MB, its bound is {evidence.bounds[name]:.0f} MB"
            yield Broken(promise="no process grows beyond its bound", what=what)
