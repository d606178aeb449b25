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


def upgrade() -> None:
    op.add_column("users", sa.Column("stopped_at", sa.Double()))
    stopped = sa.text("stopped_at IS NOT NULL")
    op.create_index("ix_users_stopped_at", "users", ["stopped_at"], sqlite_where=stopped, postgresql_where=stopped)
    op.add_column("bot_instances", sa.Column("stopped_at", sa.Double()))
    op.add_column("processes", sa.Column("report", sa.Text()))
    _add_limits()
    _add_operation()


def _add_limits() -> None:
    op.create_table(
        "purses",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("holder", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("period", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("money", sa.BigInteger(), nullable=False),
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


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("processes", "report")
    op.drop_column("bot_instances", "stopped_at")
    op.drop_index("ix_users_stopped_at", "users")
    op.drop_column("users", "stopped_at")
