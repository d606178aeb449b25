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
    false,
    literal_column,
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

platform_identity = Table(
    "platform_identity",
    metadata,
    Column("id", Text, primary_key=True),
    # The oldest code, by the revision it was written for, that may work on this schema.
    Column("oldest_code", Text, nullable=False, server_default="0004"),
    # Sealed with the secret key by the first process: whoever cannot open it has another key.
    Column("key_check", Text),
)
"""One row, made with the database: what keeps two platforms apart that share a Redis."""

users = Table(
    "users",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("username", Text),
    Column("language", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    # When an operator stopped this user: neither heard nor served, and no bot of theirs either.
    Column("stopped_at", Double),
    # When they were last told so.
    Column("stop_told_at", Double),
    Index("ix_users_username", "username"),
)
Index(
    "ix_users_stopped_at",
    users.c.stopped_at,
    sqlite_where=users.c.stopped_at.is_not(None),
    postgresql_where=users.c.stopped_at.is_not(None),
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
    # How often it speaks unasked, as in `content`, so that links can be chosen by it.
    Column("spontaneity", Text, nullable=False, server_default="never"),
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
    # When an operator stopped it: only an operator lets it go on. One that was stopped with its owner goes on with its
    # owner, too.
    Column("stopped_at", Double),
    Column("stopped_with_owner", Boolean, nullable=False, server_default=text("false")),
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
    # Whom it last answered (a user at Telegram); 0: nobody in particular.
    Column("spoke_to", BigInteger, nullable=False, server_default=text("0")),
    Column("pondered_at", Double, nullable=False, server_default=text("0")),
    Column("created_at", Double, nullable=False),
    # Counted in the transaction that stores a message, so that statistics never count rows.
    Column("messages", BigInteger, nullable=False, server_default=text("0")),
    Column("own_messages", BigInteger, nullable=False, server_default=text("0")),
    Column("first_message_at", Double, nullable=False, server_default=text("0")),
    # When a person last wrote here; what the persona says is in `spoke_at`.
    Column("last_message_at", Double, nullable=False, server_default=text("0")),
    # One bit a message, the newest lowest: the last 20 that are the persona's own, the last 60 that the model was asked
    # to consider.
    Column("recent_own", BigInteger, nullable=False, server_default=text("0")),
    Column("recent_considered", BigInteger, nullable=False, server_default=text("0")),
    # Answers to other bots since a person spoke.
    Column("bot_exchanges", Integer, nullable=False, server_default=text("0")),
    # What the group's administrators chose; empty: as the persona is.
    Column("chattiness", Text),
    Column("time_zone", Text),
    Column("quiet_from", Integer),
    Column("quiet_until", Integer),
    Column("flood_told_at", Double, nullable=False, server_default=text("0")),
    Column("mood_strength", Double, nullable=False, server_default=text("0")),
    Column("mood_held_until", Double, nullable=False, server_default=text("0")),
    Column("mood_reason", Text),
    # How people took what the persona said here lately, -1 to 1, and when that was counted.
    Column("liking", Double, nullable=False, server_default=text("0")),
    Column("liking_at", Double, nullable=False, server_default=text("0")),
    # When the persona last put a reaction here, and how many it has put since an hour went by without one.
    Column("reacted_at", Double, nullable=False, server_default=text("0")),
    Column("reactions", Integer, nullable=False, server_default=text("0")),
    # When the persona may next think of speaking unasked; empty: not at all. Then what it did of that lately.
    Column("stir_at", Double),
    Column("stirred_at", Double, nullable=False, server_default=text("0")),
    Column("stirs", Integer, nullable=False, server_default=text("0")),
    Column("stirs_day", Integer, nullable=False, server_default=text("0")),
    Column("ignored", Integer, nullable=False, server_default=text("0")),
    # Up to which row of the history statistics and patterns have been learned, and up to which line it is folded.
    Column("learned_id", BigInteger, nullable=False, server_default=text("0")),
    # What `messages` was when all of them had been learned.
    Column("learned_messages", BigInteger, nullable=False, server_default=text("0")),
    # How often something was erased here: whoever writes what was made of the history checks that it is as it was read.
    Column("erasures", BigInteger, nullable=False, server_default=text("0")),
    Column("folded_order", BigInteger),
    Column("folded_messages", BigInteger, nullable=False, server_default=text("0")),
    # From when on it may be folded: whoever is at it has moved this into the future.
    Column("fold_at", Double, nullable=False, server_default=text("0")),
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
Index(
    "ix_chat_bot_stir",
    chat_bot_instances.c.stir_at,
    sqlite_where=chat_bot_instances.c.stir_at.is_not(None),
    postgresql_where=chat_bot_instances.c.stir_at.is_not(None),
)
Index("ix_chat_bot_last_message", chat_bot_instances.c.last_message_at)
FOLD_FROM = 80
"""So many lines that are not folded are due for it; the newest of them stay (`db/summaries.py`)."""

UNFOLDED = chat_bot_instances.c.messages - chat_bot_instances.c.folded_messages >= literal_column(str(FOLD_FROM))
Index("ix_chat_bot_unfolded", chat_bot_instances.c.id, sqlite_where=UNFOLDED, postgresql_where=UNFOLDED)
Index(
    "ix_chat_bot_unlearned",
    chat_bot_instances.c.last_message_at,
    sqlite_where=chat_bot_instances.c.messages > chat_bot_instances.c.learned_messages,
    postgresql_where=chat_bot_instances.c.messages > chat_bot_instances.c.learned_messages,
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
    # Why the persona answered, or did not (JSON); dropped after a day.
    Column("decision", Text),
    Column("reply_to", BigInteger),
    Column("forwarded_from", Text),
    Column("edited_at", Double),
    # Telegram HTML where the text is formatted, and the kind of what was sent with it or instead of it.
    Column("html", Text),
    Column("media", Text),
    Column("imported", Boolean, nullable=False, server_default=text("false")),
    # The link's days and patterns know it whatever its `learned_id` says: it took the place of an imported line, or was
    # learned in a link that this one took in.
    Column("counted", Boolean, nullable=False, server_default=text("false")),
    # A forgotten message stays for a while as a row of nobody (user 0) without text, so that it is known if it comes
    # again.
    # Not unique where the history is in partitions, for a unique index would have to have `id` too.
    Index("ix_context_chat_order", "chat_bot_instance_id", "message_order", unique=True),
    Index("idx_messages_chat", "chat_id"),
    Index("idx_messages_time", "timestamp"),
    Index("idx_messages_user", "user_id"),
    # No number twice, as on PostgreSQL: links remember up to which they have learned.
    sqlite_autoincrement=True,
)
Index(
    "ix_context_decision",
    chat_contexts.c.chat_bot_instance_id,
    chat_contexts.c.timestamp,
    sqlite_where=chat_contexts.c.decision.is_not(None),
    postgresql_where=chat_contexts.c.decision.is_not(None),
)
# Whoever is forgotten is no longer named where others passed on their words.
Index(
    "ix_context_forwarded_from",
    chat_contexts.c.forwarded_from,
    sqlite_where=chat_contexts.c.forwarded_from.is_not(None),
    postgresql_where=chat_contexts.c.forwarded_from.is_not(None),
)
# In the order they were stored, in which live ones are learned.
Index(
    "ix_context_live",
    chat_contexts.c.chat_bot_instance_id,
    chat_contexts.c.id,
    sqlite_where=chat_contexts.c.imported == false(),
    postgresql_where=chat_contexts.c.imported == false(),
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
    Column("silent", Boolean, nullable=False, server_default=text("false")),
    # After that it is not sent any more.
    Column("not_after", Double),
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
    Column("purpose", Text, nullable=False, server_default="turn"),
    Index("ix_usage_records_owner", "owner_id", "created_at"),
    Index("ix_usage_records_bot", "bot_instance_id", "purpose", "created_at"),
    Index("ix_usage_records_user", "user_id"),
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


def _link_column(*, primary_key: bool = False) -> Column[int]:
    foreign = ForeignKey("chat_bot_instances.id", ondelete="CASCADE")
    return Column("chat_bot_instance_id", BigKey, foreign, primary_key=primary_key, nullable=False)


conversation_summaries = Table(
    "conversation_summaries",
    metadata,
    Column("id", BigKey, primary_key=True),
    _link_column(),
    Column("kind", Text, nullable=False),
    Column("from_order", BigInteger, nullable=False),
    Column("to_order", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("chat_bot_instance_id", "kind", "from_order", name="uq_conversation_summaries_place"),
)

analysis_cache = Table(
    "analysis_cache",
    metadata,
    Column("text_hash", Text, primary_key=True),
    Column("analysis", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Index("ix_analysis_cache_created_at", "created_at"),
)

user_preferences = Table(
    "user_preferences",
    metadata,
    Column("persona_config_id", BigKey, ForeignKey("persona_configs.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    # The link it was stated in; 0: it holds everywhere.
    Column("scope", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("stated_at", Double, nullable=False),
    Index("ix_user_preferences_user_id", "user_id"),
)
Index(
    "ix_user_preferences_declined",
    user_preferences.c.persona_config_id,
    sqlite_where=user_preferences.c.value == literal_column("'off'"),
    postgresql_where=user_preferences.c.value == literal_column("'off'"),
)

interaction_patterns = Table(
    "interaction_patterns",
    metadata,
    _link_column(primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("messages", BigInteger, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    # How this person speaks to the persona, -1 to 1.
    Column("treatment", Double, nullable=False, server_default=text("0")),
    Column("data", Text, nullable=False),
    Index("ix_interaction_patterns_user_id", "user_id"),
    Index("ix_interaction_patterns_messages", "chat_bot_instance_id", "messages"),
)

chat_days = Table(
    "chat_days",
    metadata,
    _link_column(primary_key=True),
    # Whole days since 1970, UTC.
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("data", Text, nullable=False),
)

message_reactions = Table(
    "message_reactions",
    metadata,
    _link_column(primary_key=True),
    Column("message_order", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("emoji", Text, nullable=False),
    Column("value", Double, nullable=False),
    Column("reacted_at", Double, nullable=False),
    Index("ix_message_reactions_user_id", "user_id"),
    Index("ix_message_reactions_latest", "chat_bot_instance_id", "reacted_at"),
)

history_imports = Table(
    "history_imports",
    metadata,
    _link_column(primary_key=True),
    Column("source", Text, primary_key=True),
    Column("read_messages", BigInteger, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("finished_at", Double),
)

# Work that a person has ordered and that takes long. A row goes when it is done; one that failed too often stays, for
# somebody to look at.
errands = Table(
    "errands",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("kind", Text, nullable=False),
    # One of a kind at a time in each place, as the kind understands it: a chat, a person.
    Column("place", Text, nullable=False),
    # Whose it is, so that many of one owner do not hold up others': a person, or the owner of the bot that was asked.
    # And its place in line.
    Column("owner_id", BigInteger, nullable=False),
    Column("line_at", Double, nullable=False),
    Column("payload", Text, nullable=False),
    Column("progress", Text),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("claim", Text),
    Column("lease_until", Double, nullable=False, server_default=text("0")),
    Column("cancelled", Boolean, nullable=False, server_default=text("false")),
    Column("failed_at", Double),
    Column("error", Text),
    UniqueConstraint("kind", "place", name="uq_errands_kind_place"),
)
Index(
    "ix_errands_due_at",
    errands.c.due_at,
    sqlite_where=errands.c.failed_at.is_(None),
    postgresql_where=errands.c.failed_at.is_(None),
)

# Which periodic job was run, or is being run, for which stretch of time.
job_slots = Table(
    "job_slots",
    metadata,
    Column("job", Text, primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("taken_at", Double, nullable=False),
    Index("ix_job_slots_taken_at", "taken_at"),
)

# Who works on this database, and when it last said so. A row that is old is deleted by whoever sees it; what its
# process holds goes with it.
processes = Table(
    "processes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    # Whether it takes its share of the bots that are polled.
    Column("polls", Boolean, nullable=False),
    # Where its `pid` means something: the same for processes that see each other, empty where that is unknown.
    Column("place", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    # How it is doing, as it last said (`ops/report.py`).
    Column("report", Text),
    # Fingerprints of the secret keys it has, the one it seals with first.
    Column("keys", Text),
)

# Which process polls for a bot (0: the manager bot), as long as that process is there.
polling_leases = Table(
    "polling_leases",
    metadata,
    Column("bot_instance_id", BigInteger, primary_key=True, autoincrement=False),
    Column("holder", Text, ForeignKey("processes.id", ondelete="CASCADE"), nullable=False, index=True),
)

# What Telegram was told of a bot's webhook (0: the manager bot).
webhook_registrations = Table(
    "webhook_registrations",
    metadata,
    Column("bot_instance_id", BigInteger, primary_key=True, autoincrement=False),
    Column("fingerprint", Text, nullable=False),
    Column("done", Boolean, nullable=False),
    # When somebody is to see to it: that it is still so, or, where it is not done, that it is.
    Column("due_at", Double, nullable=False, index=True),
)

# Updates that could not be handled for a fault of ours; after some attempts they are put aside here.
failed_updates = Table(
    "failed_updates",
    metadata,
    Column("bot_instance_id", BigInteger, primary_key=True, autoincrement=False),
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    # Whose words or doing it is; 0: nobody's, or erased.
    Column("user_id", BigInteger, nullable=False, index=True),
    # Empty while Telegram still brings it, and once it was erased.
    Column("body", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_at", Double, nullable=False),
    Column("last_at", Double, nullable=False),
    Column("requeued_at", Double),
    Index("ix_failed_updates_last_at", "last_at"),
)
Index(
    "ix_failed_updates_requeued",
    failed_updates.c.requeued_at,
    sqlite_where=failed_updates.c.requeued_at.is_not(None),
    postgresql_where=failed_updates.c.requeued_at.is_not(None),
)
Index(
    "ix_failed_updates_aside",
    failed_updates.c.bot_instance_id,
    sqlite_where=failed_updates.c.body != "",
    postgresql_where=failed_updates.c.body != "",
)

# Stored by a gateway, which has no analyser; a worker says whether they are for the persona.
unweighed_remarks = Table(
    "unweighed_remarks",
    metadata,
    _link_column(primary_key=True),
    Column("message_order", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, nullable=False),
    Column("remark", Text, nullable=False),
    Column("stored_at", Double, nullable=False),
    Index("ix_unweighed_remarks_stored_at", "stored_at"),
)

# What was spent, and what calls under way may yet cost, in one period: a day or a month by UTC.
purses = Table(
    "purses",
    metadata,
    Column("scope", Text, primary_key=True),
    # A user at Telegram, a bot, or an owner, as the scope says.
    Column("holder", BigInteger, primary_key=True, autoincrement=False),
    # Whole days or months since January 1970.
    Column("period", Integer, primary_key=True, autoincrement=False),
    Column("messages", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    # Millionths of a dollar.
    Column("money", BigInteger, nullable=False),
    # When the owner of a bot was told that it is empty.
    Column("owner_told_at", Double),
    Index("ix_purses_period", "scope", "period"),
)

# Where it was said that a purse is empty: once in its period.
limit_notices = Table(
    "limit_notices",
    metadata,
    _link_column(primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("holder", BigInteger, primary_key=True, autoincrement=False),
    Column("period", Integer, primary_key=True, autoincrement=False),
    Column("told_at", Double, nullable=False, index=True),
    Index("ix_limit_notices_holder", "holder"),
)

# What the provider takes for a million tokens, in dollars.
model_prices = Table(
    "model_prices",
    metadata,
    Column("model", Text, primary_key=True),
    Column("prompt", Double, nullable=False),
    Column("completion", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
)

# What is wrong, and of what operators were told. An event that is over goes when they were told of that, too.
alerts = Table(
    "alerts",
    metadata,
    Column("name", Text, primary_key=True),
    # What it is about, where there may be several: a bot, a process; else empty.
    Column("subject", Text, primary_key=True),
    Column("began_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("told_at", Double),
    Column("over_at", Double),
    # What its sentence says, as JSON.
    Column("facts", Text, nullable=False),
    # Whoever is just telling of it, and until when nobody else does.
    Column("claim", Text),
    Column("claimed_until", Double),
)

# Backups that were made, wherever they lie: for alerts and for /admin.
backups = Table(
    "backups",
    metadata,
    Column("file", Text, primary_key=True),
    Column("made_at", Double, nullable=False, index=True),
    Column("bytes", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("verified_at", Double),
)
