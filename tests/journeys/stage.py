"""A platform and a sandbox around it: what a journey test steps onto."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from pydantic import SecretStr
from sqlalchemy import select

from maskarad.app import Platform
from maskarad.db import Connection, bots, personas, users
from maskarad.db.engine import Database
from maskarad.db.tables import chat_bot_instances as links
from maskarad.sandbox.person import Heard, Object, Sandbox
from maskarad.settings import Settings
from maskarad.values import Access, BotProfile, PersonaDraft, Sender, Token, WebhookIdentity
from maskarad.vault import open_vault
from tests.sandbox.scene import MANAGER_TOKEN

OWNER, FRIEND, STRANGER = 1001, 1002, 1003
MANAGER_ID = int(MANAGER_TOKEN.partition(":")[0])


def settings_for(address: str, database_url: str, folder: Path, **more: Any) -> Settings:
    """Settings of a platform that talks to the sandbox, as fast as it can unless told otherwise."""
    given: dict[str, Any] = {
        "telegram_bot_token": SecretStr(MANAGER_TOKEN),
        "telegram_api_base_url": address,
        "telegram_max_per_second": 0,
        "telegram_max_per_chat_second": 0,
        "telegram_max_per_group_minute": 0,
        "reply_pacing": "none",
        "port": 0,
        "drain_seconds": 0,
        "database_url": database_url,
        "data_dir": folder,
        "llm_base_url": f"{address}/v1",
        "llm_api_key": (SecretStr("sandbox-key"),),
    }
    return Settings(_env_file=None, **(given | more))  # type: ignore[call-arg]  # pydantic-settings' own keyword


class Actor(msgspec.Struct, frozen=True):
    """A persona bot on the stage."""

    bot_id: int
    persona_id: int
    telegram_id: int
    username: str


class Stage:
    """Oksana owns, Bob is her friend, Charlie a stranger."""

    def __init__(self, sandbox: Sandbox, database: Database, settings: Settings) -> None:
        self.sandbox = sandbox
        self.database = database
        self.settings = settings

    async def people(self) -> None:
        await self.sandbox.add_user("Оксана", id=OWNER, language_code="uk", username="oksana_in")
        await self.sandbox.add_user("Bob", id=FRIEND, language_code="en", username="bob_in")
        await self.sandbox.add_user("Charlie", id=STRANGER, language_code="en")

    async def actor(
        self, name: str = "Устим", *, access: Access = Access.PUBLIC, privacy: bool = False, **more: Any
    ) -> Actor:
        """A persona of Oksana's with a bot; `more` are fields of its draft. To be made before the platform starts, or
        picked up by it within seconds."""
        number = len(await self.sandbox.bots())
        made = await self.sandbox.add_bot(name, f"actor{number}_test_bot", privacy=privacy)
        draft = PersonaDraft(**{"name": name, "description": "Старий мольфар.", "language": "uk", **more})
        vault = open_vault((), self.settings.data_dir)

        def store(connection: Connection) -> tuple[int, int]:
            users.remember(connection, Sender(id=OWNER, name="Оксана", username="oksana_in"), language="uk", now=1.0)
            persona_id = personas.add(connection, OWNER, draft, limit=1_000, now=1.0)
            bot_id = bots.bind(
                connection,
                persona_id,
                BotProfile(
                    telegram_id=made["id"],
                    name=name,
                    username=made["username"],
                    sees_all_group_messages=not privacy,
                ),
                token=vault.seal(Token(made["token"])),
                webhook=WebhookIdentity(public_id=f"public-{number}", secret=f"secret-{number}"),
                access=access,
                now=1.0,
            )
            return persona_id, bot_id

        persona_id, bot_id = await self.database.write(store)
        return Actor(bot_id, persona_id, made["id"], made["username"])

    def private(self, actor: Actor, person: int = OWNER) -> str:
        return self.sandbox.private(person, actor.telegram_id)

    async def ask(self, actor: Actor, text: str, person: int = OWNER) -> Heard:
        return await self.sandbox.ask(self.private(actor, person), person, text)

    async def group(self, actor: Actor, *others: int, kind: str = "supergroup") -> str:
        """A group of Oksana's with the actor in it."""
        made = await self.sandbox.add_group("Вечірній чай", OWNER, kind)
        for other in others:
            await self.sandbox.join(made["key"], other)
        await self.sandbox.join(made["key"], actor.telegram_id, by=OWNER)
        return str(made["key"])

    async def spoken_by(self, actor: Actor, chat: str) -> list[str]:
        """All that the actor has said in a chat and that still stands there."""
        messages: list[Object] = (await self.sandbox.chat(chat))["messages"]
        return [each["text"] for each in messages if each["from"]["id"] == actor.telegram_id and "text" in each]

    async def told_owner(self, after: int) -> Heard:
        """The next thing that the manager bot tells Oksana."""
        return await self.sandbox.next_message(self.sandbox.private(OWNER, MANAGER_ID), after=after)

    async def until_model_is_asked(self, times: int) -> None:
        """Returns when the model has got so many requests in this test."""
        seen, after = 0, 0
        async with asyncio.timeout(10):
            while seen < times:
                found = await self.sandbox.model_requests(after, wait=10)
                seen, after = seen + len(found), found[-1]["seq"] if found else after

    async def settled(self, actor: Actor) -> None:
        """Returns when the platform has confirmed every update of the actor's so far and nothing of it is under way:
        Telegram has then been asked for what comes after the last of them."""
        async with asyncio.timeout(10):
            while await self.pending(actor) or await self.database.read(_links_at_work):  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # neither Telegram's queue nor our rows ring a bell

    async def pending(self, actor: Actor) -> int:
        """How many updates Telegram keeps for the actor."""
        (token,) = [bot["token"] for bot in await self.sandbox.bots() if bot["id"] == actor.telegram_id]
        async with aiohttp.request("POST", f"{self.sandbox.address}/bot{token}/getWebhookInfo") as answer:
            return int((await answer.json())["result"]["pending_update_count"])

    async def prompts(self) -> list[Object]:
        return [request["body"] for request in await self.sandbox.model_requests()]

    @asynccontextmanager
    async def playing(self) -> AsyncIterator[Platform]:
        """The platform runs in this process while the block does."""
        platform = Platform(self.settings)
        await platform.start(alone=True)
        try:
            yield platform
        finally:
            await platform.stop()


def _links_at_work(connection: Connection) -> bool:
    at_work = (links.c.claim.is_not(None)) | (links.c.asked > links.c.answered) | (links.c.parts > 0)
    return connection.execute(select(links.c.id).where(at_work)).first() is not None


def new_lines(prompt: Object) -> list[str]:
    """Texts of the lines that the prompt marks as not yet answered."""
    said = "\n".join(message["content"] for message in prompt["messages"] if message["role"] == "user")
    lines = [msgspec.json.decode(line) for line in said.splitlines()]
    return [line["text"] for line in lines if line.get("new")]
