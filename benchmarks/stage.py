"""A data folder as the platform would have made it: people, personas, bound bots. Nothing is running yet."""

from pathlib import Path

import msgspec

from benchmarks.people import person
from benchmarks.stub import username_of
from maskarad.db import Connection, bots, migrate, personas, users
from maskarad.db.opening import open_database
from maskarad.values import Access, BotProfile, Character, GroupReply, PersonaDraft, Sender, Token, WebhookIdentity
from maskarad.vault import Vault, open_vault

MANAGER_TOKEN = "1000:manager-of-the-benchmarks-AAAAAAAAAA"
FIRST_OWNER = 1_001
PEOPLE = 64
"""Accounts that the manager bot knows, if nothing else is wanted, with one persona each."""

DRAFT = PersonaDraft(
    name="Мавка",
    description="Лісова мавка з Чорногори: знає кожну стежку, збирає трави й не терпить, коли ламають гілля.",
    language="uk",
    character=Character(
        biography="Виросла серед старих смерек, вночі слухає річку, людей почала розуміти лише торік.",
        traits="Цікава, насмішкувата, пам'ятає кожну дрібницю, яку їй колись розповіли.",
        speech="Говорить коротко, з лісовими порівняннями.",
    ),
)


class Actor(msgspec.Struct, frozen=True):
    """A persona bot."""

    bot_id: int
    token: str
    username: str
    """As the stub says in getMe."""
    public_id: str
    secret: str


class Stage(msgspec.Struct, frozen=True):
    """`personas` are the ids of what the people own, person by person."""

    folder: Path
    database_url: str
    actors: tuple[Actor, ...]
    personas: tuple[tuple[int, ...], ...]

    @property
    def persona_ids(self) -> tuple[int, ...]:
        """Everybody's first."""
        return tuple(owned[0] for owned in self.personas)


async def set_up(
    folder: Path,
    *,
    actors: int = 1,
    people: int = PEOPLE,
    personas_each: int = 1,
    group_reply: GroupReply | None = None,
    database_url: str = "",
) -> Stage:
    """Migrate an empty database and fill it. Without `database_url` it is the SQLite file that the platform would make
    itself."""
    url = database_url or f"sqlite:///{folder / 'maskarad.db'}"
    draft = DRAFT if group_reply is None else msgspec.structs.replace(DRAFT, group_reply=group_reply)
    vault = open_vault((), folder)
    database = open_database(url, pool_size=2, max_overflow=0)

    def store(connection: Connection) -> Stage:
        made = tuple(_actor(connection, vault, draft, number) for number in range(actors))
        owned = tuple(_person(connection, number, personas_each) for number in range(people))
        return Stage(folder=folder, database_url=url, actors=made, personas=owned)

    try:
        await database.write(migrate.upgrade)
        return await database.write(store)
    finally:
        await database.close()


def _person(connection: Connection, number: int, personas_each: int) -> tuple[int, ...]:
    sender = Sender(id=person(number), name="Оксана", username=f"person{person(number)}")
    users.remember(connection, sender, language="uk", now=1.0)
    return tuple(
        personas.add(connection, person(number), _named(each), limit=personas_each, now=1.0)
        for each in range(personas_each)
    )


def _named(number: int) -> PersonaDraft:
    """One owner's personas have different names."""
    return msgspec.structs.replace(DRAFT, name=f"{DRAFT.name} {number + 1}") if number else DRAFT


def _actor(connection: Connection, vault: Vault, draft: PersonaDraft, number: int) -> Actor:
    owner_id, telegram_id = FIRST_OWNER + number, 700_000 + number
    actor = Actor(
        bot_id=0,
        token=f"{telegram_id}:actor-of-the-benchmarks-{number:04}-AAAAAA",
        username=username_of(telegram_id),
        public_id=f"public-{number:04}",
        secret=f"secret-{number:04}",
    )
    users.remember(connection, Sender(id=owner_id, name="Олена"), language="uk", now=1.0)
    bot_id = bots.bind(
        connection,
        personas.add(connection, owner_id, draft, limit=1, now=1.0),
        BotProfile(telegram_id=telegram_id, name="Мавка", username=actor.username, sees_all_group_messages=True),
        token=vault.seal(Token(actor.token)),
        webhook=WebhookIdentity(public_id=actor.public_id, secret=actor.secret),
        access=Access.PUBLIC,
        now=1.0,
    )
    return msgspec.structs.replace(actor, bot_id=bot_id)
