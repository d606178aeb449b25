"""The bot about itself: getMe and its command lists."""

import re
from typing import Any

import orjson

from maskarad.sandbox.methods.call import Call
from maskarad.sandbox.params import Params
from maskarad.sandbox.refusal import bad_request
from maskarad.sandbox.world import Body

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SCOPES = frozenset(
    [
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    ]
)


def get_me(call: Call) -> Body:
    return {
        **call.bot.body(),
        "can_join_groups": call.bot.can_join_groups,
        "can_read_all_group_messages": not call.bot.privacy,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
        "supports_guest_queries": False,
        "supports_join_request_queries": False,
    }


def set_my_commands(call: Call) -> bool:
    given = call.params.array("commands", "BotCommand")
    if given is None:
        raise bad_request("can't parse commands list: expected an Array of BotCommand")
    call.bot.commands[_scope(call.params)] = [_command(each) for each in given]
    call.telegram.touch()
    return True


def get_my_commands(call: Call) -> list[dict[str, str]]:
    return call.bot.commands.get(_scope(call.params), [])


def _scope(params: Params) -> str:
    """Commands are kept per scope and language."""
    scope = params.object("scope", "bot command scope") or {"type": "default"}
    if scope.get("type") not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    return orjson.dumps([scope, params.text("language_code")], option=orjson.OPT_SORT_KEYS).decode()


def _command(given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        raise bad_request("can't parse commands list: expected an Object")
    command, description = given.get("command"), given.get("description")
    if not isinstance(command, str) or not _COMMAND.fullmatch(command.removeprefix("/").lower()):
        raise bad_request("BOT_COMMAND_INVALID")
    if not isinstance(description, str) or not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": command.removeprefix("/").lower(), "description": description}
