"""What the local analyser has found out, by the hash of the text: JSON that only `memory/` understands."""

from collections.abc import Iterable, Sequence
from itertools import islice

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.tables import analysis_cache

_AT_ONCE = 500
"""Hashes of one statement: databases bound the number of parameters."""

_GET = select(analysis_cache.c.text_hash, analysis_cache.c.analysis).where(
    analysis_cache.c.text_hash.in_(bindparam("hashes", expanding=True))
)
_PUT = {
    "sqlite": sqlite.insert(analysis_cache).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(analysis_cache).on_conflict_do_nothing(),
}
_FORGET = delete(analysis_cache).where(analysis_cache.c.created_at < bindparam("before"))
_ERASE = delete(analysis_cache).where(analysis_cache.c.text_hash.in_(bindparam("hashes", expanding=True)))


def get(connection: Connection, hashes: Iterable[str]) -> dict[str, str]:
    """Those that are known."""
    found: dict[str, str] = {}
    for some in _some_at_once(hashes):
        found |= {row.text_hash: row.analysis for row in connection.execute(_GET, {"hashes": some})}
    return found


def put(connection: Connection, analyses: Sequence[tuple[str, str]], *, now: float) -> None:
    """Hash and analysis of each; one that is there stays as it is."""
    # In one order, so that two processes that write the same ones do not wait for each other in a circle.
    rows = [{"text_hash": key, "analysis": analysis, "created_at": now} for key, analysis in sorted(analyses)]
    if rows:
        connection.execute(_PUT[connection.dialect.name], rows)


def forget(connection: Connection, *, before: float) -> int:
    """Drop what was found out before; returns how many."""
    return connection.execute(_FORGET, {"before": before}).rowcount


def erase(connection: Connection, hashes: Iterable[str]) -> int:
    """Returns how many there were."""
    return sum(connection.execute(_ERASE, {"hashes": some}).rowcount for some in _some_at_once(hashes))


def _some_at_once(hashes: Iterable[str]) -> Iterable[list[str]]:
    waiting = iter(hashes)
    while some := list(islice(waiting, _AT_ONCE)):
        yield some
