"""Which chat of an export is meant, and whether it is the one that shall remember it."""

from collections.abc import Sequence

from maskarad.errors import ExportRefused
from maskarad.memory.exports.json_messages import supergroup_id
from maskarad.memory.exports.values import ExportedChat, FoundChat
from maskarad.values import Bot, Chat, ChatType

LISTED_CHATS = 20


def is_of(exported_id: int, exported_name: str, chat: Chat, bot: Bot) -> bool:
    """Whether a chat of an export is plainly this one: by its id, by its name where the export does not tell the id."""
    if chat.type is ChatType.PRIVATE:
        return exported_id == bot.telegram_id if exported_id else exported_name == bot.name
    if exported_id:
        return chat.id in (-exported_id, supergroup_id(exported_id))
    return exported_name.casefold() == chat.title.casefold() != ""


def chosen(chats: Sequence[FoundChat], pick: str | None, chat: Chat, bot: Bot) -> FoundChat:
    """The chat that is meant: the one named, else the only one, else the one that is plainly `chat`. Raises
    ExportRefused."""
    if pick is not None:
        fitting = [each for each in chats if pick.casefold() == each.chat.name.casefold() or pick in _ids(each.chat)]
    else:
        fitting = list(chats)
        if len(fitting) > 1:
            fitting = [each for each in chats if is_of(each.chat.id, each.chat.name, chat, bot)]
    if len(fitting) == 1:
        return fitting[0]
    if not chats:
        raise ExportRefused("empty", "")
    listed = ", ".join(f"{each.chat.name} ({each.chat.id})" for each in (fitting or chats)[:LISTED_CHATS])
    more = len(fitting or chats) - LISTED_CHATS
    if more > 0:
        listed += f" (+{more})"
    raise ExportRefused("unknown_chat" if pick is not None and not fitting else "several_chats", "", chats=listed)


def _ids(chat: ExportedChat) -> set[str]:
    return {str(number) for number in (chat.id, -chat.id, supergroup_id(chat.id))} if chat.id else set()
