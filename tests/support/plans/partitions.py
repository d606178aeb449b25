"""Partitions in PostgreSQL's plans: what is done to each of them alike is shown once, with the names of the table that
they are parts of."""

import re
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from maskarad.values import Value

_PARTS = text(
    "SELECT part.relname, whole.relname FROM pg_inherits i JOIN pg_class part ON part.oid = i.inhrelid "
    "JOIN pg_class whole ON whole.oid = i.inhparent"
)
_FILLED = text(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
    "AND (NOT relispartition OR pg_relation_size(oid) > 0)"
)
_EMPTY = text(
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE c.relkind = 'r' AND pg_relation_size(c.oid) = 0"
)
_MODIFIED = re.compile(r"^ +(?:Update|Delete) on \w+ \w+_\d+$")
_SCANNED = re.compile(r" on (\w+) (\w+)_\d+$", re.MULTILINE)
_READ = re.compile(r"Seq Scan on (\w+)")
_CHILD = re.compile(r"^( *)->  ")


def analyze(connection: Connection) -> None:
    """All but empty partitions, which the server does not look at by itself: the planner takes them for some pages."""
    filled = ", ".join(connection.execute(_FILLED).scalars()) if connection.dialect.name == "postgresql" else ""
    connection.execute(text(f"ANALYZE {filled}"))


class Parts(Value, frozen=True):
    wholes: Mapping[str, str]
    """The names of tables and indexes by those of their partitions."""
    empty: frozenset[str]


def parts(connection: Connection) -> Parts:
    wholes = {row[0]: row[1] for row in connection.execute(_PARTS)}
    return Parts(wholes=wholes, empty=frozenset(connection.execute(_EMPTY).scalars()))


def shown_once(plan: str, parts: Parts) -> str:
    """A plan with what is done to several partitions alike standing once. Where it is made anew for each value, an
    empty partition may well be read from end to end; a lasting plan would go on doing so when it is full."""
    wholes = parts.wholes
    if "$" not in plan:
        plan = "\n".join(_without_empty(plan.splitlines(), parts.empty))
    aliases = {alias for part, alias in _SCANNED.findall(plan) if part in wholes}
    lines = [line for line in plan.splitlines() if not _MODIFIED.match(line)]
    text_of = _SCANNED.sub(lambda found: _whole(found, wholes), "\n".join(lines))
    for alias in aliases:
        text_of = re.sub(rf"\b{alias}_\d+\.", f"{alias}.", text_of)
    text_of = re.sub(r"\w+", lambda word: wholes.get(word[0], word[0]), text_of)
    return "\n".join(_without_repeats(text_of.splitlines()))


def _without_empty(lines: list[str], empty: frozenset[str]) -> Iterator[str]:
    while lines:
        child = _CHILD.match(lines[0])
        read = _READ.search(lines[0])
        if child is None or read is None or read[1] not in empty:
            yield lines.pop(0)
            continue
        lines.pop(0)
        while lines and len(lines[0]) - len(lines[0].lstrip()) > len(child[1]):
            lines.pop(0)


def _whole(found: re.Match[str], wholes: Mapping[str, str]) -> str:
    part, alias = found.groups()
    if part not in wholes:
        return found[0]
    return f" on {wholes[part]}" + ("" if alias == wholes[part] else f" {alias}")


def _without_repeats(lines: list[str]) -> Iterator[str]:
    seen: dict[int, list[str]] = {}
    while lines:
        child = _CHILD.match(lines[0])
        if child is None:
            yield lines.pop(0)
            continue
        depth = len(child[1])
        seen = {each: subtree for each, subtree in seen.items() if each <= depth}
        subtree = [lines.pop(0)]
        while lines and len(lines[0]) - len(lines[0].lstrip()) > depth:
            subtree.append(lines.pop(0))
        if seen.get(depth) == subtree:
            continue
        seen[depth] = subtree
        yield subtree[0]
        yield from _without_repeats(subtree[1:])
