"""/chattiness: how much the persona talks in a group, and when it keeps quiet; its administrators press the buttons."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec.structs import replace

from maskarad.controls.desk import Answer, ControlDesk, React
from maskarad.db import Connection
from maskarad.db import links as rows
from maskarad.quiet import zone_of
from maskarad.texts import Words
from maskarad.values import Bot, Button, Chattiness, ChatType, Incoming, Keyboard, Manners, Press, Screen

_PAGE, _DIAL, _FROM, _UNTIL, _ZONE = "1:manners:", "1:dial:", "1:quietfrom:", "1:quietuntil:", "1:zone:"
_NO_HOURS = "none"

EVENING = (20, 21, 22, 23, 0, 1)
MORNING = (5, 6, 7, 8, 9, 10)
USUAL_EVENING, USUAL_MORNING = 23, 8

PLACES: Mapping[str, str] = {
    "lisbon": "Europe/Lisbon",
    "london": "Europe/London",
    "warsaw": "Europe/Warsaw",
    "kyiv": "Europe/Kyiv",
    "chisinau": "Europe/Chisinau",
    "istanbul": "Europe/Istanbul",
    "tbilisi": "Asia/Tbilisi",
    "tashkent": "Asia/Tashkent",
    "almaty": "Asia/Almaty",
    "new_york": "America/New_York",
    "chicago": "America/Chicago",
    "los_angeles": "America/Los_Angeles",
}
"""Cities to choose a clock by; each is shown with its time, so any city of that time will do."""


class GroupManners:
    """`time_zone` is the clock of chats that have chosen none."""

    def __init__(self, desk: ControlDesk, *, time_zone: str) -> None:
        self._desk = desk
        self._time_zone = time_zone
        self.commands: Mapping[str, Answer] = {"chattiness": self._ask}
        self.buttons: Mapping[str, React] = dict.fromkeys((_PAGE, _DIAL, _FROM, _UNTIL, _ZONE), self._press)

    async def _ask(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        desk = self._desk
        if message.chat.type is ChatType.PRIVATE:
            return Screen(html=words.html("manners.private"))
        if not await desk.is_in_charge(bot, message.chat, message.sender):
            return Screen(html=words.html("persona.administrators_only"))
        link = await desk.links.ensure(bot, message.chat)
        manners = await desk.database.read(lambda connection: rows.manners(connection, link.id))
        return self._screen(_PAGE, manners, words)

    async def _press(self, bot: Bot, press: Press, words: Words) -> str | None:
        desk = self._desk
        if press.chat.type is ChatType.PRIVATE or not await desk.is_in_charge(bot, press.chat, press.sender):
            return words.get("persona.administrators_only")
        name, _, choice = press.data.rpartition(":")
        name += ":"
        link = await desk.links.ensure(bot, press.chat)

        def choose(connection: Connection) -> Manners | None:
            chosen = _chosen(rows.manners(connection, link.id), name, choice)
            if chosen is not None:
                rows.set_manners(connection, link.id, chosen)
            return chosen

        if name == _PAGE:
            manners: Manners | None = await desk.database.read(lambda connection: rows.manners(connection, link.id))
            name = {"hours": _FROM, "zones": _ZONE}.get(choice, _PAGE)
        else:
            manners = await desk.database.write(choose)
        if manners is None:
            return words.get("persona.old_button")
        await desk.show(bot, press, self._screen(name, manners, words))
        return None

    def _screen(self, page: str, manners: Manners, words: Words) -> Screen:
        if page in (_FROM, _UNTIL):
            html = words.html("manners.hours_question", hours=self._hours(manners, words))
            return Screen(html=html, keyboard=_hours_keyboard(manners, words))
        if page == _ZONE:
            return Screen(html=words.html("manners.zone_question"), keyboard=self._zones_keyboard(manners, words))
        dial = manners.chattiness or Chattiness.NORMAL
        html = words.html(
            "manners.text",
            level=words.get(f"manners.level.{dial}"),
            meaning=words.get(f"manners.meaning.{dial}"),
            hours=self._hours(manners, words),
        )
        return Screen(html=html, keyboard=_dial_keyboard(dial, words))

    def _hours(self, manners: Manners, words: Words) -> str:
        if manners.quiet_from is None or manners.quiet_until is None:
            return words.get("manners.hours_unset")
        if manners.quiet_from == manners.quiet_until:
            return words.get("manners.hours_none")
        return words.get(
            "manners.hours_shown",
            begin=_hour(manners.quiet_from),
            end=_hour(manners.quiet_until),
            place=self._place(manners, words),
        )

    def _place(self, manners: Manners, words: Words) -> str:
        zone = manners.time_zone or self._time_zone
        key = next((key for key, known in PLACES.items() if known == zone), None)
        return words.get(f"manners.place.{key}") if key else zone

    def _zones_keyboard(self, manners: Manners, words: Words) -> Keyboard:
        now = self._desk.clock()

        def label(key: str, zone: str) -> str:
            here = datetime.fromtimestamp(now, zone_of(Manners(time_zone=zone), self._time_zone))
            city = words.get(f"manners.place.{key}")
            return f"{_mark(zone == manners.time_zone)}{city} {here:%H:%M}"

        cities = [Button(label=label(key, zone), data=f"{_ZONE}{key}") for key, zone in PLACES.items()]
        return (*_in_rows(cities, 2), _back(words))


def _chosen(manners: Manners, name: str, choice: str) -> Manners | None:
    """What the button chooses; None for one that is not ours."""
    if name == _DIAL and choice in set(Chattiness):
        return replace(manners, chattiness=Chattiness(choice))
    if name == _ZONE and choice in PLACES:
        return replace(manners, time_zone=PLACES[choice])
    if name == _FROM and choice == _NO_HOURS:
        # Hours that end when they begin are none; nothing at all would be the platform's own.
        return replace(manners, quiet_from=0, quiet_until=0)
    begin, end = _hours_or_usual(manners)
    if name == _FROM and choice in map(str, EVENING):
        return replace(manners, quiet_from=int(choice), quiet_until=end)
    if name == _UNTIL and choice in map(str, MORNING):
        return replace(manners, quiet_from=begin, quiet_until=int(choice))
    return None


def _hours_or_usual(manners: Manners) -> tuple[int, int]:
    begin, end = manners.quiet_from, manners.quiet_until
    if begin is None or end is None or begin == end:
        return USUAL_EVENING, USUAL_MORNING
    return begin, end


def _dial_keyboard(dial: Chattiness, words: Words) -> Keyboard:
    levels = [
        Button(label=f"{_mark(each is dial)}{words.get(f'manners.level.{each}')}", data=f"{_DIAL}{each}")
        for each in Chattiness
    ]
    pages = (
        Button(label=words.get("manners.hours"), data=f"{_PAGE}hours"),
        Button(label=words.get("manners.zones"), data=f"{_PAGE}zones"),
    )
    return (*_in_rows(levels, 2), pages)


def _hours_keyboard(manners: Manners, words: Words) -> Keyboard:
    none = manners.quiet_from is not None and manners.quiet_from == manners.quiet_until

    def row(hours: Iterable[int], chosen: int | None, name: str) -> tuple[Button, ...]:
        return tuple(
            Button(label=f"{_mark(hour == chosen and not none)}{_hour(hour)}", data=f"{name}{hour}") for hour in hours
        )

    return (
        row(EVENING[:3], manners.quiet_from, _FROM),
        row(EVENING[3:], manners.quiet_from, _FROM),
        row(MORNING[:3], manners.quiet_until, _UNTIL),
        row(MORNING[3:], manners.quiet_until, _UNTIL),
        (Button(label=f"{_mark(none)}{words.get('manners.no_hours')}", data=f"{_FROM}{_NO_HOURS}"),),
        _back(words),
    )


def _back(words: Words) -> tuple[Button, ...]:
    return (Button(label=words.get("manners.back"), data=f"{_PAGE}dial"),)


def _mark(chosen: bool) -> str:
    return "• " if chosen else ""


def _hour(hour: int) -> str:
    return f"{hour:02}:00"


def _in_rows(buttons: list[Button], width: int) -> Keyboard:
    return tuple(tuple(buttons[first : first + width]) for first in range(0, len(buttons), width))
