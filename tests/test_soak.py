"""A short soak by the front door; and that what grows is seen."""

import re
import sys
from asyncio import create_subprocess_exec, subprocess

import pytest

from benchmarks.program import ROOT
from benchmarks.soak.figures import Figures, Growth, ServerFigures, broken, of_process, slope
from benchmarks.soak.samples import ProcessSample

STEADY = Growth(first=20, last=21)


def sample(number: int, **more: float) -> ProcessSample:
    usual = {"at": 5.0 * number, "resident_mb": 100.0, "files": 30, "tasks": 12, "lag": 0.001}
    return ProcessSample(**{**usual, **more})  # type: ignore[arg-type]


def figures(
    samples: list[ProcessSample],
    *,
    connections: Growth = STEADY,
    redis: float = 0.5,
    table: str = "chat_contexts",
    rows: int = 5_000,
) -> Figures:
    return Figures(
        minutes=10,
        warm_up_minutes=5,
        said=100,
        answered=100,
        processes=(of_process("worker-1", samples),),
        servers=ServerFigures(
            postgres_connections=connections, redis_clients=STEADY, redis_mb=STEADY, redis_slope=redis
        ),
        rows={table: (100, rows)},
    )


def test_the_slope_is_that_of_most_pairs() -> None:
    line = [(float(at), 100.0 + at / 3600) for at in range(0, 600, 5)]
    assert slope([*line, (601.0, 500.0)]) * 3600 == pytest.approx(1.0)


def test_what_stays_as_it_is_breaks_no_promise() -> None:
    noisy = [sample(number, resident_mb=100.0 + number % 3, files=30 + number % 2) for number in range(120)]
    assert broken(figures(noisy)) == []


@pytest.mark.parametrize(
    ("growing", "told"),
    [
        ("resident_mb", r"worker-1 grows by \d+\.\d MB an hour"),
        ("files", "worker-1 keeps files open"),
        ("tasks", "worker-1 keeps tasks"),
    ],
)
def test_what_grows_is_told(growing: str, told: str) -> None:
    samples = [sample(number, **{growing: 100.0 + number / 20}) for number in range(120)]
    [sentence] = broken(figures(samples))
    assert re.fullmatch(told, sentence)


def test_what_the_servers_keep_is_told() -> None:
    samples = [sample(number) for number in range(120)]
    kept = figures(samples, connections=Growth(first=20, last=40))
    assert broken(kept) == ["connections to PostgreSQL are not given back"]
    assert broken(figures(samples, redis=9.0)) == ["Redis grows by 9.0 MB an hour"]
    assert broken(figures(samples, table="reply_parts", rows=21)) == ["reply_parts grows"]
    assert broken(figures(samples, table="reply_parts", rows=20)) == []


@pytest.mark.timeout(175)
async def test_a_short_soak_looks_at_every_process() -> None:
    short = ("--minutes", "0.3", "--warm-up", "0.1", "--bots", "5", "--chats", "50", "--seed", "7")
    process = await create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.soak", *short), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    shown, _ = await process.communicate()
    said = shown.decode()
    assert re.search(r"^\| worker-3 \| [\d.]+ → [\d.]+ MB \|", said, re.MULTILINE), said
    assert re.search(r"^\| `chat_contexts` \| [\d,]+ \| [\d,]+ \|$", said, re.MULTILINE), said
    assert "BROKEN" not in said
    # Caches and pools fill in so short a time; what is done leaves neither tasks nor rows.
    (kept,) = re.findall(r"Promises not kept: (.*)\.$", said, re.MULTILINE)
    others = [each for each in kept.split("; ") if not re.search("MB an hour|files open|not given back|none", each)]
    assert others == [], said
