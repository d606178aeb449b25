"""The room in which a replay plays: a data folder with one persona, and in the sandbox its group and people."""

from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from pydantic import SecretStr

from benchmarks import unlimited
from benchmarks.replay.export import TITLE
from benchmarks.replay.people import BOT, BULLETIN_USERNAME, OWNER, PEOPLE, PERSONA, PERSONA_USERNAME, SPAMMERS, Person
from maskarad.db import Connection, bots, migrate, personas, users
from maskarad.db.opening import open_database
from maskarad.sandbox.person import Object, Sandbox
from maskarad.settings import Settings
from maskarad.values import Access, BotProfile, Character, PersonaDraft, Sender, Spontaneity, Token, WebhookIdentity
from maskarad.vault import open_vault

MANAGER_TOKEN = "1000:manager-of-the-replay-AAAAAAAAAAAAA"
OWNER_ID = next(person.id for person in PEOPLE if person.name == OWNER)
ZONE = "Europe/Kyiv"
DRAFT = PersonaDraft(
    name=PERSONA,
    description="Старий мольфар із Верховини. Живе над річкою, знає трави й погоду, пам'ятає багато байок.",
    language="uk",
    spontaneity=Spontaneity.SOMETIMES,
    character=Character(
        biography="Все життя пас отари на полонині й лікував людей травами.",
        traits="Спокійний, лукавий, не любить метушні.",
        likes="чай, трави, гори, музика, сопілка, коти",
        dislikes="поспіх і порожні балачки",
        goals="щоб люди частіше дивилися на гори",
    ),
)


class Room(msgspec.Struct, frozen=True):
    """`chat` is the group's key in the sandbox; accounts of the export have other ids there than the bots have."""

    sandbox: Sandbox
    settings: Settings
    chat: str
    persona_id: int
    """At Telegram."""
    token: str
    bulletin_token: str
    session: aiohttp.ClientSession

    @property
    def database_file(self) -> Path:
        return self.settings.data_dir / "maskarad.db"

    async def pending(self) -> int:
        """How many updates Telegram keeps for the persona's bot."""
        return int((await self._call(self.token, "getWebhookInfo"))["pending_update_count"])

    async def bulletin(self, text: str, reply_to: int | None) -> int:
        """The other bot says something; returns the message's id."""
        reply = {} if reply_to is None else {"reply_parameters": {"message_id": reply_to}}
        sent = await self._call(self.bulletin_token, "sendMessage", chat_id=int(self.chat), text=text, **reply)
        return int(sent["message_id"])

    async def _call(self, token: str, method: str, **params: Any) -> Object:
        async with self.session.post(f"{self.sandbox.address}/bot{token}/{method}", json=params) as answer:
            return dict((await answer.json())["result"])


async def furnish(sandbox: Sandbox, session: aiohttp.ClientSession, folder: Path) -> Room:
    """Everybody is there, nothing is running yet. By the `session` the bots call Telegram."""
    settings = _settings(sandbox.address, folder)
    for person in (*PEOPLE, *SPAMMERS):
        await sandbox.add_user(person.name, id=person.id, language_code=_first_language(person))
    persona = await sandbox.add_bot(PERSONA, PERSONA_USERNAME, privacy=False, talks_to_bots=True)
    bulletin = await sandbox.add_bot(BOT.name, BULLETIN_USERNAME)
    await _store(settings, persona)
    group = await sandbox.add_group(TITLE, OWNER_ID)
    others = [person.id for person in (*PEOPLE, *SPAMMERS) if person.id != OWNER_ID]
    for account in (*others, bulletin["id"], persona["id"]):
        await sandbox.join(group["key"], account, by=OWNER_ID)
    # Only administrators hear of reactions.
    await sandbox.set_role(group["key"], persona["id"], "administrator")
    return Room(
        sandbox=sandbox,
        settings=settings,
        chat=group["key"],
        persona_id=persona["id"],
        token=persona["token"],
        bulletin_token=bulletin["token"],
        session=session,
    )


def _first_language(person: Person) -> str:
    return max(person.languages, key=lambda language: person.languages[language])


def _settings(address: str, folder: Path) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own keyword
        telegram_bot_token=SecretStr(MANAGER_TOKEN),
        telegram_api_base_url=address,
        telegram_max_per_second=0,
        telegram_max_per_chat_second=0,
        telegram_max_per_group_minute=0,
        reply_pacing="none",
        port=0,
        data_dir=folder,
        llm_base_url=f"{address}/v1",
        llm_api_key=(SecretStr("sandbox-key"),),
        **unlimited.FIELDS,
        time_zone=ZONE,
    )


async def _store(settings: Settings, persona: Object) -> None:
    vault = open_vault((), settings.data_dir)
    database = open_database(settings.database, pool_size=1, max_overflow=0)

    def store(connection: Connection) -> None:
        users.remember(connection, Sender(id=OWNER_ID, name=OWNER), language="uk", now=1.0)
        bots.bind(
            connection,
            personas.add(connection, OWNER_ID, DRAFT, limit=1, now=1.0),
            BotProfile(
                telegram_id=persona["id"], name=PERSONA, username=PERSONA_USERNAME, sees_all_group_messages=True
            ),
            token=vault.seal(Token(persona["token"])),
            webhook=WebhookIdentity(public_id="public-replay", secret="secret-replay"),
            access=Access.PUBLIC,
            now=1.0,
        )

    try:
        await database.write(migrate.upgrade)
        await database.write(store)
    finally:
        await database.close()
