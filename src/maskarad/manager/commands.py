"""The manager bot's commands, and the menus of them that Telegram shows."""

from collections.abc import Mapping

from maskarad.manager import forms
from maskarad.manager.actions import admin, creating, navigation, statistics
from maskarad.manager.desk import Action, Desk, Outcome, Visit
from maskarad.settings import LANGUAGES
from maskarad.texts import Texts
from maskarad.values import Screen


async def _mypersonas(desk: Desk, visit: Visit) -> Outcome:
    return await navigation.persona_list(desk, visit, "0")


async def _stats(desk: Desk, visit: Visit) -> Outcome:
    return await statistics.stats(desk, visit, "0", "0")


async def _analytics(desk: Desk, visit: Visit) -> Outcome:
    return await statistics.choose_picture(desk, visit, "0")


COMMANDS: Mapping[str, Action] = {
    "start": navigation.menu,
    "menu": navigation.menu,
    "createpersona": creating.start,
    "mypersonas": _mypersonas,
    "stats": _stats,
    "analytics": _analytics,
    "profile": navigation.profile,
    "language": navigation.language,
    "help": navigation.help_page,
}

OPERATORS_COMMANDS: Mapping[str, Action] = {"admin": admin.show}
"""For anybody else there are no such commands."""


async def run(desk: Desk, visit: Visit, command: str) -> Screen:
    """What a command leads to. Whatever it is, nothing but an unfinished persona waits for an answer afterwards."""
    if command == "cancel":
        cancelled = await desk.db.write(lambda c: forms.cancel(c, visit.user.id, now=desk.clock()))
        return visit.fixed.cancelled if cancelled else visit.fixed.nothing_to_cancel
    form = await desk.db.read(lambda c: forms.load(c, visit.user.id))
    if isinstance(form, forms.Aside):
        await desk.db.write(lambda c: forms.end(c, visit.user.id, now=desk.clock()))
    action = COMMANDS.get(command)
    if action is None and desk.is_operator(visit.user.id):
        action = OPERATORS_COMMANDS.get(command)
    if action is None:
        return visit.fixed.unknown_command
    outcome = await action(desk, visit)
    return outcome.screen or _notice(visit, outcome.notice or "")


def _notice(visit: Visit, notice: str) -> Screen:
    return Screen(html=notice, keyboard=visit.fixed.menu.keyboard)


def command_menus(
    texts: Texts, default_language: str, *, for_operators: bool = False
) -> Mapping[str, Mapping[str, str]]:
    """For setMyCommands: by language, "" being everyone else's, each command with its description."""
    names = (*COMMANDS, *(OPERATORS_COMMANDS if for_operators else ()), "cancel")
    menus = {
        language: {name: texts.get(language, f"command.{name}") for name in names if name != "start"}
        for language in LANGUAGES
    }
    return {"": menus[default_language], **menus}
