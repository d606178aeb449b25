"""What the two documents promise, what was to be reached, and what was measured: the first table of the page."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from benchmarks.figures import Figure, Workload


class Promise(msgspec.Struct, frozen=True):
    """`seed` is the documents' figure, empty where they have none; workload and question lead to ours."""

    what: str
    seed: str
    workload: str
    question: str


PROMISES = (
    Promise(
        "Button, until answered and shown, p95 at 100 presses a second",
        "100–300 ms",
        "navigation",
        "100 presses a second, p95, Maskarad",
    ),
    Promise("Statements a press, everything in memory", "", "walks", "walks that follow, Maskarad"),
    Promise(
        "Statements a press, first walks included, fewer than before",
        "70–80 %",
        "walks",
        "all walks together, fewer than before",
    ),
    Promise("CPU a press, before ÷ Maskarad", "3–5 ×", "navigation", "CPU a press, 10 at once, before ÷ Maskarad"),
    Promise(
        "… with the bots of the before kept",
        "3–5 ×",
        "navigation",
        "CPU a press, 10 at once, before, bots kept ÷ Maskarad",
    ),
    Promise("CPU an answered message, before ÷ Maskarad", "3–5 ×", "message", "CPU, before ÷ Maskarad"),
    Promise("… with the bots of the before kept", "3–5 ×", "message", "CPU, before, bots kept ÷ Maskarad"),
    Promise(
        "Memory of one more polling bot, less than before", "30–40 %", "start", "one more polling bot, less than before"
    ),
    Promise(
        "… less than an Application of python-telegram-bot",
        "",
        "start",
        "one more polling bot, less than an Application of python-telegram-bot",
    ),
    Promise(
        "Context of 1,000 messages read, before ÷ Maskarad",
        "3–4 ×",
        "history",
        "reading the context, 1000 messages, before ÷ Maskarad, SQLite",
    ),
    Promise(
        "… of 1,000,000 messages",
        "3–4 ×",
        "history",
        "reading the context, 1000000 messages, before ÷ Maskarad, SQLite",
    ),
    Promise(
        "Message written to a history of 1,000, before ÷ Maskarad",
        "3–4 ×",
        "history",
        "writing a message, 1000 messages, before ÷ Maskarad, SQLite",
    ),
    Promise(
        "Context read, 1,000,000 ÷ 1,000 messages, SQLite",
        "",
        "history",
        "reading the context, Maskarad, SQLite, 1000000 ÷ 1000 messages",
    ),
    Promise("… PostgreSQL", "", "history", "reading the context, Maskarad, PostgreSQL, 1000000 ÷ 1000 messages"),
    Promise("CPU a press, Maskarad ÷ floor", "", "navigation", "CPU a press, 10 at once, Maskarad ÷ floor"),
    Promise(
        "CPU of a group message without reply, Maskarad ÷ floor", "", "group", "CPU, one at a time, Maskarad ÷ floor"
    ),
    Promise("… by webhook", "", "webhook", "CPU, 40 at once, Maskarad ÷ floor"),
    Promise("CPU an answered message, everything stored", "", "message", "CPU per answered message, everything stored"),
    Promise("Resident, 1 bot", "", "memory", "resident, idle, 1 bot"),
    Promise("Resident, 1,000 bots", "", "memory", "resident, idle, 1000 bots"),
)


def found(workloads: Sequence[Workload]) -> Iterator[tuple[Promise, Figure | None]]:
    """Each promise with its figure; None: it was not measured."""
    by_name: Mapping[tuple[str, str], Figure] = {
        (workload.name, each.question): each for workload in workloads for each in workload.figures
    }
    for promise in PROMISES:
        yield promise, by_name.get((promise.workload, promise.question))
