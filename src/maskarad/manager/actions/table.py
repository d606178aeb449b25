"""Every button of the manager bot: its code in callback data and what it does."""

from collections.abc import Mapping

from maskarad.manager.actions import (
    admin,
    bots,
    creating,
    decisions,
    editing,
    health,
    importing,
    navigation,
    statistics,
    stopping,
    tokens,
    whitelist,
    wizard,
)
from maskarad.manager.desk import Action
from maskarad.values import Value


class Entry(Value, frozen=True):
    action: Action
    arguments: int
    """How many the callback data must carry."""
    asks_telegram: bool = False
    """It may take seconds, so the press is answered before."""
    for_operators: bool = False
    """For anybody else there is no such button."""


ACTIONS: Mapping[str, Entry] = {
    "m": Entry(navigation.menu, 0),
    "h": Entry(navigation.help_page, 0),
    "u": Entry(navigation.profile, 0),
    "l": Entry(navigation.language, 0),
    "lc": Entry(navigation.choose_language, 1),
    "ps": Entry(navigation.persona_list, 1),
    "p": Entry(navigation.card, 1),
    "pd": Entry(editing.ask_delete, 1),
    "py": Entry(editing.delete, 1),
    "e": Entry(editing.everything, 1),
    "wz": Entry(creating.start, 0),
    "wq": Entry(creating.cancel, 1),
    "ws": Entry(creating.finish, 1),
    "wv": Entry(wizard.choose, 3),
    "wn": Entry(wizard.go_on, 2),
    "wb": Entry(wizard.go_back, 2),
    "wc": Entry(wizard.clear, 2),
    "wo": Entry(wizard.open_step, 2),
    "wm": Entry(wizard.set_mood, 3),
    "wx": Entry(wizard.remove_mood, 2),
    "b": Entry(bots.card, 1),
    "ba": Entry(bots.access, 1),
    "bs": Entry(bots.set_access, 2),
    "be": Entry(bots.set_enabled, 2),
    "bu": Entry(bots.ask_unbind, 1),
    "by": Entry(bots.unbind, 1),
    "bd": Entry(decisions.show, 1),
    "bi": Entry(importing.ask, 1),
    "bn": Entry(tokens.ask, 1),
    "bc": Entry(tokens.cancel, 1),
    "g": Entry(whitelist.show, 2),
    "ga": Entry(whitelist.ask, 1),
    "gc": Entry(whitelist.cancel, 1),
    "gx": Entry(whitelist.remove, 3),
    "i": Entry(health.show, 1),
    "ir": Entry(health.refresh, 1, asks_telegram=True),
    "ib": Entry(importing.choose_bot, 2, asks_telegram=True),
    "il": Entry(importing.choose_place, 2, asks_telegram=True),
    "ip": Entry(importing.turn_page, 3, asks_telegram=True),
    "ie": Entry(importing.choose_exported, 3, asks_telegram=True),
    "iq": Entry(importing.leave, 1),
    "ik": Entry(importing.stop, 1),
    "s": Entry(statistics.stats, 2),
    "sl": Entry(statistics.choose_picture, 1),
    "sp": Entry(statistics.picture, 1),
    "a": Entry(admin.show, 0, for_operators=True),
    "ab": Entry(admin.back_up, 0, for_operators=True),
    "at": Entry(stopping.top, 1, for_operators=True),
    "al": Entry(stopping.stopped, 1, for_operators=True),
    "ac": Entry(stopping.card, 2, for_operators=True),
    "as": Entry(stopping.ask, 2, for_operators=True),
    "ay": Entry(stopping.stop, 2, for_operators=True),
    "ag": Entry(stopping.allow, 2, for_operators=True),
    "af": Entry(stopping.ask_whom, 0, for_operators=True),
    "aq": Entry(stopping.leave, 0, for_operators=True),
}
