"""The tables. Their names, and those of the named indexes and constraints, are the seeds' (DESIGN, section 5).

Every time is a double of Unix seconds, so that both databases compare and index it alike. There are no ORM
relationships: a query that is not written in this package cannot happen.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigKey: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
"""A growing 64-bit key: SQLite counts up only in a column that is called INTEGER."""

platform_identity = Table("platform_identity", metadata, Column("id", Text, primary_key=True))
"""One row, made with the database: what keeps two platforms apart that share a Redis."""

users = Table(
    "users",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("username", Text),
    Column("language", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Index("ix_users_username", "username"),
)

persona_configs = Table(
    "persona_configs",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("owner_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    UniqueConstraint("owner_id", "name_key", name="uq_persona_configs_owner_name"),
    Index("ix_persona_configs_changed_at", "changed_at"),
)

bot_instances = Table(
    "bot_instances",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column(
        "persona_config_id",
        BigKey,
        ForeignKey("persona_configs.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("telegram_id", BigInteger, nullable=False, unique=True),
    Column("username", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("public_id", Text, nullable=False, unique=True),
    Column("secret", Text, nullable=False),
    Column("access", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("sees_all_group_messages", Boolean, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("conflict_told_at", Double),
    Column("model_failure_told_at", Double),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Index("ix_bot_instances_changed_at", "changed_at"),
)

bot_whitelist = Table(
    "bot_whitelist",
    metadata,
    Column("bot_instance_id", BigKey, ForeignKey("bot_instances.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
)

chat_bot_instances = Table(
    "chat_bot_instances",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("bot_instance_id", BigKey, ForeignKey("bot_instances.id", ondelete="CASCADE"), nullable=False),
    Column("chat_type", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("muted", Boolean, nullable=False, server_default=text("false")),
    Column("current_mood", Text, nullable=False, server_default="neutral"),
    Column("mood_set_at", Double),
    # The way of a turn: messages that ask for an answer count `asked` up, a finished turn sets `answered` to what
    # it saw, and `parts` is how many rows of the outbox are still to be sent. Work is due while asked > answered
    # or parts > 0, from `due_at` on, for whoever holds the claim.
    Column("asked", BigInteger, nullable=False, server_default=text("0")),
    Column("answered", BigInteger, nullable=False, server_default=text("0")),
    Column("parts", Integer, nullable=False, server_default=text("0")),
    Column("due_at", Double, nullable=False, server_default=text("0")),
    # In a row: turns that the model failed, and tries after which the work was postponed.
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("claim", Text),
    Column("lease_until", Double, nullable=False, server_default=text("0")),
    # When the persona last spoke here, and when it was last asked whether an unaddressed message is for it.
    Column("spoke_at", Double, nullable=False, server_default=text("0")),
    Column("pondered_at", Double, nullable=False, server_default=text("0")),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("chat_id", "bot_instance_id", name="_chat_bot_uc"),
    Index("ix_chat_bot_active", "chat_id", "active"),
    Index("ix_chat_bot_instance", "bot_instance_id", "active"),
)
Index(
    "ix_chat_bot_due",
    chat_bot_instances.c.due_at,
    sqlite_where=(chat_bot_instances.c.asked > chat_bot_instances.c.answered) | (chat_bot_instances.c.parts > 0),
    postgresql_where=(chat_bot_instances.c.asked > chat_bot_instances.c.answered) | (chat_bot_instances.c.parts > 0),
)

chat_contexts = Table(
    "chat_contexts",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column(
        "chat_bot_instance_id",
        BigKey,
        ForeignKey("chat_bot_instances.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("message_order", BigInteger, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("from_persona", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("timestamp", Double, nullable=False),
    # The value of the link's `asked` that this message made; empty where it asked for nothing. `addressed` is false
    # where the persona is only to consider whether the message is for it.
    Column("asked", BigInteger),
    Column("addressed", Boolean, nullable=False, server_default=text("false")),
    # A forgotten message stays for a while as a row of nobody (user 0) without text, so that it is known if it comes
    # again.
    Index("ix_context_chat_order", "chat_bot_instance_id", "message_order", unique=True),
    Index("idx_messages_chat", "chat_id"),
    Index("idx_messages_time", "timestamp"),
    Index("idx_messages_user", "user_id"),
)

reply_parts = Table(
    "reply_parts",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column(
        "chat_bot_instance_id",
        BigKey,
        ForeignKey("chat_bot_instances.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text),
    Column("reply_to", BigInteger),
)

usage_records = Table(
    "usage_records",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("owner_id", BigInteger, nullable=False),
    Column("persona_config_id", BigInteger, nullable=False),
    Column("bot_instance_id", BigInteger, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("model", Text, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("latency", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Index("ix_usage_records_owner", "owner_id", "created_at"),
)

wizard_states = Table(
    "wizard_states",
    metadata,
    Column("bot_instance_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("changed_at", Double, nullable=False),
)

seen_updates = Table(
    "seen_updates",
    metadata,
    Column("bot_instance_id", BigInteger, primary_key=True, autoincrement=False),
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seen_at", Double, nullable=False),
    Index("ix_seen_updates_seen_at", "seen_at"),
)
