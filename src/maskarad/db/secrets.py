"""What is sealed with the secret key: the tokens of bots, and the check by which a process knows that it has the key.
It comes from here, and goes back, as ciphertext."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select, update

from maskarad.db.tables import bot_instances, platform_identity

_TOKENS = (
    select(bot_instances.c.id, bot_instances.c.token)
    .where(bot_instances.c.id > bindparam("after"))
    .order_by(bot_instances.c.id)
    .limit(bindparam("most"))
)
# A bot that was given another token meanwhile keeps that one. Nobody has to hear of it: what is sealed is the same.
_RESEAL = (
    update(bot_instances)
    .where(bot_instances.c.id == bindparam("b_id"), bot_instances.c.token == bindparam("b_old"))
    .values(token=bindparam("b_new"))
)
_KEY_CHECK = select(platform_identity.c.key_check)
_RESEAL_KEY_CHECK = (
    update(platform_identity)
    .where(platform_identity.c.key_check == bindparam("b_old"))
    .values(key_check=bindparam("b_new"))
)


def tokens(connection: Connection, *, after: int, most: int) -> Sequence[tuple[int, str]]:
    """Bots' ids and sealed tokens, from the id `after` on, in order."""
    return [(row.id, row.token) for row in connection.execute(_TOKENS, {"after": after, "most": most})]


def reseal(connection: Connection, bot_id: int, *, old: str, new: str) -> bool:
    """False when the bot has changed meanwhile."""
    return connection.execute(_RESEAL, {"b_id": bot_id, "b_old": old, "b_new": new}).rowcount == 1


def key_check(connection: Connection) -> str | None:
    """None before the first process."""
    sealed: str | None = connection.execute(_KEY_CHECK).scalar_one()
    return sealed


def reseal_key_check(connection: Connection, *, old: str, new: str) -> None:
    connection.execute(_RESEAL_KEY_CHECK, {"b_old": old, "b_new": new})
