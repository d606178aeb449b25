"""What several processes share: leases of polled bots, slots of periodic jobs, ordered work, updates that failed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from maskarad.db import partitioning

revision = "0004"
down_revision = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ZERO = sa.text("0")
TABLES = (
    "unweighed_remarks",
    "failed_updates",
    "webhook_registrations",
    "polling_leases",
    "processes",
    "job_slots",
    "errands",
)


def upgrade() -> None:
    op.add_column("platform_identity", sa.Column("oldest_code", sa.Text(), nullable=False, server_default="0004"))
    op.add_column("platform_identity", sa.Column("key_check", sa.Text()))
    _add_work()
    _add_receiving()
    _partition()


def _partition() -> None:
    """A history that is in use stays one table until somebody says `maskarad db partition`: processes of older code may
    be at work on it."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql" and partitioning.is_new(connection):
        partitioning.partition(connection)


def _add_work() -> None:
    op.create_table(
        "errands",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("line_at", sa.Double(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("progress", sa.Text()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default=_ZERO),
        sa.Column("claim", sa.Text()),
        sa.Column("lease_until", sa.Double(), nullable=False, server_default=_ZERO),
        sa.Column("cancelled", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("failed_at", sa.Double()),
        sa.Column("error", sa.Text()),
        sa.UniqueConstraint("kind", "place", name="uq_errands_kind_place"),
    )
    waiting = sa.text("failed_at IS NULL")
    op.create_index("ix_errands_due_at", "errands", ["due_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "job_slots",
        sa.Column("job", sa.Text(), primary_key=True),
        sa.Column("slot", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("taken_at", sa.Double(), nullable=False),
    )
    op.create_index("ix_job_slots_taken_at", "job_slots", ["taken_at"])


def _add_processes() -> None:
    op.create_table(
        "processes",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("polls", sa.Boolean(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
    )
    process = sa.ForeignKey("processes.id", ondelete="CASCADE", name="fk_polling_leases_holder")
    op.create_table(
        "polling_leases",
        sa.Column("bot_instance_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("holder", sa.Text(), process, nullable=False),
    )
    op.create_index("ix_polling_leases_holder", "polling_leases", ["holder"])
    op.create_table(
        "webhook_registrations",
        sa.Column("bot_instance_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
    )
    op.create_index("ix_webhook_registrations_due_at", "webhook_registrations", ["due_at"])


def _add_receiving() -> None:
    _add_processes()
    op.create_table(
        "failed_updates",
        sa.Column("bot_instance_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("update_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("requeued_at", sa.Double()),
    )
    op.create_index("ix_failed_updates_last_at", "failed_updates", ["last_at"])
    op.create_index("ix_failed_updates_user_id", "failed_updates", ["user_id"])
    aside = sa.text("body != ''")
    op.create_index(
        "ix_failed_updates_aside",
        "failed_updates",
        ["bot_instance_id"],
        sqlite_where=aside,
        postgresql_where=aside,
    )
    requeued = sa.text("requeued_at IS NOT NULL")
    op.create_index(
        "ix_failed_updates_requeued",
        "failed_updates",
        ["requeued_at"],
        sqlite_where=requeued,
        postgresql_where=requeued,
    )
    link = sa.ForeignKey("chat_bot_instances.id", ondelete="CASCADE", name="fk_unweighed_remarks_chat_bot_instance_id")
    op.create_table(
        "unweighed_remarks",
        sa.Column("chat_bot_instance_id", _KEY, link, primary_key=True),
        sa.Column("message_order", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.Double(), nullable=False),
    )
    op.create_index("ix_unweighed_remarks_stored_at", "unweighed_remarks", ["stored_at"])


def downgrade() -> None:
    partitioning.unite(op.get_bind())
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("platform_identity", "key_check")
    op.drop_column("platform_identity", "oldest_code")
