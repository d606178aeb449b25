"""`docs/database.md`: every hot query with its statements and plans, as both databases tell them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.plans.explain import Planned, scanned, shape
from tests.support.plans.hot import Hot
from tests.support.plans.paths import HOT, PATHS, Plans

FILE = Path(__file__).parents[3] / "docs" / "database.md"

_VALUES = re.compile(r"\((?:\?|\$\d+::\w+)(?:, (?:\?|\$\d+::\w+))*\)")

TOP = """\
# What the database is asked

Every query of the hot paths, as the database gets it, and how it finds its rows. This page is made by
`python -m tests.support.plans` from the queries themselves; nothing on it is typed.
[tests/db/test_plans.py](../tests/db/test_plans.py) fails when a query here reads a table from end to end that it may
not, when it sorts where it should not, and when this page does not show what the code sends or what the databases plan
(which index, scan or sort; not what they wrote beside it). That a running platform sends on these paths nothing that
is missing here is held by [tests/journeys/test_budgets.py](../tests/journeys/test_budgets.py), which also counts the
statements.

The tables are in [tables.py](../src/maskarad/db/tables.py). There is no ORM: a relationship cannot be loaded behind
anybody's back, because there are none ([tests/test_imports.py](../tests/test_imports.py) keeps `sqlalchemy.orm` out).

The plans are of a crowded platform ([crowd.py](../tests/support/plans/crowd.py)): thousands of users, personas, bots
and links, one link with thousands of messages, all tables analyzed. On SQLite they are the same without statistics,
which is how it runs. PostgreSQL plans a prepared statement for its values five times and then keeps the general plan
unless that is dearer: shown is what it settles on, with `$1` where it is the general one, with values where it goes on
planning for them. `sqlite_autoindex_…` is SQLite's name for the index of a primary key or of a constraint, such as
`_chat_bot_uc` on `chat_bot_instances`.

## What may be read from end to end

{scans}

## Which index serves what

{indexes}
"""


def page(plans: Mapping[str, Plans]) -> str:
    """The whole page, from the plans by the database's name."""
    top = TOP.format(scans="\n".join(_scans(plans)), indexes="\n".join(_indexes(plans)))
    paths = (block for title, queries in PATHS.items() for block in _path(title, queries, plans))
    return "\n".join([top, *paths])


def essence(text: str) -> str:
    """The page with each plan replaced by its shape, for comparing pages that different machines made."""
    return re.sub(r"(?<=```text\n).*?(?=\n```)", lambda plan: "\n".join(shape(plan[0])), text, flags=re.DOTALL)


def statements_of(name: str, text: str) -> set[str]:
    """The statements that a page shows of a database, as `bare` makes them."""
    blocks = re.findall(r"^(\w+):$|```sql\n(.*?)\n```", text, flags=re.DOTALL | re.MULTILINE)
    found, of = set(), ""
    for heading, statement in blocks:
        of = heading or of
        if statement and of == name:
            found.add(bare(statement))
    return found


def bare(statement: str) -> str:
    """A statement without the number of its values: as many are sent as there are ids to ask for."""
    return _VALUES.sub("(…)", "\n".join(line.rstrip() for line in statement.splitlines()))


def _scans(plans: Mapping[str, Plans]) -> Iterator[str]:
    """A line for each query that may scan, and does."""
    for query in HOT:
        found = {name: _scanned(each[query.name]) & query.may_scan for name, each in plans.items()}
        if any(found.values()):
            on = ", ".join(name for name, tables in found.items() if tables)
            yield f"- `{query.name}` ({on}): {query.cheap}"


def _scanned(planned: list[Planned]) -> set[str]:
    return {table for each in planned for table in scanned(each.plan)}


def _indexes(plans: Mapping[str, Plans]) -> Iterator[str]:
    """A table: index or key, and the queries that each database answers with it."""
    yield f"| index or key | {' | '.join(plans)} |"
    yield f"|---|{'---|' * len(plans)}"
    users = {name: _users(each) for name, each in plans.items()}
    for index in sorted({index for each in users.values() for index in each}):
        cells = (", ".join(f"`{user}`" for user in each.get(index, [])) for each in users.values())
        yield f"| {index} | {' | '.join(cells)} |"


def _users(plans: Plans) -> dict[str, list[str]]:
    """The names of the queries by the index or key that they use."""
    users: dict[str, list[str]] = {}
    for query in HOT:
        used = {way for each in plans[query.name] for way in shape(each.plan) if way.startswith(("index ", "key "))}
        for way in used:
            users.setdefault(way.removeprefix("index "), []).append(query.name)
    return users


def _path(title: str, queries: tuple[Hot, ...], plans: Mapping[str, Plans]) -> Iterator[str]:
    yield f"## {title}\n"
    for query in queries:
        yield f"### {query.name}\n\n{query.purpose}\n\nWhy it is cheap: {query.cheap}\n"
        for name, found in plans.items():
            yield f"{name}:\n"
            yield from (_block(each) for each in found[query.name])


def _block(planned: Planned) -> str:
    statement = "\n".join(line.rstrip() for line in planned.statement.splitlines())
    plan = planned.plan or "(a row is added: nothing is searched)"
    return f"```sql\n{statement}\n```\n```text\n{plan}\n```\n"
