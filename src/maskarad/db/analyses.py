"""What the local analyser has found out, by the hash of the text: JSON that only `memory/` understands."""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, Executable, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.lists import pieces
from maskarad.db.tables import analysis_cache

KEPT = 7 * 86_400.0
ERASED_KEPT = 3_600.0
"""Seconds in which nobody writes again what was erased: longer than any process waits to write what it has found."""

_ERASED = ""

_GET = select(analysis_cache.c.text_hash, analysis_cache.c.analysis).where(
    analysis_cache.c.text_hash.in_(bindparam("hashes", expanding=True)), analysis_cache.c.analysis != _ERASED
)
_PUT = {
    "sqlite": sqlite.insert(analysis_cache).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(analysis_cache).on_conflict_do_nothing(),
}
_FORGET = delete(analysis_cache).where(analysis_cache.c.created_at < bindparam("before"))


def _erase(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    new = insert(analysis_cache)
    erased = {each: new.excluded[each.name] for each in (analysis_cache.c.analysis, analysis_cache.c.created_at)}
    return new.on_conflict_do_update(index_elements=[analysis_cache.c.text_hash], set_=erased)


_ERASE = {"sqlite": _erase(sqlite.insert), "postgresql": _erase(postgresql.insert)}


def get(connection: Connection, hashes: Iterable[str]) -> dict[str, str]:
    """Those that are known."""
    found: dict[str, str] = {}
    for some in pieces(hashes):
        found |= {row.text_hash: row.analysis for row in connection.execute(_GET, {"hashes": some})}
    return found


def put(connection: Connection, analyses: Sequence[tuple[str, str]], *, now: float) -> None:
    """Hash and analysis of each; one that is there stays as it is, and one that was just erased stays away."""
    # In one order, so that two processes that write the same ones do not wait for each other in a circle.
    rows = [{"text_hash": key, "analysis": analysis, "created_at": now} for key, analysis in sorted(analyses)]
    if rows:
        connection.execute(_PUT[connection.dialect.name], rows)


def forget(connection: Connection, *, before: float) -> int:
    """Drop what was found out before; returns how many."""
    return connection.execute(_FORGET, {"before": before}).rowcount


def erase(connection: Connection, hashes: Iterable[str], *, now: float) -> None:
    """Nothing is known of these, and for `ERASED_KEPT` seconds no process that still has one in memory brings it
    back."""
    # As old as what is soon forgotten: the clean-up asks for the time only.
    row = {"analysis": _ERASED, "created_at": now - KEPT + ERASED_KEPT}
    rows = [{"text_hash": key, **row} for key in sorted(set(hashes))]
    if rows:
        connection.execute(_ERASE[connection.dialect.name], rows)
