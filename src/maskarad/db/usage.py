"""What calls to the model cost, and how many there were."""

from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select

from maskarad.db.prepared import Prepared, named_values
from maskarad.db.tables import usage_records
from maskarad.values import Usage

_ADD = Prepared(insert(usage_records).values(named_values(usage_records)))
_CALLS = select(func.count()).where(
    usage_records.c.bot_instance_id == bindparam("bot_id"),
    usage_records.c.purpose == bindparam("purpose"),
    usage_records.c.created_at >= bindparam("since"),
)


def add(connection: Connection, usage: Usage) -> None:
    _ADD.run(connection, _row(usage))


def calls(connection: Connection, bot_id: int, purpose: str, *, since: float) -> int:
    """How often a bot's model was asked for that purpose."""
    values = {"bot_id": bot_id, "purpose": purpose, "since": since}
    return int(connection.execute(_CALLS, values).scalar_one())


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
        "purpose": usage.purpose,
    }
