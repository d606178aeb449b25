"""A short storm and a small rolling restart by the front door; and that the judge sees what must not happen."""

import re
from pathlib import Path

import msgspec
import pytest

from benchmarks.chaos.crowd import Pressed
from benchmarks.chaos.plan import REST, Trouble, closing, draw
from benchmarks.chaos.record import Asked, CutCall, Said, Spoken, read_part
from benchmarks.chaos.report import BEGIN, Figures, Results, keep
from benchmarks.chaos.troubles import Happened
from benchmarks.chaos.verdict import Evidence, judge
from benchmarks.pages import END
from benchmarks.waits import Times
from tests.support.programs import run_to_the_end

CHAT, BOT = "50000:700000", 700_000
SORRY = "I have lost my thread."
MEMBERS = ("gateway-1", "worker-1", "worker-2")


@pytest.mark.timeout(400)
async def test_a_short_storm_breaks_no_promise() -> None:
    said = await run_to_the_end(
        "benchmarks.chaos", "--minutes", "2", "--bots", "8", "--chats", "40", "--rate", "3", "--seed", "8"
    )
    assert re.search(r"^\| never answered \| 0 \|$", said, re.M)
    assert re.search(r"^\| broken promises \| none \|$", said, re.M)
    assert re.search(r"^\| of them kills and freezes \| [1-9]", said, re.M)


@pytest.mark.timeout(175)
async def test_every_process_is_restarted_while_people_talk() -> None:
    said = await run_to_the_end("benchmarks.rolling", "--bots", "6", "--chats", "60", "--rate", "2", "--seed", "5")
    assert re.search(r"^\| never answered \| 0 \|$", said, re.M)
    assert re.search(r"^\| broken promises \| none \|$", said, re.M)


def test_a_seed_draws_the_same_plan_again() -> None:
    def plan(seed: int) -> bytes:
        drawn = draw(seed, seconds=120, bots=10, chats=60, rate=4, presses=1, killable=MEMBERS, freezable=MEMBERS[1:])
        return msgspec.json.encode(drawn)

    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


def test_a_plan_numbers_what_asks_for_an_answer_floods_nobody_and_spares_what_is_in_trouble() -> None:
    plan = draw(3, seconds=600, bots=50, chats=500, rate=8, presses=2, killable=MEMBERS, freezable=MEMBERS[1:])
    numbers = [line.number for line in plan.lines if line.number is not None]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 0.7 * 8 * 600 < len(plan.lines) < 1.3 * 8 * 600
    for room in range(len(plan.rooms)):
        here = [line.at for line in plan.lines if line.room == room]
        assert all(sum(at <= other < at + REST for other in here) <= 6 for at in here)
    assert {len(room.people) for room in plan.rooms} == {1, 3}
    assert len({trouble.kind for trouble in plan.troubles}) == 10
    for earlier, later in zip(plan.troubles, plan.troubles[1:], strict=False):
        assert earlier.target != later.target or later.at > earlier.at + earlier.seconds
    assert [line.number for line in closing(plan, spread=20)] == list(range(len(numbers) + 1, len(numbers) + 501))


def said(number: int, at: float = 0.0, chat: str = CHAT) -> Said:
    return Said(number=number, chat=chat, message_id=100 + number, at=at)


def spoken(text: str, at: float, chat: str = CHAT) -> Spoken:
    return Spoken(chat=chat, at=at, text=text, part=read_part(text))


def answer(number: int, *lines: int, at: float, part: int = 1, parts: int = 1) -> Spoken:
    named = " ".join(f"№{line}" for line in lines)
    return spoken(f"{named} (answer {number}, part {part} of {parts})", at)


def trouble(kind: str, target: str, began: float) -> Happened:
    planned = msgspec.convert({"at": 0, "kind": kind, "target": target, "seconds": 1, "seed": 0}, Trouble)
    return Happened(trouble=planned, began=began, ended=began + 2)


WELL = Evidence(
    said={1: said(1, 0.0), 2: said(2, 1.0)},
    spoken=(
        answer(1, 1, at=0.5, parts=2),
        answer(1, 1, at=1.5, part=2, parts=2),
        answer(2, 2, at=3.0),
    ),
    cut=(),
    asked=(Asked(at=0.1, numbers=(1,), failed=None), Asked(at=2.0, numbers=(2,), failed=None)),
    accepted={(BOT, 50_000, 101): 0.05, (BOT, 50_000, 102): 1.05},
    refused=(),
    bots={CHAT: BOT},
    closing=frozenset({2}),
    pressed=(Pressed(at=1.0, seconds=0.02),),
    troubles=(),
    ended=(),
    apologies=frozenset({SORRY}),
    resident={"gateway-1": 100.0},
    bounds={"gateway-1": 110.0},
)


def broken(**change: object) -> list[str]:
    return [each.promise for each in judge(msgspec.structs.replace(WELL, **change)).broken]


def test_of_a_good_run_nothing_is_broken() -> None:
    verdict = judge(WELL)
    assert verdict.broken == ()
    assert [wait for _, wait in verdict.waits] == [0.5, 2.0]


def test_a_line_without_an_answer_is_lost_and_a_chat_without_a_last_one_stuck() -> None:
    assert broken(spoken=WELL.spoken[2:]) == ["every message has an answer"]
    assert broken(spoken=WELL.spoken[:2]) == ["no chat is stuck"]


@pytest.mark.parametrize(
    ("asked", "sorry_at", "promises"),
    [
        ((Asked(at=2.0, numbers=(2,), failed="500"),), 4.0, []),
        ((Asked(at=2.0, numbers=(2,), failed="500"),), None, ["no chat is stuck"]),
        ((Asked(at=2.0, numbers=(2,), failed=None),), 4.0, ["no chat is stuck"]),
        ((), 4.0, ["no chat is stuck"]),
    ],
)
def test_an_apology_is_the_answer_where_the_model_failed(
    asked: tuple[Asked, ...], sorry_at: float | None, promises: list[str]
) -> None:
    sorry = () if sorry_at is None else (spoken(SORRY, sorry_at),)
    assert broken(asked=asked, spoken=(*WELL.spoken[:2], *sorry)) == promises


def test_a_part_may_come_twice_only_when_it_was_in_flight_at_a_kill_or_its_call_was_cut() -> None:
    twice = (*WELL.spoken, answer(2, 2, at=9.0))
    kill = trouble("process killed", "worker-1", 3.1)
    assert broken(spoken=twice) == ["doubles only for a part in flight at a kill"]
    assert broken(spoken=twice, troubles=(kill,)) == []
    assert broken(spoken=twice, troubles=(trouble("process killed", "proxy", 3.1),)) != []
    assert broken(spoken=twice, troubles=(trouble("process killed", "worker-1", 8.0),)) != []
    assert broken(spoken=twice, troubles=(trouble("PostgreSQL killed", "PostgreSQL", 1.5),)) == []
    assert broken(spoken=twice, troubles=(trouble("PostgreSQL killed", "PostgreSQL", 0.5),)) != []
    assert broken(spoken=(*twice, answer(2, 2, at=9.5)), troubles=(kill,)) != []
    cut = CutCall(bot=BOT, chat_id=50_000, text=twice[-1].text, at=3.0)
    assert broken(spoken=twice, cut=(cut,)) == []


def test_one_line_is_answered_once() -> None:
    again = (*WELL.spoken, answer(3, 2, at=9.0))
    assert broken(spoken=again) == ["every message has one answer"]


def test_answers_keep_the_order_in_which_telegram_brought_the_lines() -> None:
    crossed = (answer(2, 2, at=1.5), answer(1, 1, at=2.0))
    assert broken(spoken=crossed) == ["answers keep the order"]
    assert broken(spoken=crossed, accepted={(BOT, 50_000, 101): 1.8, (BOT, 50_000, 102): 1.05}) == []


@pytest.mark.parametrize(
    "parts",
    [
        [(1, 1, 2), (2, 1, 1)],
        [(1, 2, 2), (1, 1, 2), (2, 1, 1)],
        [(1, 1, 2), (2, 1, 1), (1, 2, 2)],
    ],
)
def test_a_reply_is_whole_together_and_in_order(parts: list[tuple[int, int, int]]) -> None:
    came = [
        answer(number, number, at=1.0 + place, part=part, parts=of) for place, (number, part, of) in enumerate(parts)
    ]
    assert set(broken(spoken=tuple(came))) == {"a reply stays together and in order"}


def test_strays_growth_deaths_and_deaf_buttons_are_seen() -> None:
    assert broken(spoken=(*WELL.spoken, spoken("hello?", 5.0))) == ["nothing is said that nobody said"]
    assert broken(resident={"gateway-1": 111.0}) == ["no process grows beyond its bound"]
    assert broken(ended=("worker-1 ended by itself",)) == ["no process ends by itself"]
    deaf = (Pressed(at=1.0, seconds=None),)
    assert broken(pressed=deaf) == ["every button is answered"]
    assert broken(pressed=deaf, troubles=(trouble("process killed", "gateway-1", 1.5),)) == []
    killed_later = trouble("process killed", "gateway-1", 6.5)
    assert broken(pressed=deaf, troubles=(killed_later,)) == ["every button is answered"]
    assert broken(pressed=deaf, troubles=(trouble("PostgreSQL killed", "PostgreSQL", 0.5), killed_later)) == []
    refused = trouble("Telegram answers 500", "Telegram", 0.5)
    assert broken(pressed=deaf, troubles=(refused, killed_later)) == []
    assert broken(pressed=deaf, troubles=(refused,)) == ["every button is answered"]
    much_later = trouble("process killed", "gateway-1", 14.0)
    assert broken(pressed=deaf, troubles=(refused, much_later)) == ["every button is answered"]


def test_the_last_runs_stand_side_by_side(tmp_path: Path) -> None:
    page, file = tmp_path / "reliability.md", tmp_path / "chaos.json"
    page.write_text(f"Words.\n\n{BEGIN}\n\n{END}\n\nMore.\n")
    for seed in (1, 2, 3, 4):
        keep(figures(seed), page=page, file=file)
    assert [run.seed for run in msgspec.json.decode(file.read_bytes(), type=Results).runs] == [2, 3, 4]
    written = page.read_text()
    assert "|  | seed 2 | seed 3 | seed 4 |" in written
    assert written.startswith("Words.")
    assert written.endswith("More.\n")


def figures(seed: int) -> Figures:
    numbers = dict.fromkeys(Figures.__struct_fields__, 1)
    times = msgspec.to_builtins(Times(p50=1.0, p95=2.0, most=3.0))
    return msgspec.convert(
        {
            **numbers,
            "seed": seed,
            "taken_on": "2026-01-01",
            "waits": times,
            "pressed": times,
            "refused": {},
            "costs": {},
            "broken": {},
        },
        Figures,
    )
