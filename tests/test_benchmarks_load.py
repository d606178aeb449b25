"""The load test counts what goes wrong, finds the rate that holds, and shows both."""

import asyncio
import contextlib
import itertools
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from benchmarks.load.ledger import Ledger, TimedStub
from benchmarks.load.mix import BOTS, PEOPLE, updates
from benchmarks.load.plan import Bot, Plan
from benchmarks.load.play import Played, Player, Times, epoch
from benchmarks.load.plot import draw
from benchmarks.load.report import BEGIN, RESULTS, Outcome, Results, limit, section, write
from benchmarks.load.search import CONFIRMATIONS, FIRST_RATE, highest
from benchmarks.machine import Machine
from benchmarks.pages import END
from benchmarks.people import FIRST_QUERY
from benchmarks.program import ROOT
from benchmarks.stage import MANAGER_TOKEN
from benchmarks.stub import Call, Stub

MANAGER = Bot(public_id="manager", secret="manager's", username="")
PLAN = Plan(
    rate=500.0,
    seconds=20.0,
    seed=1,
    epoch=0.0,
    manager=MANAGER,
    actors=tuple(Bot(public_id=f"public-{each}", secret="", username=f"actor{each}_bot") for each in range(BOTS)),
    persona_ids=tuple(range(PEOPLE)),
    watched={},
    seen="",
)
GOOD = Played(
    rate=100.0,
    seconds=10.0,
    updates=1_000,
    acknowledged=Times(p50=3.0, p95=20.0),
    shown=Times(p50=4.0, p95=30.0),
    refused=0,
    unshown=0,
    asked=114,
    unanswered=0,
    replies=120,
    strays=0,
    warnings=0,
    cpu={"locust": 0.2, "platform": 0.6, "stub": 0.1},
    busy=1.0,
)
MACHINE = Machine(processor="a processor", cores=2, kernel="6.1", python="3.11.7")


async def test_a_short_run_by_the_front_door_ends_without_faults() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.load", "--database", "sqlite", "--rate", "25", "--seconds", "2"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    shown, told = (each.decode() for each in await process.communicate())
    assert process.returncode == 0, shown + told
    counted = re.search(
        r"Of (\d+) updates 0 were refused; of (\d+) messages that asked for an answer 0 got none; 0 presses changed "
        r"nothing; 0 messages were not the model's; 0 warnings were logged. The model replied (\d+) times.",
        shown,
    )
    assert counted is not None, shown
    said, asked, replied = map(int, counted.groups())
    assert said > asked > 0
    assert replied > 0
    assert re.search(r"^\| 25 \| 2 s \| [\d.]+ / [\d.]+ ms \| [\d.]+ / [\d.]+ ms \| 0\.\d\d \| 0\.\d\d ", shown, re.M)


@asynccontextmanager
async def refusing(after: float) -> AsyncIterator[str]:
    """A platform that stores nothing and says so, after so many seconds."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                (length,) = re.findall(rb"content-length: (\d+)", head.lower())
                await reader.readexactly(int(length))
                await asyncio.sleep(after)
                writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_what_goes_wrong_is_counted_and_waiting_for_a_connection_counts_as_time(tmp_path: Path) -> None:
    """Within 2 s 28 updates are due over 12 connections, each of which is busy with one for 1.5 s: more than half
    wait for others to be answered."""
    logged = iter(((), ("warning: one", "warning: two")))
    async with TimedStub(epoch()).running() as stub, refusing(after=1.5) as url:
        plan = msgspec.structs.replace(PLAN, seed=4, epoch=epoch(), seen=str(tmp_path / "seen.json"))
        player = Player(plan, url, lambda: next(logged), Ledger(stub, bots=0, patience=0))
        played = await player.play(12.0, 2.0)
    assert played.refused == played.updates == 28
    assert played.unshown > 0
    assert played.unanswered == played.asked > 0
    assert played.warnings == 2
    assert not played.is_clean
    assert played.acknowledged.p95 > 1_900


@pytest.fixture
def stub() -> Stub:
    return TimedStub(epoch())


def tell(stub: Stub, method: str, token: str = MANAGER_TOKEN, **params: object) -> None:
    stub.hear(Call(token, method, params, {"answerCallbackQuery": 1.0}.get(method, 2.0)))


async def test_a_press_is_finished_when_it_was_answered_and_shown(stub: Stub) -> None:
    ledger = Ledger(stub, bots=0)
    tell(stub, "answerCallbackQuery", callback_query_id=str(FIRST_QUERY + 4))
    assert ledger.finished_at(4) is None
    waiting = asyncio.create_task(ledger.complete([4], []))
    await asyncio.sleep(0)
    tell(stub, "editMessageText", token="2000:an-actor", message_id=4)
    assert ledger.finished_at(4) is None
    tell(stub, "editMessageText", message_id=4)
    await waiting
    assert ledger.finished_at(4) == 2.0


async def test_a_line_is_covered_by_a_reply_whose_prompt_held_it(stub: Stub) -> None:
    ledger = Ledger(stub, bots=0)
    stub.prompts[7] = frozenset({10, 12})
    waiting = asyncio.create_task(ledger.complete([], [10, 12]))
    await asyncio.sleep(0)
    tell(stub, "sendMessage", text="Вибачте, щось пішло не так.")
    assert ledger.strays == ["Вибачте, щось пішло не так."]
    assert ledger.covered == set()
    tell(stub, "sendMessage", text="Так! (reply 7)")
    await waiting
    assert (ledger.covered, ledger.replies) == ({10, 12}, 1)


async def test_bots_are_registered_when_each_has_its_webhook(stub: Stub) -> None:
    ledger = Ledger(stub, bots=2, patience=0.01)
    tell(stub, "setWebhook")
    with pytest.raises(TimeoutError):
        await ledger.registered()
    tell(stub, "setWebhook")
    await ledger.registered()


def test_the_mix_is_the_one_that_the_page_tells_of() -> None:
    played = list(updates(PLAN, 100.0))
    assert len(played) == pytest.approx(PLAN.rate * PLAN.seconds, rel=0.05)
    assert 100.0 < played[0].due < played[-1].due < 120.0
    count = Counter(update.kind for update in played)
    assert (count["chatter"] + count["mention"]) / len(played) == pytest.approx(0.70, abs=0.02)
    assert count["mention"] / (count["mention"] + count["chatter"]) == pytest.approx(0.02, abs=0.01)
    assert count["press"] / len(played) == pytest.approx(0.20, abs=0.02)
    assert count["private"] / len(played) == pytest.approx(0.10, abs=0.02)
    assert {update.bot for update in played if update.kind == "press"} == {MANAGER}
    assert {update.bot for update in played if update.kind != "press"} == set(PLAN.actors)


def test_numbers_grow_and_leave_room_for_the_bots() -> None:
    numbers = [update.number for update in updates(PLAN, 100.0)]
    assert all(earlier < later for earlier, later in itertools.pairwise(numbers))
    assert all(number % 2 == 0 for number in numbers)
    stub = TimedStub(epoch())
    own = [stub.new_message_id() for _ in range(3)]
    assert own[0] < own[1] < own[2]
    assert all(number % 2 for number in own)


@pytest.mark.parametrize("fault", ["refused", "unshown", "unanswered", "strays", "warnings"])
def test_a_round_with_a_fault_is_not_held(fault: str) -> None:
    assert GOOD.held
    assert not msgspec.structs.replace(GOOD, **{fault: 1}).held


@pytest.mark.parametrize(("times", "most"), [("acknowledged", 50.0), ("shown", 100.0)])
def test_a_slow_round_is_not_held(times: str, most: float) -> None:
    assert msgspec.structs.replace(GOOD, **{times: Times(p50=1.0, p95=most - 0.1)}).held
    assert not msgspec.structs.replace(GOOD, **{times: Times(p50=1.0, p95=most)}).held


class Platform:
    """Holds up to a rate, for long up to another."""

    def __init__(self, short: float, long: float) -> None:
        self._most: Callable[[float], float] = lambda seconds: long if seconds == 60.0 else short
        self.spoilt: set[int] = set()
        """Rounds, counted from 1, that a neighbour spoils."""
        self.rounds = 0

    async def play(self, rate: float, seconds: float) -> Played:
        self.rounds += 1
        slow = rate > self._most(seconds) or self.rounds in self.spoilt
        shown = Times(p50=50.0, p95=500.0) if slow else GOOD.shown
        return msgspec.structs.replace(GOOD, rate=rate, seconds=seconds, shown=shown)


@pytest.mark.parametrize("most", [12.0, 99.0, 100.0, 224.0, 800.0])
async def test_the_rate_found_is_near_the_highest_that_holds(most: float) -> None:
    found = (await highest(Platform(most, most).play, 60.0)).confirmed
    assert found is not None
    assert found.seconds == 60.0
    assert 0.88 * most <= found.rate <= most


async def test_a_round_that_a_neighbour_spoils_is_played_again() -> None:
    platform = Platform(150.0, 150.0)
    platform.spoilt = {1}
    search = await highest(platform.play, 60.0)
    assert [(each.rate, each.held) for each in search.rounds[:2]] == [(FIRST_RATE, False), (FIRST_RATE, True)]
    assert search.confirmed is not None
    assert search.confirmed.rate > FIRST_RATE


async def test_the_long_round_has_the_last_word() -> None:
    search = await highest(Platform(200.0, 165.0).play, 60.0)
    assert search.confirmed is not None
    assert 120.0 < search.confirmed.rate <= 165.0


async def test_no_rate_is_found_where_none_holds() -> None:
    search = await highest(Platform(0.0, 0.0).play, 60.0)
    assert search.confirmed is None
    assert [each.seconds for each in search.rounds].count(60.0) == CONFIRMATIONS


OUTCOME = Outcome(
    database="sqlite",
    rounds=(GOOD, msgspec.structs.replace(GOOD, rate=140.0, busy=1.9, shown=Times(p50=80.0, p95=300.5))),
    confirmed=msgspec.structs.replace(GOOD, seconds=60.0),
    calibration=8.0,
    warnings=3,
)


def test_the_section_has_the_rate_and_every_round() -> None:
    lines = section(OUTCOME, 2).splitlines()
    assert lines[0] == "### SQLite"
    assert "100 updates a second held for 60 s" in lines[2]
    assert lines[-1].endswith("From start to end the platform logged 3 warnings.")
    assert "| 100 | 10 s | 3.0 / 20.0 ms | 4.0 / 30.0 ms | 0.20 | 0.60 | 0.10 | 0.10 | 6.0 ms | held |" in lines
    assert "| 140 | 10 s | 3.0 / 20.0 ms | 80.0 / 300.5 ms | 0.20 | 0.60 | 0.10 | 1.00 | 4.3 ms | too slow |" in lines


def test_a_run_among_other_programs_says_so() -> None:
    quiet = msgspec.structs.replace(OUTCOME, rounds=(GOOD,))
    assert "Other programs" not in section(quiet, 2)
    assert "Other programs took up to 50% of the machine" in section(OUTCOME, 2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"busy": 1.9}, "all cores were full, 50% of them with other programs"),
        ({"busy": 1.2, "cpu": {"platform": 0.95, "locust": 0.2}}, "the process called platform had a core to itself"),
        ({"busy": 1.0}, "no core was full"),
    ],
)
def test_what_was_the_limit_is_said(changes: dict[str, object], words: str) -> None:
    slow = msgspec.structs.replace(GOOD, rate=140.0, shown=Times(p50=80.0, p95=300.0), **changes)
    assert words in limit([GOOD, slow], 2)


def test_the_page_keeps_what_people_wrote(tmp_path: Path) -> None:
    page, file = tmp_path / "load.md", tmp_path / "load.json"
    page.write_text(f"Words before.\n\n{BEGIN}\nyesterday\n{END}\n\nWords after.\n")
    results = Results(taken_on="2026-11-21", machine=MACHINE, outcomes=(OUTCOME,))
    write(results, page=page, file=file)
    write(results, page=page, file=file)
    text = page.read_text()
    assert text.startswith("Words before.\n\n")
    assert text.endswith("\n\nWords after.\n")
    assert text.count(section(OUTCOME, 2)) == 1
    assert "yesterday" not in text
    assert msgspec.json.decode(file.read_bytes(), type=Results) == results


def test_the_picture_has_text_as_text_and_is_the_same_every_time(tmp_path: Path) -> None:
    pictures = [tmp_path / name for name in ("one.svg", "two.svg")]
    for picture in pictures:
        draw([OUTCOME, msgspec.structs.replace(OUTCOME, database="postgresql", confirmed=None)], picture)
    text = pictures[0].read_text()
    assert ">SQLite: p95, ms</text>" in text
    assert text.count(">100/s held for 60 s</text>") == 1
    assert text.count(">acknowledged 20.0 ms</text>") == text.count(">buttons 30.0 ms</text>") == 1
    assert ">PostgreSQL and Redis: p95, ms</text>" in text
    assert text.count(">no rate held</text>") == 1
    assert ">50 ms</text>" in text
    assert ">100 ms</text>" in text
    assert pictures[1].read_text() == text


def test_a_rate_that_was_tried_twice_makes_no_zigzag_and_the_long_rounds_are_not_joined(tmp_path: Path) -> None:
    rates = ((100.0, 10.0), (150.0, 10.0), (225.0, 10.0), (225.0, 10.0), (188.0, 10.0), (135.0, 60.0))
    slow = msgspec.structs.replace(GOOD, shown=Times(p50=80.0, p95=300.0))
    rounds = tuple(msgspec.structs.replace(slow, rate=rate, seconds=seconds) for rate, seconds in rates)
    draw([msgspec.structs.replace(OUTCOME, rounds=rounds)], tmp_path / "load.svg")
    joined = re.findall(r'<path d="([^"]+)"[^>]+stroke-opacity: 0.6', (tmp_path / "load.svg").read_text())
    assert len(joined) == 2
    for line in joined:
        places = [float(place) for place in re.findall(r"[ML] (\S+)", line)]
        assert len(places) == 4
        assert places == sorted(places)


def test_each_panel_has_rates_of_its_own(tmp_path: Path) -> None:
    fast = msgspec.structs.replace(GOOD, rate=7_000.0)
    much = msgspec.structs.replace(OUTCOME, rounds=(msgspec.structs.replace(GOOD, rate=6_000.0), fast), confirmed=fast)
    draw([much, msgspec.structs.replace(OUTCOME, database="postgresql")], tmp_path / "load.svg")
    text = (tmp_path / "load.svg").read_text()
    assert text.count(">7000</text>") == 1
    assert text.count(">140</text>") == 1


def test_the_picture_is_drawn_from_the_file_of_the_last_run(tmp_path: Path) -> None:
    results = msgspec.json.decode(RESULTS.read_bytes(), type=Results)
    draw(results.outcomes, tmp_path / "load.svg")
    text = (tmp_path / "load.svg").read_text()
    confirmed = [each.confirmed for each in results.outcomes if each.confirmed is not None]
    assert all(f">{each.rate:.0f}/s held for {each.seconds:.0f} s</text>" in text for each in confirmed)
    assert confirmed
