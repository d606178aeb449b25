"""Groups, members and the list of chats."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from maskarad.sandbox import membership
from maskarad.sandbox.human.ask import Ask, alive
from maskarad.sandbox.refusal import HumanError
from maskarad.sandbox.world import Body, Bot, Chat, Person


class NewGroup(Struct, frozen=True):
    title: Annotated[str, Meta(min_length=1, max_length=128)]
    creator: int
    type: Literal["supergroup", "group"] = "supergroup"


class Move(Struct, frozen=True):
    user: int
    by: int | None = None


class Role(Struct, frozen=True):
    user: int
    status: Literal["administrator", "member"]


def make_group(ask: Ask) -> Any:
    wanted = ask.body(NewGroup)
    creator = ask.person(wanted.creator)
    return summary(ask, membership.make_group(ask.telegram, wanted.title, creator, wanted.type))


def migrate(ask: Ask) -> Any:
    chat = alive(ask.chat())
    if chat.type != "group":
        raise HumanError(400, "only a basic group becomes a supergroup")
    return summary(ask, membership.migrate(ask.telegram, chat, _creator(ask, chat)))


def join(ask: Ask) -> Any:
    move, chat = ask.body(Move), ask.group()
    account = ask.account(move.user)
    if chat.has(account.id):
        raise HumanError(409, f"{account.id} is in this chat already")
    if isinstance(account, Bot) and not account.can_join_groups:
        raise HumanError(400, "this bot does not join groups")
    by = ask.present(chat, move.by) if move.by is not None else _adder(ask, chat, account)
    membership.join(ask.telegram, chat, account, by)
    return summary(ask, chat)


def leave(ask: Ask) -> Any:
    """In a private chat: the person blocks the bot. A bot that leaves was removed by someone."""
    move, chat = ask.body(Move), ask.chat()
    if chat.is_private:
        membership.block(ask.telegram, chat)
        return summary(ask, chat)
    account = ask.account(move.user)
    if not alive(chat).has(account.id):
        raise HumanError(409, f"{account.id} is not in this chat")
    by = ask.present(chat, move.by) if move.by is not None else _remover(ask, chat, account)
    membership.leave(ask.telegram, chat, account, by)
    return summary(ask, chat)


def set_role(ask: Ask) -> Any:
    role, chat = ask.body(Role), ask.group()
    account = ask.account(role.user)
    if not chat.has(account.id):
        raise HumanError(409, f"{account.id} is not in this chat")
    if chat.members[account.id] == "creator":
        raise HumanError(409, "the creator's role does not change")
    membership.set_role(ask.telegram, chat, account, _creator(ask, chat), role.status)
    return summary(ask, chat)


def list_chats(ask: Ask) -> Any:
    """Chats of one person (`for`), or all; those with the latest message first."""
    chats = list(ask.telegram.world.chats.values())
    if "for" in ask.query:
        if not ask.query["for"].isascii() or not ask.query["for"].isdigit():
            raise HumanError(400, "for must be a user id")
        person = ask.person(int(ask.query["for"]))
        chats = [chat for chat in chats if chat.person == person.id or chat.has(person.id)]
    shown = [{**summary(ask, chat), "last_message": _last_message(chat)} for chat in chats]
    return sorted(shown, key=lambda each: -(each["last_message"] or {}).get("date", 0))


def show_chat(ask: Ask) -> Any:
    """The chat with its members and its messages, newest last; `limit` keeps only the last so many."""
    chat = ask.chat()
    messages = list(chat.messages.values())
    limit = ask.query.get("limit", "")
    if limit.isascii() and limit.isdigit():
        messages = messages[-int(limit) :] if int(limit) else []
    return {"chat": summary(ask, chat), "members": members(ask, chat), "messages": [each.view() for each in messages]}


def summary(ask: Ask, chat: Chat) -> Body:
    shown: Body = {"key": chat.key, "id": chat.id, "type": chat.type, "title": chat.title}
    if chat.is_private:
        person, bot = ask.telegram.world.people[chat.person or 0], ask.telegram.world.bots[chat.bot or 0]
        shown |= {"title": bot.name, "user": person.body(), "bot": bot.body(), "blocked": chat.blocked}
    if chat.migrated_to is not None:
        shown["migrated_to"] = chat.migrated_to
    return shown


def members(ask: Ask, chat: Chat) -> list[Body]:
    world = ask.telegram.world
    statuses = {chat.person or 0: "member", chat.bot or 0: "member"} if chat.is_private else chat.members
    known = ((world.account(each), status) for each, status in statuses.items())
    return [{"user": account.body(), "status": status} for account, status in known if account is not None]


def _last_message(chat: Chat) -> Body | None:
    newest = next(reversed(chat.messages.values()), None)
    return None if newest is None else newest.view()


def _creator(ask: Ask, chat: Chat) -> Person:
    creator = next((each for each, status in chat.members.items() if status == "creator"), 0)
    return ask.person(creator)


def _adder(ask: Ask, chat: Chat, account: Person | Bot) -> Person | Bot:
    return _creator(ask, chat) if isinstance(account, Bot) else account


def _remover(ask: Ask, chat: Chat, account: Person | Bot) -> Person | Bot:
    return _creator(ask, chat) if isinstance(account, Bot) else account
