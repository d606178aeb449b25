"""What running it for others needs: limits and prices, stops, alerts, backups, and how each process is doing."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("backups", "alerts", "model_prices", "limit_notices", "purses")

_HISTORY = "chat_contexts"
_COUNTED, _COUNTED_FOR_EVER = "PRIMARY KEY (id)", "PRIMARY KEY (id AUTOINCREMENT)"
_MADE_BY = sa.text(
    "SELECT sql FROM sqlite_master WHERE tbl_name = :table AND type = :kind AND sql IS NOT NULL ORDER BY rowid"
)


def upgrade() -> None:
    op.add_column("users", sa.Column("stopped_at", sa.Double()))
    op.add_column("users", sa.Column("stop_told_at", sa.Double()))
    stopped = sa.text("stopped_at IS NOT NULL")
    op.create_index("ix_users_stopped_at", "users", ["stopped_at"], sqlite_where=stopped, postgresql_where=stopped)
    op.add_column("bot_instances", sa.Column("stopped_at", sa.Double()))
    op.add_column(
        "bot_instances", sa.Column("stopped_with_owner", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.add_column("processes", sa.Column("report", sa.Text()))
    op.add_column("processes", sa.Column("keys", sa.Text()))
    _add_limits()
    _add_operation()
    if op.get_bind().dialect.name == "sqlite":
        _make_history_anew(_COUNTED, _COUNTED_FOR_EVER)
        _count_above_what_was_learned()


def _add_limits() -> None:
    op.create_table(
        "purses",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("holder", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("period", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("money", sa.BigInteger(), nullable=False),
        sa.Column("owner_told_at", sa.Double()),
    )
    op.create_index("ix_purses_period", "purses", ["scope", "period"])
    link = sa.ForeignKey("chat_bot_instances.id", ondelete="CASCADE", name="fk_limit_notices_chat_bot_instance_id")
    op.create_table(
        "limit_notices",
        sa.Column("chat_bot_instance_id", _KEY, link, primary_key=True),
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("holder", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("period", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("told_at", sa.Double(), nullable=False),
    )
    op.create_index("ix_limit_notices_told_at", "limit_notices", ["told_at"])
    op.create_index("ix_limit_notices_holder", "limit_notices", ["holder"])
    op.create_table(
        "model_prices",
        sa.Column("model", sa.Text(), primary_key=True),
        sa.Column("prompt", sa.Double(), nullable=False),
        sa.Column("completion", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
    )


def _add_operation() -> None:
    op.create_table(
        "alerts",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("began_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.Column("told_at", sa.Double()),
        sa.Column("over_at", sa.Double()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text()),
        sa.Column("claimed_until", sa.Double()),
    )
    op.create_table(
        "backups",
        sa.Column("file", sa.Text(), primary_key=True),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("verified_at", sa.Double()),
    )
    op.create_index("ix_backups_made_at", "backups", ["made_at"])


def _make_history_anew(key: str, new_key: str) -> None:
    """SQLite cannot change the key of a table that is there, so its rows go into another one of its name. No foreign
    key refers to them."""
    indexes, triggers = _made_by("index"), _made_by("trigger")
    [definition] = _made_by("table")
    assert definition.count(key) == 1
    for statement in (
        f"ALTER TABLE {_HISTORY} RENAME TO {_HISTORY}_before",
        definition.replace(key, new_key),
        f"INSERT INTO {_HISTORY} SELECT * FROM {_HISTORY}_before ORDER BY id",
        f"DROP TABLE {_HISTORY}_before",
        *indexes,
        *triggers,
    ):
        op.get_bind().exec_driver_sql(statement)


def _made_by(kind: str) -> Sequence[str]:
    return op.get_bind().execute(_MADE_BY, {"table": _HISTORY, "kind": kind}).scalars().all()


def _count_above_what_was_learned() -> None:
    """The line that a link has learned last may be gone already."""
    op.execute(f"DELETE FROM sqlite_sequence WHERE name = '{_HISTORY}'")
    op.execute(
        f"INSERT INTO sqlite_sequence (name, seq) SELECT '{_HISTORY}', max("
        f"(SELECT coalesce(max(id), 0) FROM {_HISTORY}), "
        "(SELECT coalesce(max(learned_id), 0) FROM chat_bot_instances))"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_history_anew(_COUNTED_FOR_EVER, _COUNTED)
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("processes", "keys")
    op.drop_column("processes", "report")
    op.drop_column("bot_instances", "stopped_with_owner")
    op.drop_column("bot_instances", "stopped_at")
    op.drop_index("ix_users_stopped_at", "users")
    op.drop_column("users", "stop_told_at")
    op.drop_column("users", "stopped_at")
