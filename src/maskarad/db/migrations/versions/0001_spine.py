"""The spine's tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seen_updates",
        sa.Column("bot_instance_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("bot_instance_id", "update_id", name=op.f("pk_seen_updates")),
    )
    with op.batch_alter_table("seen_updates", schema=None) as batch_op:
        batch_op.create_index("ix_seen_updates_seen_at", ["seen_at"], unique=False)

    op.create_table(
        "usage_records",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("persona_config_id", sa.BigInteger(), nullable=False),
        sa.Column("bot_instance_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("latency", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_records")),
    )
    with op.batch_alter_table("usage_records", schema=None) as batch_op:
        batch_op.create_index("ix_usage_records_owner", ["owner_id", "created_at"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index("ix_users_username", ["username"], unique=False)

    op.create_table(
        "wizard_states",
        sa.Column("bot_instance_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("bot_instance_id", "user_id", name=op.f("pk_wizard_states")),
    )
    op.create_table(
        "persona_configs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_persona_configs_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persona_configs")),
        sa.UniqueConstraint("owner_id", "name_key", name="uq_persona_configs_owner_name"),
    )
    with op.batch_alter_table("persona_configs", schema=None) as batch_op:
        batch_op.create_index("ix_persona_configs_changed_at", ["changed_at"], unique=False)

    op.create_table(
        "bot_instances",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("persona_config_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("access", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sees_all_group_messages", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("conflict_told_at", sa.Double(), nullable=True),
        sa.Column("model_failure_told_at", sa.Double(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["persona_config_id"],
            ["persona_configs.id"],
            name=op.f("fk_bot_instances_persona_config_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_instances")),
        sa.UniqueConstraint("persona_config_id", name=op.f("uq_bot_instances_persona_config_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_bot_instances_public_id")),
        sa.UniqueConstraint("telegram_id", name=op.f("uq_bot_instances_telegram_id")),
    )
    with op.batch_alter_table("bot_instances", schema=None) as batch_op:
        batch_op.create_index("ix_bot_instances_changed_at", ["changed_at"], unique=False)

    op.create_table(
        "bot_whitelist",
        sa.Column("bot_instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bot_instance_id"], ["bot_instances.id"], name=op.f("fk_bot_whitelist_bot_instance_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("bot_instance_id", "user_id", name=op.f("pk_bot_whitelist")),
    )
    op.create_table(
        "chat_bot_instances",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("bot_instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chat_type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("muted", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("current_mood", sa.Text(), server_default="neutral", nullable=False),
        sa.Column("mood_set_at", sa.Double(), nullable=True),
        sa.Column("asked", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("answered", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("parts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("spoke_at", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("pondered_at", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bot_instance_id"],
            ["bot_instances.id"],
            name=op.f("fk_chat_bot_instances_bot_instance_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_bot_instances")),
        sa.UniqueConstraint("chat_id", "bot_instance_id", name="_chat_bot_uc"),
    )
    with op.batch_alter_table("chat_bot_instances", schema=None) as batch_op:
        batch_op.create_index("ix_chat_bot_active", ["chat_id", "active"], unique=False)
        batch_op.create_index(
            "ix_chat_bot_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("asked > answered OR parts > 0"),
            postgresql_where=sa.text("asked > answered OR parts > 0"),
        )
        batch_op.create_index("ix_chat_bot_instance", ["bot_instance_id", "active"], unique=False)

    op.create_table(
        "chat_contexts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chat_bot_instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_order", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("from_persona", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.Double(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=True),
        sa.Column("addressed", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_bot_instance_id"],
            ["chat_bot_instances.id"],
            name=op.f("fk_chat_contexts_chat_bot_instance_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_contexts")),
    )
    with op.batch_alter_table("chat_contexts", schema=None) as batch_op:
        batch_op.create_index("idx_messages_chat", ["chat_id"], unique=False)
        batch_op.create_index("idx_messages_time", ["timestamp"], unique=False)
        batch_op.create_index("idx_messages_user", ["user_id"], unique=False)
        batch_op.create_index("ix_context_chat_order", ["chat_bot_instance_id", "message_order"], unique=True)

    op.create_table(
        "reply_parts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chat_bot_instance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_bot_instance_id"],
            ["chat_bot_instances.id"],
            name=op.f("fk_reply_parts_chat_bot_instance_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_parts")),
    )
    with op.batch_alter_table("reply_parts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reply_parts_chat_bot_instance_id"), ["chat_bot_instance_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("reply_parts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reply_parts_chat_bot_instance_id"))

    op.drop_table("reply_parts")
    with op.batch_alter_table("chat_contexts", schema=None) as batch_op:
        batch_op.drop_index("ix_context_chat_order")
        batch_op.drop_index("idx_messages_user")
        batch_op.drop_index("idx_messages_time")
        batch_op.drop_index("idx_messages_chat")

    op.drop_table("chat_contexts")
    with op.batch_alter_table("chat_bot_instances", schema=None) as batch_op:
        batch_op.drop_index("ix_chat_bot_instance")
        batch_op.drop_index(
            "ix_chat_bot_due",
            sqlite_where=sa.text("asked > answered OR parts > 0"),
            postgresql_where=sa.text("asked > answered OR parts > 0"),
        )
        batch_op.drop_index("ix_chat_bot_active")

    op.drop_table("chat_bot_instances")
    op.drop_table("bot_whitelist")
    with op.batch_alter_table("bot_instances", schema=None) as batch_op:
        batch_op.drop_index("ix_bot_instances_changed_at")

    op.drop_table("bot_instances")
    with op.batch_alter_table("persona_configs", schema=None) as batch_op:
        batch_op.drop_index("ix_persona_configs_changed_at")

    op.drop_table("persona_configs")
    op.drop_table("wizard_states")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index("ix_users_username")

    op.drop_table("users")
    with op.batch_alter_table("usage_records", schema=None) as batch_op:
        batch_op.drop_index("ix_usage_records_owner")

    op.drop_table("usage_records")
    with op.batch_alter_table("seen_updates", schema=None) as batch_op:
        batch_op.drop_index("ix_seen_updates_seen_at")

    op.drop_table("seen_updates")
