"""The people of a plan: they move into the sandbox, say their lines, and press the manager bot's buttons."""

import asyncio
import time
from collections.abc import Sequence

from benchmarks.chaos.plan import Line, Plan, PressAt, Room
from benchmarks.people import person
from benchmarks.stage import MANAGER_TOKEN, Actor
from maskarad.manager.callbacks import encode
from maskarad.sandbox.person import Sandbox
from maskarad.values import Chat, ChatType, Value

MANAGER_ID = int(MANAGER_TOKEN.partition(":")[0])
ANSWERED_WITHIN = 30.0
"""Seconds in which a press can be answered at all."""

CHATTER = "Вчора були на озері, вода ще холодна, але діти все одно купалися"
SENTENCES = (
    "Привіт! Сьогодні так гарно за вікном, що я пішов пішки",
    "А ти як, що робила зранку?",
    "I was at the market and forgot what for",
    "Розкажи щось про гори, давно там не був",
    "What would you cook on a day like this?",
)
BUTTONS = (encode("m"), encode("ps", 0))


class Pressed(Value, frozen=True):
    """`seconds` is the sandbox's own count, from the press to the answer; None when there was none."""

    at: float
    seconds: float | None


class Crowd:
    def __init__(self, sandbox: Sandbox, plan: Plan, actors: Sequence[Actor]) -> None:
        self.pressed: list[Pressed] = []
        self.keys: list[str] = []
        """Of the chats, by room."""
        self.chats: list[Chat] = []
        """As their bots see them, by room."""
        self.bots: dict[str, int] = {}
        """Telegram's ids of the bots, by chat."""
        self._sandbox = sandbox
        self._plan = plan
        self._actors = actors
        self._speaking = [asyncio.Lock() for _ in plan.rooms]
        self._menus: dict[int, int] = {}
        self._presses = 0

    async def move_in(self) -> None:
        for number in range(self._plan.people):
            await self._sandbox.add_user(f"Оксана {number}", id=person(number), language_code="uk")
        for number, room in enumerate(self._plan.rooms):
            key, chat = await self._open(number, room)
            self.keys.append(key)
            self.chats.append(chat)
            self.bots[key] = _telegram_id(self._actors[room.bot])

    async def open_menus(self) -> None:
        """Everybody who is to press a button gets a message with one. The platform has to be there."""
        for number in sorted({press.person for press in self._plan.presses}):
            chat = self._sandbox.private(person(number), MANAGER_ID)
            menu = await self._sandbox.ask(chat, person(number), "/start", timeout=30)
            self._menus[number] = menu.id

    async def talk(self, lines: Sequence[Line], start: float, over: asyncio.Event) -> None:
        """From `start` (Unix seconds) on, whatever becomes of it. Returns when all is said, or it is over."""
        async with asyncio.TaskGroup() as speaking:
            for line in lines:
                await asyncio.sleep(max(start + line.at - time.time(), 0.0))
                if over.is_set():
                    return
                speaking.create_task(self._say(line))

    async def press(self, presses: Sequence[PressAt], start: float, over: asyncio.Event) -> None:
        """As `talk`; returns when all presses are answered or given up."""
        async with asyncio.TaskGroup() as pressing:
            for press in presses:
                await asyncio.sleep(max(start + press.at - time.time(), 0.0))
                if over.is_set():
                    return
                pressing.create_task(self._press(press))

    async def _open(self, number: int, room: Room) -> tuple[str, Chat]:
        actor = self._actors[room.bot]
        if not room.is_group:
            user = person(room.people[0])
            return self._sandbox.private(user, _telegram_id(actor)), Chat(id=user, type=ChatType.PRIVATE)
        first, *others = map(person, room.people)
        made = await self._sandbox.add_group(f"Вечірній чай {number}", first)
        for other in others:
            await self._sandbox.join(made["key"], other)
        await self._sandbox.join(made["key"], _telegram_id(actor), by=first)
        return str(made["key"]), Chat(id=made["id"], type=ChatType(made["type"]), title=made["title"])

    async def _say(self, line: Line) -> None:
        room = self._plan.rooms[line.room]
        async with self._speaking[line.room]:
            await self._sandbox.say(self.keys[line.room], person(room.people[line.person]), self._text(room, line))

    def _text(self, room: Room, line: Line) -> str:
        if line.number is None:
            return CHATTER
        said = f"{SENTENCES[line.number % len(SENTENCES)]} №{line.number}"
        return f"@{self._actors[room.bot].username} {said}" if room.is_group else said

    async def _press(self, press: PressAt) -> None:
        self._presses += 1
        data, at = BUTTONS[self._presses % len(BUTTONS)], time.time()
        user = person(press.person)
        answer = await self._sandbox.press(
            self._sandbox.private(user, MANAGER_ID), user, self._menus[press.person], data=data, wait=ANSWERED_WITHIN
        )
        self.pressed.append(Pressed(at=at, seconds=answer["seconds"] if answer["answered"] else None))


def _telegram_id(actor: Actor) -> int:
    return int(actor.token.partition(":")[0])
