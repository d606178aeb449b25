"""Stacks that py-spy saw, cut down to what tells something, and the part of the platform that each belongs to."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

_LINE = re.compile(r"(?P<stack>.+) (?P<count>\d+)")
_FRAME = re.compile(r"(?P<function>.+) \((?P<file>[^()]+)\)")
_THREAD = re.compile(r"thread \([^)]*\): ?(?P<name>.*)")
_FOLDERS = re.compile(r".*/(?:site-packages|src|lib/python3\.\d+)/")

_BELOW = ("uvloop/__init__.py", "asyncio/runners.py", "threading.py", "concurrent/futures/thread.py")
"""Up to the last of these a stack only says how its thread was started."""

EVENT_LOOP = "event loop"
HTTP = "HTTP and polling"
REST = "other"

_PARTS: Sequence[tuple[str, Sequence[str]]] = (
    ("reading updates", ("maskarad/telegram/read", "maskarad/telegram/content", "maskarad/telegram/clean")),
    (
        HTTP,
        ("maskarad/telegram/transport", "maskarad/telegram/api", "maskarad/telegram/poll", "maskarad/telegram/wire"),
    ),
    ("intake", ("maskarad/telegram/handling", "maskarad/intake/", "maskarad/route", "maskarad/controls/")),
    ("sending", ("maskarad/telegram/", "maskarad/delivery/")),
    ("database", ("maskarad/db/", "sqlalchemy/", "asyncpg/")),
    ("model client", ("maskarad/llm/", "openai/", "httpx/", "httpx_aiohttp/", "pydantic/")),
    ("turn", ("maskarad/turn/",)),
    ("manager bot", ("maskarad/manager/", "maskarad/texts")),
    ("jobs", ("maskarad/jobs/",)),
    ("caches", ("maskarad/cache", "maskarad/snapshots", "cashews/", "redis/")),
    ("platform", ("maskarad/",)),
)
_SHARED: Sequence[tuple[str, Sequence[str]]] = (
    (HTTP, ("aiohttp/", "telegram/", "yarl/", "multidict/")),
    (EVENT_LOOP, ("asyncio/", "uvloop/", "contextlib", "selectors")),
)
"""Libraries that several parts use: their time is that of the part which called, and theirs where nobody did (what the
loop hands to a connection that has data)."""

PARTS = (*(name for name, _ in _PARTS), EVENT_LOOP, REST)


class Frame(msgspec.Struct, frozen=True):
    function: str
    file: str
    """Relative to the folder that packages are found in; "" for a thread."""


T = TypeVar("T")
Stack = tuple[Frame, ...]
"""From the outermost in; the first is the thread."""


def read_stacks(raw: str) -> Mapping[Stack, int]:
    """py-spy's `raw` format, with threads and without line numbers: how often each stack was seen."""
    counts: Counter[Stack] = Counter()
    for line in raw.splitlines():
        if found := _LINE.fullmatch(line):
            counts[_stack(found["stack"].split(";"))] += int(found["count"])
    return counts


def _stack(words: Sequence[str]) -> Stack:
    thread = Frame(function=_thread(words[0]), file="")
    frames = tuple(_frame(each) for each in words[1:])
    start = max((number for number, frame in enumerate(frames, 1) if frame.file in _BELOW), default=0)
    return (thread, *frames[start:])


def _thread(words: str) -> str:
    found = _THREAD.fullmatch(words)
    name = found["name"] if found else words
    return EVENT_LOOP if name == "MainThread" else re.sub(r"[-_ ]*\d+$", "", name) or "a thread"


def _frame(words: str) -> Frame:
    found = _FRAME.fullmatch(words)
    if found is None:
        return Frame(function=words, file="")
    return Frame(function=found["function"], file=_FOLDERS.sub("", found["file"]))


def part_of(stack: Stack) -> str:
    """The innermost frame of a part decides; where there is none, the innermost of a shared library."""
    frames = stack[1:]
    if not frames:
        return EVENT_LOOP
    return _first(frames, _PARTS) or _first(frames, _SHARED) or REST


def _first(frames: Stack, parts: Sequence[tuple[str, Sequence[str]]]) -> str | None:
    for frame in reversed(frames):
        for name, beginnings in parts:
            if frame.file.startswith(tuple(beginnings)):
                return name
    return None


def by_part(stacks: Mapping[Stack, int]) -> Mapping[str, float]:
    """Shares of 1, the largest first."""
    counts: Counter[str] = Counter()
    for stack, count in stacks.items():
        counts[part_of(stack)] += count
    return _shares(counts)


def by_function(stacks: Mapping[Stack, int]) -> Mapping[Frame, float]:
    """Shares of 1 of what was on top of the stack, the largest first."""
    counts: Counter[Frame] = Counter()
    for stack, count in stacks.items():
        counts[stack[-1]] += count
    return _shares(counts)


def _shares(counts: Counter[T]) -> Mapping[T, float]:
    total = counts.total()
    return {name: count / total for name, count in counts.most_common()}
