"""Calls to the model, one by one: who asked, for what, and how many tokens it took."""

from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from maskarad.db.prepared import Prepared, named_values
from maskarad.db.tables import usage_records
from maskarad.values import Usage

KEPT = 90 * 86_400.0

_ADD = Prepared(insert(usage_records).values(named_values(usage_records)))
# Rows come in the order of their time, so the oldest are found by their key.
_OLDEST = select(usage_records.c.id, usage_records.c.created_at).order_by(usage_records.c.id).limit(bindparam("most"))
_FORGET = delete(usage_records).where(
    usage_records.c.id <= bindparam("last"), usage_records.c.created_at < bindparam("before")
)


def add(connection: Connection, usage: Usage) -> None:
    _ADD.run(connection, _row(usage))


def forget(connection: Connection, *, before: float, most: int) -> int:
    """Drop what is older, of so many of the oldest rows; returns how many."""
    old = [key for key, created_at in connection.execute(_OLDEST, {"most": most}) if created_at < before]
    return connection.execute(_FORGET, {"last": old[-1], "before": before}).rowcount if old else 0


def _row(usage: Usage) -> dict[str, Any]:
    return {
        "owner_id": usage.owner_id,
        "persona_config_id": usage.persona_id,
        "bot_instance_id": usage.bot_id,
        "user_id": usage.user_id,
        "model": usage.completion.model,
        "prompt_tokens": usage.completion.prompt_tokens,
        "completion_tokens": usage.completion.completion_tokens,
        "latency": usage.completion.latency,
        "created_at": usage.created_at,
        "purpose": usage.purpose.value,
    }
