"""Who is in a chat: joining, leaving, roles, blocking, and a basic group's move to a supergroup."""

from maskarad.sandbox.talk import chat_body, notify
from maskarad.sandbox.telegram import Telegram
from maskarad.sandbox.world import Body, Bot, Chat, Person, private_key

_RIGHTS = [
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
]


def member_body(account: Person | Bot, status: str) -> Body:
    """A ChatMember of any status."""
    body: Body = {"user": account.body(), "status": status}
    if status == "creator":
        body["is_anonymous"] = False
    elif status == "administrator":
        body |= {"can_be_edited": False, "is_anonymous": False, **dict.fromkeys(_RIGHTS, True)}
        body |= {"can_pin_messages": True, "can_manage_topics": True}
    elif status == "kicked":
        body["until_date"] = 0
    return body


def open_private(telegram: Telegram, person: Person, bot: Bot) -> Chat:
    """The chat of a person with a bot, started and unblocked by the person writing to it."""
    key = private_key(person.id, bot.id)
    chat = telegram.world.chats.get(key)
    if chat is None:
        chat = Chat(key, person.id, "private", instance=_instance(telegram), person=person.id, bot=bot.id)
        telegram.world.chats[key] = chat
        telegram.event("chat", chat, type="private", title=bot.name)
    elif chat.blocked:
        chat.blocked = False
        _tell_bot(telegram, chat, bot, person, ("kicked", "member"))
    return chat


def block(telegram: Telegram, chat: Chat) -> None:
    """The person stops the bot of a private chat."""
    bot, person = telegram.world.bots[chat.bot or 0], telegram.world.people[chat.person or 0]
    if not chat.blocked:
        chat.blocked = True
        _tell_bot(telegram, chat, bot, person, ("member", "kicked"))


def make_group(telegram: Telegram, title: str, creator: Person, kind: str) -> Chat:
    number = telegram.world.number()
    group_id = -1_001_000_000_000 - number if kind == "supergroup" else -4_000_000 - number
    chat = Chat(str(group_id), group_id, kind, title, _instance(telegram), {creator.id: "creator"})
    telegram.world.chats[chat.key] = chat
    telegram.event("chat", chat, type=kind, title=title)
    return chat


def join(telegram: Telegram, chat: Chat, account: Person | Bot, by: Person | Bot) -> None:
    _set_status(telegram, chat, account, by, "member")
    newcomer = account.body()
    notify(telegram, chat, by, {"new_chat_members": [newcomer]})


def leave(telegram: Telegram, chat: Chat, account: Person | Bot, by: Person | Bot) -> None:
    """Leaving by oneself, or being removed when `by` is someone else. The one who goes still learns of it."""
    notify(telegram, chat, by, {"left_chat_member": account.body()})
    _set_status(telegram, chat, account, by, "left" if by is account else "kicked")


def set_role(telegram: Telegram, chat: Chat, account: Person | Bot, by: Person | Bot, status: str) -> None:
    _set_status(telegram, chat, account, by, status)


def migrate(telegram: Telegram, old: Chat, by: Person | Bot) -> Chat:
    """A basic group becomes a supergroup with a new id; both sides get their service message."""
    number = telegram.world.number()
    new_id = -1_001_000_000_000 - number
    new = Chat(str(new_id), new_id, "supergroup", old.title, _instance(telegram), dict(old.members))
    telegram.world.chats[new.key] = new
    notify(telegram, old, by, {"migrate_to_chat_id": new.id})
    old.migrated_to = new.id
    telegram.event("chat", new, type="supergroup", title=new.title, migrated_from=old.key)
    notify(telegram, new, by, {"migrate_from_chat_id": old.id})
    return new


def _set_status(telegram: Telegram, chat: Chat, account: Person | Bot, by: Person | Bot, status: str) -> None:
    before = chat.members.get(account.id, "left")
    if before == status:
        return
    chat.members[account.id] = status
    if isinstance(account, Bot):
        _tell_bot(telegram, chat, account, by, (before, status))
    change = _change(telegram, chat, account, by, (before, status))
    for bot in telegram.world.bots_of(chat):
        if bot is not account and chat.administrates(bot.id):
            telegram.update(bot, "chat_member", chat.id, change)
    telegram.event("membership", chat, user=account.body(), status=status, by=by.body())


def _tell_bot(telegram: Telegram, chat: Chat, bot: Bot, by: Person | Bot, change: tuple[str, str]) -> None:
    telegram.update(bot, "my_chat_member", chat.id, _change(telegram, chat, bot, by, change))
    if chat.is_private:
        telegram.event("membership", chat, user=bot.body(), status=change[1], by=by.body())


def _change(telegram: Telegram, chat: Chat, account: Person | Bot, by: Person | Bot, change: tuple[str, str]) -> Body:
    return {
        "chat": chat_body(telegram, chat),
        "from": by.body(),
        "date": telegram.now(),
        "old_chat_member": member_body(account, change[0]),
        "new_chat_member": member_body(account, change[1]),
    }


def _instance(telegram: Telegram) -> str:
    return str(telegram.world.number() * 1_000_003 + 9_000_000_000)
