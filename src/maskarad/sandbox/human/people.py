"""Accounts: people, and bots at BotFather's desk."""

import re
from typing import Annotated, Any

from msgspec import Meta, Struct

from maskarad.sandbox.human.ask import Ask
from maskarad.sandbox.refusal import HumanError
from maskarad.sandbox.telegram import new_token
from maskarad.sandbox.world import Bot, Person

Name = Annotated[str, Meta(min_length=1, max_length=64)]
Username = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]{2,31}$")]
_TOKEN = re.compile(r"(\d{1,18}):[A-Za-z0-9_-]{10,64}")
_FIRST_PERSON_ID = 100_000_000
_FIRST_BOT_ID = 7_000_000_000


class NewUser(Struct, frozen=True):
    first_name: Name
    last_name: Name | None = None
    username: Username | None = None
    language_code: str = "en"
    id: Annotated[int, Meta(ge=1, le=2**52)] | None = None


class NewBot(Struct, frozen=True):
    name: Name
    username: Username
    token: str | None = None
    privacy: bool = True
    can_join_groups: bool = True
    talks_to_bots: bool = False


class BotChange(Struct, frozen=True):
    privacy: bool | None = None
    talks_to_bots: bool | None = None
    name: Name | None = None


def make_user(ask: Ask) -> Any:
    wanted, world = ask.body(NewUser), ask.telegram.world
    if wanted.username and world.has_username(wanted.username):
        raise HumanError(409, f"the username {wanted.username} is taken")
    if wanted.id is not None and world.account(wanted.id) is not None:
        raise HumanError(409, f"the id {wanted.id} is taken")
    person_id = wanted.id or _FIRST_PERSON_ID + world.number()
    person = Person(person_id, wanted.first_name, wanted.last_name, wanted.username, wanted.language_code)
    world.people[person_id] = person
    ask.telegram.event("user", user=person.body())
    return person.body()


def list_users(ask: Ask) -> Any:
    return [person.body() for person in ask.telegram.world.people.values()]


def make_bot(ask: Ask) -> Any:
    wanted, world = ask.body(NewBot), ask.telegram.world
    if world.has_username(wanted.username):
        raise HumanError(409, f"the username {wanted.username} is taken")
    bot_id = _FIRST_BOT_ID + world.number() if wanted.token is None else id_in_token(wanted.token)
    if world.account(bot_id) is not None:
        raise HumanError(409, "the token is taken")
    bot = Bot(bot_id, wanted.name, wanted.username, "", wanted.privacy, wanted.can_join_groups, wanted.talks_to_bots)
    world.bots[bot_id] = bot
    ask.telegram.give_token(bot, wanted.token or new_token(bot_id))
    ask.telegram.event("bot", bot=bot.body())
    return bot.desk()


def id_in_token(token: str) -> int:
    """The bot id that a token starts with. Raises `HumanError` 400."""
    shape = _TOKEN.fullmatch(token)
    if shape is None:
        raise HumanError(400, "a token looks like 123456:AbC-dEf, with at least ten characters after the colon")
    return int(shape[1])


def list_bots(ask: Ask) -> Any:
    return [bot.desk() for bot in ask.telegram.world.bots.values()]


def change_bot(ask: Ask) -> Any:
    bot, change = ask.bot(ask.number("id")), ask.body(BotChange)
    bot.privacy = bot.privacy if change.privacy is None else change.privacy
    bot.talks_to_bots = bot.talks_to_bots if change.talks_to_bots is None else change.talks_to_bots
    bot.name = change.name or bot.name
    ask.telegram.event("bot", bot=bot.body())
    return bot.desk()


def revoke_token(ask: Ask) -> Any:
    bot = ask.bot(ask.number("id"))
    ask.telegram.give_token(bot, new_token(bot.id))
    return bot.desk()
