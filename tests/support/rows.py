"""Rows that a test stands on: functions of a `Connection`, to be run by `Database.write`."""

from sqlalchemy import Connection

from maskarad.db import bots, links, personas, users
from maskarad.values import (
    Access,
    BotProfile,
    Chat,
    ChatType,
    Incoming,
    PersonaDraft,
    Sender,
    Spontaneity,
    WebhookIdentity,
)
from tests.support.people import ALICE, BOB

NOW = 1_800_000_000.0
GROUP = Chat(id=-1001, type=ChatType.GROUP, title="Kitchen")


def private(person: Sender) -> Chat:
    return Chat(id=person.id, type=ChatType.PRIVATE)


def persona(
    connection: Connection,
    owner: Sender = ALICE,
    name: str = "Mira",
    spontaneity: Spontaneity = Spontaneity.NEVER,
) -> int:
    """A persona of the owner's, who becomes a user."""
    users.remember(connection, owner, language=owner.language or "en", now=NOW)
    draft = PersonaDraft(name=name, description="a tea witch", language="en", spontaneity=spontaneity)
    return personas.add(connection, owner.id, draft, limit=1_000, now=NOW)


def profile(number: int = 1) -> BotProfile:
    return BotProfile(
        telegram_id=7000 + number, name=f"Mira {number}", username=f"mira{number}_bot", sees_all_group_messages=False
    )


def bind(connection: Connection, persona_id: int, number: int = 1, access: Access = Access.PUBLIC) -> int:
    return bots.bind(
        connection,
        persona_id,
        profile(number),
        token=f"sealed-{number}",
        webhook=WebhookIdentity(public_id=f"public-{number}", secret=f"secret-{number}"),
        access=access,
        now=NOW,
    )


def bot(
    connection: Connection,
    number: int = 1,
    owner: Sender = ALICE,
    spontaneity: Spontaneity = Spontaneity.NEVER,
) -> int:
    """A bot with a persona of its own."""
    return bind(connection, persona(connection, owner, f"Mira {number}", spontaneity), number)


def link(
    connection: Connection, number: int = 1, chat: Chat = GROUP, spontaneity: Spontaneity = Spontaneity.NEVER
) -> int:
    """A link of a bot of its own."""
    made = bot(connection, number, spontaneity=spontaneity)
    return links.find_or_add(connection, made, chat, now=NOW).id


def said(message_id: int, text: str = "hello", *, by: Sender = BOB, chat: Chat = GROUP, bot_id: int = 1) -> Incoming:
    return Incoming(
        bot_id=bot_id,
        update_id=message_id,
        chat=chat,
        message_id=message_id,
        sender=by,
        text=text,
        sent_at=NOW + message_id,
    )
