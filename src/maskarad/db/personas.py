"""Personas: a row each, the content as JSON, the name also in a form in which two spellings of one name are equal."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from maskarad.db import remains
from maskarad.db.tables import persona_configs, users
from maskarad.errors import LimitReached, NameTaken, NotFound
from maskarad.values import Persona, PersonaDraft

PERSONA_COLUMNS = (
    persona_configs.c.id.label("persona_id"),
    persona_configs.c.owner_id.label("persona_owner_id"),
    persona_configs.c.version.label("persona_version"),
    persona_configs.c.content.label("persona_content"),
)

_ONE = select(*PERSONA_COLUMNS).where(persona_configs.c.id == bindparam("persona_id"))
_OWN_FOR_CHANGE = _ONE.where(persona_configs.c.owner_id == bindparam("owner_id")).with_for_update()
_OWNED = (
    select(*PERSONA_COLUMNS).where(persona_configs.c.owner_id == bindparam("owner_id")).order_by(persona_configs.c.id)
)
_ALL = select(*PERSONA_COLUMNS).order_by(persona_configs.c.id)
_COUNT = select(func.count()).where(persona_configs.c.owner_id == bindparam("owner_id"))
_OWNER_FOR_CHANGE = select(users.c.id).where(users.c.id == bindparam("owner_id")).with_for_update()
_ADD = insert(persona_configs).returning(persona_configs.c.id)
_CHANGE = (
    update(persona_configs)
    .where(persona_configs.c.id == bindparam("b_id"), persona_configs.c.owner_id == bindparam("b_owner_id"))
    .values(
        name=bindparam("b_name"),
        name_key=bindparam("b_name_key"),
        content=bindparam("b_content"),
        spontaneity=bindparam("b_spontaneity"),
        version=persona_configs.c.version + 1,
        changed_at=bindparam("b_now"),
    )
)
_REMOVE = delete(persona_configs).where(
    persona_configs.c.id == bindparam("persona_id"), persona_configs.c.owner_id == bindparam("owner_id")
)
_CHANGED = select(persona_configs.c.id, persona_configs.c.version, persona_configs.c.owner_id).where(
    persona_configs.c.changed_at >= bindparam("since")
)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PersonaDraft).decode


def persona_from_row(row: Row[*tuple[Any, ...]]) -> Persona:
    return Persona(
        id=row.persona_id,
        owner_id=row.persona_owner_id,
        version=row.persona_version,
        content=_decode(row.persona_content),
    )


def name_key(name: str) -> str:
    """Names that differ only in case or spaces are one name to a person."""
    return " ".join(name.casefold().split())


def add(connection: Connection, owner_id: int, content: PersonaDraft, *, limit: int, now: float) -> int:
    """Store a new persona and return its id. Raises NameTaken, LimitReached, NotFound (no such owner)."""
    # Whoever adds another persona of this owner's waits here, so that both cannot be the last within the limit.
    if connection.execute(_OWNER_FOR_CHANGE, {"owner_id": owner_id}).first() is None:
        raise NotFound(f"there is no user {owner_id}")
    if connection.execute(_COUNT, {"owner_id": owner_id}).scalar_one() >= limit:
        raise LimitReached(f"the limit of {limit} personas is reached")
    values = {
        "owner_id": owner_id,
        "name": content.name,
        "name_key": name_key(content.name),
        "content": _encode(content).decode(),
        "spontaneity": content.spontaneity.value,
        "version": 1,
        "created_at": now,
        "changed_at": now,
    }
    try:
        return int(connection.execute(_ADD, values).scalar_one())
    except IntegrityError:
        raise NameTaken(f"there is already a persona named {content.name}") from None


def change(connection: Connection, owner_id: int, persona_id: int, content: PersonaDraft, *, now: float) -> None:
    """Replace the content. Raises NameTaken, NotFound (also when it is somebody else's)."""
    values = {
        "b_id": persona_id,
        "b_owner_id": owner_id,
        "b_name": content.name,
        "b_name_key": name_key(content.name),
        "b_content": _encode(content).decode(),
        "b_spontaneity": content.spontaneity.value,
        "b_now": now,
    }
    try:
        changed = connection.execute(_CHANGE, values).rowcount
    except IntegrityError:
        raise NameTaken(f"there is already a persona named {content.name}") from None
    if changed != 1:
        raise NotFound(f"there is no persona {persona_id}")


def remove(connection: Connection, owner_id: int, persona_id: int) -> None:
    """Delete a persona with its bot, links and history. Raises NotFound."""
    bot_id = remains.of_persona(connection, persona_id)
    if connection.execute(_REMOVE, {"persona_id": persona_id, "owner_id": owner_id}).rowcount != 1:
        raise NotFound(f"there is no persona {persona_id}")
    if bot_id is not None:
        remains.forget(connection, bot_id)


def get(connection: Connection, persona_id: int) -> Persona:
    """Raises NotFound."""
    row = connection.execute(_ONE, {"persona_id": persona_id}).first()
    if row is None:
        raise NotFound(f"there is no persona {persona_id}")
    return persona_from_row(row)


def get_for_change(connection: Connection, owner_id: int, persona_id: int) -> Persona:
    """An own persona that nobody else changes until the transaction ends. Raises NotFound, also when it is somebody
    else's."""
    row = connection.execute(_OWN_FOR_CHANGE, {"persona_id": persona_id, "owner_id": owner_id}).first()
    if row is None:
        raise NotFound(f"there is no persona {persona_id}")
    return persona_from_row(row)


def owned_by(connection: Connection, owner_id: int | None) -> list[Persona]:
    """The owner's personas, or everybody's, oldest first."""
    rows = connection.execute(_ALL) if owner_id is None else connection.execute(_OWNED, {"owner_id": owner_id})
    return [persona_from_row(row) for row in rows]


def changed_since(connection: Connection, since: float) -> dict[int, tuple[int, int]]:
    """(version, owner's id), by id, of the personas changed at or after that moment."""
    return {row.id: (row.version, row.owner_id) for row in connection.execute(_CHANGED, {"since": since})}
