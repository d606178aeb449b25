"""A history on PostgreSQL of as many lines as wanted, fast: past triggers, and indexed afterwards."""

from sqlalchemy import Connection, text

from maskarad.db import partitions

LINKS = 200

_INDEXES = text(
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' "
    "AND tablename IN ('chat_contexts', 'history_index') AND indexname NOT LIKE 'pk_%'"
)
_LINES = """
INSERT INTO chat_contexts
  (chat_bot_instance_id, message_order, chat_id, user_id, user_name, from_persona, text, timestamp)
SELECT 1 + n % {links}, 1 + n / {links}, -(1 + n % {links}), 1 + n % 5003, 'Bob', n % 7 = 0,
  'we drank tea until the kettle was empty ' || n, n
FROM generate_series({first}, {last}) AS n
"""
_WORDS = """
INSERT INTO history_index (id, words)
SELECT id, CAST('l' || chat_bot_instance_id || 'xword' || message_order / 16 AS tsvector) FROM chat_contexts
WHERE id > {after} AND message_order % 8 = 0
"""


def make_room(connection: Connection, *, lines: int, width: int, logged: bool = True) -> None:
    """Partitions for so many lines beyond those that there are."""
    lower = partitions.every(connection)[-1].upper
    kind = "TABLE" if logged else "UNLOGGED TABLE"
    for start in range(lower, lower + lines, width):
        bounds = f"FOR VALUES FROM ({start}) TO ({start + width})"
        connection.exec_driver_sql(f"CREATE {kind} {partitions.name_from(start)} PARTITION OF chat_contexts {bounds}")


def fill(connection: Connection, *, first: int, last: int, links: int = LINKS) -> None:
    """Lines number `first` to `last`, in turn of the links 1 to `links`, a second apart; every eighth of a link is in
    the index of words. They are neither learned nor folded. Only a superuser may do this."""
    indexes = connection.execute(_INDEXES).all()
    after = connection.execute(text("SELECT coalesce(max(id), 0) FROM chat_contexts")).scalar_one()
    _run(
        connection,
        "SET LOCAL session_replication_role = replica",
        "SET LOCAL maintenance_work_mem = '256MB'",
        *(f"DROP INDEX {each.indexname}" for each in indexes),
        _LINES.format(links=links, first=first, last=last),
        *(each.indexdef.replace(" ON ONLY ", " ON ") for each in indexes),
        _WORDS.format(after=after),
        "SET LOCAL session_replication_role = DEFAULT",
    )


def _run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
