"""What a bot needs that lives in chats: counters, decisions, moods, summaries, patterns, preferences, statistics."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LINKS, MESSAGES = "chat_bot_instances", "chat_contexts"
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ZERO = sa.text("0")

LINK_COLUMNS: tuple[tuple[str, sa.types.TypeEngine[Any], sa.TextClause | None], ...] = (
    ("spoke_to", sa.BigInteger(), _ZERO),
    ("messages", sa.BigInteger(), _ZERO),
    ("own_messages", sa.BigInteger(), _ZERO),
    ("first_message_at", sa.Double(), _ZERO),
    ("last_message_at", sa.Double(), _ZERO),
    ("recent_own", sa.BigInteger(), _ZERO),
    ("recent_considered", sa.BigInteger(), _ZERO),
    ("bot_exchanges", sa.Integer(), _ZERO),
    ("chattiness", sa.Text(), None),
    ("time_zone", sa.Text(), None),
    ("quiet_from", sa.Integer(), None),
    ("quiet_until", sa.Integer(), None),
    ("flood_told_at", sa.Double(), _ZERO),
    ("mood_strength", sa.Double(), _ZERO),
    ("mood_held_until", sa.Double(), _ZERO),
    ("mood_reason", sa.Text(), None),
    ("liking", sa.Double(), _ZERO),
    ("liking_at", sa.Double(), _ZERO),
    ("reacted_at", sa.Double(), _ZERO),
    ("reactions", sa.Integer(), _ZERO),
    ("stir_at", sa.Double(), None),
    ("stirred_at", sa.Double(), _ZERO),
    ("stirs", sa.Integer(), _ZERO),
    ("stirs_day", sa.Integer(), _ZERO),
    ("ignored", sa.Integer(), _ZERO),
    ("learned_id", sa.BigInteger(), _ZERO),
    ("learned_messages", sa.BigInteger(), _ZERO),
    ("erasures", sa.BigInteger(), _ZERO),
    ("folded_order", sa.BigInteger(), None),
    ("folded_messages", sa.BigInteger(), _ZERO),
    ("fold_at", sa.Double(), _ZERO),
)
MESSAGE_COLUMNS: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("decision", sa.Text()),
    ("reply_to", sa.BigInteger()),
    ("forwarded_from", sa.Text()),
    ("edited_at", sa.Double()),
    ("html", sa.Text()),
    ("media", sa.Text()),
)
MESSAGE_FLAGS = ("imported", "counted")
TABLES = (
    "history_imports",
    "message_reactions",
    "chat_days",
    "interaction_patterns",
    "user_preferences",
    "analysis_cache",
    "conversation_summaries",
)

SPONTANEITY = {"sqlite": "json_extract(content, '$.spontaneity')", "postgresql": "content::json ->> 'spontaneity'"}

# The words of lines that have left the prompt's window, as stems: what is searched. A line that is erased, edited or
# moved to another link leaves the index in the same transaction, whoever does it.
INDEX = {
    "sqlite": (
        "CREATE VIRTUAL TABLE history_index USING fts5(words, tokenize = 'unicode61 remove_diacritics 0')",
        "CREATE TRIGGER history_index_erased AFTER DELETE ON chat_contexts "
        "BEGIN DELETE FROM history_index WHERE rowid = OLD.id; END",
        "CREATE TRIGGER history_index_changed AFTER UPDATE OF text, chat_bot_instance_id ON chat_contexts "
        "BEGIN DELETE FROM history_index WHERE rowid = OLD.id; END",
    ),
    "postgresql": (
        "CREATE TABLE history_index ("
        "id BIGINT CONSTRAINT pk_history_index PRIMARY KEY "
        "CONSTRAINT fk_history_index_id REFERENCES chat_contexts (id) ON DELETE CASCADE, words TSVECTOR NOT NULL)",
        # Written in the background, read while people wait: readers are not to sort in what writers left.
        "CREATE INDEX ix_history_index_words ON history_index USING gin (words) WITH (fastupdate = off)",
        "CREATE FUNCTION history_index_changed() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN DELETE FROM history_index WHERE id = OLD.id; RETURN NULL; END $$",
        "CREATE TRIGGER history_index_changed AFTER UPDATE OF text, chat_bot_instance_id ON chat_contexts "
        "FOR EACH ROW EXECUTE FUNCTION history_index_changed()",
    ),
}
NO_INDEX = {
    "sqlite": (
        "DROP TRIGGER history_index_changed",
        "DROP TRIGGER history_index_erased",
        "DROP TABLE history_index",
    ),
    "postgresql": (
        "DROP TRIGGER history_index_changed ON chat_contexts",
        "DROP FUNCTION history_index_changed()",
        "DROP TABLE history_index",
    ),
}


def upgrade() -> None:
    for name, kind, default in LINK_COLUMNS:
        op.add_column(LINKS, sa.Column(name, kind, nullable=default is None, server_default=default))
    for name, kind in MESSAGE_COLUMNS:
        op.add_column(MESSAGES, sa.Column(name, kind))
    for name in MESSAGE_FLAGS:
        op.add_column(MESSAGES, sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("reply_parts", sa.Column("silent", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("reply_parts", sa.Column("not_after", sa.Double()))
    op.add_column("persona_configs", sa.Column("spontaneity", sa.Text(), nullable=False, server_default="never"))
    op.add_column("usage_records", sa.Column("purpose", sa.Text(), nullable=False, server_default="turn"))
    _add_indexes()
    _add_memory()
    _add_statistics()
    _add_people()
    _count_messages()
    op.execute(f"UPDATE persona_configs SET spontaneity = coalesce({SPONTANEITY[op.get_bind().dialect.name]}, 'never')")
    for statement in INDEX[op.get_bind().dialect.name]:
        op.execute(statement)


def _add_indexes() -> None:
    stirs, decided = sa.text("stir_at IS NOT NULL"), sa.text("decision IS NOT NULL")
    op.create_index("ix_chat_bot_stir", LINKS, ["stir_at"], sqlite_where=stirs, postgresql_where=stirs)
    op.create_index("ix_chat_bot_last_message", LINKS, ["last_message_at"])
    unfolded = sa.text("messages - folded_messages >= 80")
    op.create_index("ix_chat_bot_unfolded", LINKS, ["id"], sqlite_where=unfolded, postgresql_where=unfolded)
    unlearned = sa.text("messages > learned_messages")
    op.create_index(
        "ix_chat_bot_unlearned", LINKS, ["last_message_at"], sqlite_where=unlearned, postgresql_where=unlearned
    )
    named, passed_on = ["forwarded_from"], sa.text("forwarded_from IS NOT NULL")
    op.create_index("ix_context_forwarded_from", MESSAGES, named, sqlite_where=passed_on, postgresql_where=passed_on)
    order = ["chat_bot_instance_id", "id"]
    live, not_imported = sa.text("imported = 0"), sa.text("imported = false")
    op.create_index("ix_context_live", MESSAGES, order, sqlite_where=live, postgresql_where=not_imported)
    columns = ["chat_bot_instance_id", "timestamp"]
    op.create_index("ix_context_decision", MESSAGES, columns, sqlite_where=decided, postgresql_where=decided)
    op.create_index("ix_usage_records_bot", "usage_records", ["bot_instance_id", "purpose", "created_at"])
    op.create_index("ix_usage_records_user", "usage_records", ["user_id"])


def _add_memory() -> None:
    op.create_table(
        "conversation_summaries",
        sa.Column("id", _KEY, primary_key=True),
        _link("conversation_summaries"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_order", sa.BigInteger(), nullable=False),
        sa.Column("to_order", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.UniqueConstraint("chat_bot_instance_id", "kind", "from_order", name="uq_conversation_summaries_place"),
    )
    op.create_table(
        "analysis_cache",
        sa.Column("text_hash", sa.Text(), primary_key=True),
        sa.Column("analysis", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
    )
    op.create_index("ix_analysis_cache_created_at", "analysis_cache", ["created_at"])
    op.create_table(
        "history_imports",
        _link("history_imports", primary_key=True),
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("read_messages", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double()),
    )


def _add_statistics() -> None:
    op.create_table(
        "chat_days",
        _link("chat_days", primary_key=True),
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("data", sa.Text(), nullable=False),
    )
    op.create_table(
        "interaction_patterns",
        _link("interaction_patterns", primary_key=True),
        sa.Column("user_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("treatment", sa.Double(), nullable=False, server_default=_ZERO),
        sa.Column("data", sa.Text(), nullable=False),
    )
    op.create_index("ix_interaction_patterns_user_id", "interaction_patterns", ["user_id"])
    op.create_index("ix_interaction_patterns_messages", "interaction_patterns", ["chat_bot_instance_id", "messages"])


def _add_people() -> None:
    persona = sa.ForeignKey("persona_configs.id", ondelete="CASCADE", name="fk_user_preferences_persona_config_id")
    op.create_table(
        "user_preferences",
        sa.Column("persona_config_id", _KEY, persona, primary_key=True),
        sa.Column("user_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("scope", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.Double(), nullable=False),
    )
    op.create_index("ix_user_preferences_user_id", "user_preferences", ["user_id"])
    persona_id, off = ["persona_config_id"], sa.text("value = 'off'")
    op.create_index(
        "ix_user_preferences_declined", "user_preferences", persona_id, sqlite_where=off, postgresql_where=off
    )
    op.create_table(
        "message_reactions",
        _link("message_reactions", primary_key=True),
        sa.Column("message_order", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("emoji", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("reacted_at", sa.Double(), nullable=False),
    )
    op.create_index("ix_message_reactions_user_id", "message_reactions", ["user_id"])
    op.create_index("ix_message_reactions_latest", "message_reactions", ["chat_bot_instance_id", "reacted_at"])


def _link(table: str, *, primary_key: bool = False) -> sa.Column[int]:
    link = sa.ForeignKey("chat_bot_instances.id", ondelete="CASCADE", name=f"fk_{table}_chat_bot_instance_id")
    return sa.Column("chat_bot_instance_id", _KEY, link, primary_key=primary_key, nullable=False)


def _count_messages() -> None:
    """Counters of the links that there are."""
    known = "FROM chat_contexts WHERE chat_bot_instance_id = chat_bot_instances.id AND text <> ''"
    op.execute(
        f"UPDATE chat_bot_instances SET messages = (SELECT count(*) {known}), "
        f"own_messages = (SELECT count(*) {known} AND from_persona), "
        f"first_message_at = coalesce((SELECT min(timestamp) {known}), 0), "
        f"last_message_at = coalesce((SELECT max(timestamp) {known} AND NOT from_persona), 0)"
    )


def downgrade() -> None:
    for statement in NO_INDEX[op.get_bind().dialect.name]:
        op.execute(statement)
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("ix_usage_records_user", "usage_records")
    op.drop_index("ix_usage_records_bot", "usage_records")
    op.drop_index("ix_context_live", MESSAGES)
    op.drop_index("ix_context_forwarded_from", MESSAGES)
    op.drop_index("ix_context_decision", MESSAGES)
    op.drop_index("ix_chat_bot_unlearned", LINKS)
    op.drop_index("ix_chat_bot_unfolded", LINKS)
    op.drop_index("ix_chat_bot_last_message", LINKS)
    op.drop_index("ix_chat_bot_stir", LINKS)
    op.drop_column("usage_records", "purpose")
    op.drop_column("persona_configs", "spontaneity")
    op.drop_column("reply_parts", "not_after")
    op.drop_column("reply_parts", "silent")
    for name in reversed(MESSAGE_FLAGS):
        op.drop_column(MESSAGES, name)
    for name, _ in reversed(MESSAGE_COLUMNS):
        op.drop_column(MESSAGES, name)
    for name, _, _ in reversed(LINK_COLUMNS):
        op.drop_column(LINKS, name)
