"""The menus of commands that Telegram shows."""

from maskarad.manager.commands import command_menus
from maskarad.settings import LANGUAGES
from tests.manager.conftest import TEXTS


def test_every_language_has_every_command_and_everyone_else_the_platforms_language() -> None:
    menus = command_menus(TEXTS, "uk")
    assert menus.keys() == {"", *LANGUAGES}
    assert menus[""] == menus["uk"]
    names = ["menu", "createpersona", "mypersonas", "stats", "analytics", "profile", "language", "help", "cancel"]
    for menu in menus.values():
        assert list(menu) == names
        assert all(0 < len(description) <= 256 for description in menu.values())
