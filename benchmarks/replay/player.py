"""An export said again, message by message, to a whole platform: what each of them brought about.

Platform and sandbox live in simulated time. It jumps to the moment of the next message, in steps that let periodic
tasks run as they would have; then the message is said, and everything it causes is waited for.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from benchmarks.replay.export import PERSONA_ID, Export, Said
from benchmarks.replay.eyes import Asked, Eyes, Paid, listening
from benchmarks.replay.people import BOT, PEOPLE
from benchmarks.replay.room import MANAGER_TOKEN, OWNER_ID, Room, furnish
from benchmarks.replay.simulated import SimulatedTime
from maskarad.app import Platform
from maskarad.db import Connection, bots, personas, stops
from maskarad.life.mood import MoodNow, present
from maskarad.sandbox.person import Object, Sandbox
from maskarad.sandbox.server import Options, running
from maskarad.values import Chattiness, Decision, Value

STEP = 600.0
"""Seconds that pass at once, at most: periodic tasks of shorter intervals run once in them."""

AFTERWARDS = 86_400.0
"""Seconds that pass after the last message."""

REPLY_WITHIN = 900.0
"""Seconds for which people reply to a line of the persona; to an older one they just speak."""

REACTS = 0.15
"""Share of the persona's lines that somebody reacts to."""

TAKEN_WELL = 0.75
GOOD, BAD = ("👍", "❤", "😁", "🔥"), ("👎", "🥱")
PATIENCE = 30.0


class OwnLine(Value, frozen=True):
    """What the persona said."""

    at: float
    message_id: int
    text: str
    silent: bool


class Heard(Value, frozen=True):
    """One message of the export and what came of it. `number` is the message's in the export."""

    number: int
    at: float
    person_id: int
    text: str
    decision: Decision | None
    own: tuple[OwnLine, ...]
    reactions: tuple[str, ...]
    """That the persona put."""
    calls: tuple[str, ...]
    """To the model, by purpose."""
    statements: int
    mood: MoodNow


class Replay(Value, frozen=True):
    dial: Chattiness
    heard: tuple[Heard, ...]
    unasked: tuple[OwnLine, ...]
    """What the persona said when nobody had just spoken."""
    paid: tuple[Paid, ...]
    prompts: tuple[Object, ...]
    """What the model was asked; the nth of `paid` pays the nth."""
    likings: tuple[float, ...]
    """One a day."""
    people_reacted: int
    folded: int
    summary: str


async def replay(export: Export, folder: Path, *, dial: Chattiness, seed: int) -> Replay:
    """The folder is empty and stays as the platform leaves it."""
    founded = export.messages[0].at
    time = SimulatedTime(founded)
    options = Options(port=0, manager_token=MANAGER_TOKEN)
    async with (
        running(options, time.clock) as address,
        Sandbox.at(address) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        room = await furnish(sandbox, session, folder)
        with listening() as asked:
            async with _playing(room, time, seed):
                player = _Player(room, time, asked, Random(seed))
                await player.choose(dial)
                await player.play([each for each in export.messages if each.type == "message"])
                return await player.seen(dial)


@asynccontextmanager
async def _playing(room: Room, time: SimulatedTime, seed: int) -> AsyncIterator[Platform]:
    seeds = Random(seed)
    platform = Platform(
        room.settings, clock=time.clock, sleep=time.sleep, chances=lambda: Random(seeds.random()).random
    )
    await platform.start(alone=True)
    # This one looks by the real clock, every two seconds: its statements are made known before they are counted.
    await platform.database.read(_look_for_changes)
    try:
        yield platform
    finally:
        await platform.stop()


def _look_for_changes(connection: Connection) -> None:
    bots.ids(connection)
    bots.changed_since(connection, 0.0)
    personas.changed_since(connection, 0.0)
    stops.stopped_users(connection)


class _Player:
    def __init__(self, room: Room, time: SimulatedTime, asked: Asked, random: Random) -> None:
        self._room = room
        self._time = time
        self._asked = asked
        self._random = random
        self._eyes = Eyes(room.database_file)
        self._position = 0
        self._numbers = count()
        self._later: list[tuple[float, int, int, str]] = []
        self._places: dict[int, int] = {}
        self._heard: list[Heard] = []
        self._unasked: list[OwnLine] = []
        self._last_own: OwnLine | None = None
        self._likings: list[float] = []
        self._people_reacted = 0

    async def choose(self, dial: Chattiness) -> None:
        """The group's creator turns the dial as people do."""
        sandbox, chat = self._room.sandbox, self._room.chat
        await self._time.pass_until(self._time.clock() + STEP)
        self._asked.start()
        page = await sandbox.ask(chat, OWNER_ID, "/chattiness", timeout=PATIENCE)
        await sandbox.press(chat, OWNER_ID, page.id, data=f"1:dial:{dial}")
        await self._settled()
        self._asked.stop()
        self._position = await sandbox.position()

    async def play(self, messages: Sequence[Said]) -> None:
        for said in messages:
            if said.user_id != PERSONA_ID:
                await self._pass_until(said.at)
                self._heard.append(await self._hear(said))
        await self._pass_until(messages[-1].at + AFTERWARDS)

    async def seen(self, dial: Chattiness) -> Replay:
        folded, summary = self._eyes.summary()
        paid = tuple(self._eyes.paid())
        self._eyes.close()
        return Replay(
            dial=dial,
            heard=tuple(self._heard),
            unasked=tuple(self._unasked),
            paid=paid,
            prompts=tuple(each["body"] for each in await self._room.sandbox.model_requests()),
            likings=tuple(self._likings),
            people_reacted=self._people_reacted,
            folded=folded,
            summary=summary,
        )

    async def _pass_until(self, moment: float) -> None:
        """Let time pass, with what happens in it by itself: periodic tasks, and people's reactions."""
        while self._time.clock() < moment:
            next_stop = min(moment, self._time.clock() + STEP, *(each[0] for each in self._later[:1]))
            if int(next_stop // 86_400) != int(self._time.clock() // 86_400):
                self._likings.append(self._eyes.liking())
            await self._time.pass_until(next_stop)
            while self._later and self._later[0][0] <= next_stop:
                _, _, message_id, emoji = heapq.heappop(self._later)
                await self._react(message_id, emoji)
            await self._settled()
            own, _ = await self._observed()
            self._unasked.extend(own)

    async def _react(self, message_id: int, emoji: str) -> None:
        person = self._random.choice(PEOPLE)
        await self._room.sandbox.react(self._room.chat, person.id, message_id, emoji)
        self._people_reacted += 1

    async def _hear(self, said: Said) -> Heard:
        paid_before = len(self._eyes.paid())
        self._asked.start()
        message_id = await self._say(said)
        await self._settled()
        statements = self._asked.stop()
        own, reactions = await self._observed()
        self._places[said.id] = message_id
        now = self._time.clock()
        heard = Heard(
            number=said.id,
            at=said.at,
            person_id=said.user_id,
            text=said.text if isinstance(said.text, str) else "",
            decision=self._eyes.decision(message_id),
            own=tuple(own),
            reactions=tuple(reactions),
            calls=tuple(each.purpose for each in self._eyes.paid()[paid_before:]),
            statements=statements,
            mood=present(self._eyes.mood(), now, self._room.settings.mood_half_life),
        )
        if said.edited_unixtime is not None:
            await self._room.sandbox.edit(self._room.chat, said.user_id, message_id, heard.text)
            await self._settled()
        return heard

    async def _say(self, said: Said) -> int:
        text = str(said.text)
        reply_to = self._reply_to(said)
        if said.user_id == BOT.id:
            return await self._room.bulletin(text, reply_to)
        content: dict[str, Any] = {"text": text}
        if said.media_type == "sticker":
            content = {"media": "sticker", "emoji": said.sticker_emoji}
        elif said.media_type == "voice_message":
            content = {"media": "voice"}
        elif said.photo is not None:
            content = {"media": "photo", "caption": text or None}
        elif said.edited_unixtime is not None:
            # An export keeps only the last words: the first ones lacked the last of them.
            content = {"text": text.rpartition(" ")[0] or text}
        if said.forwarded_from is not None:
            content["forward_from"] = said.forwarded_from
        if reply_to is not None:
            content["reply_to"] = reply_to
        message = await self._room.sandbox.say(self._room.chat, said.user_id, **content)
        return int(message["message_id"])

    def _reply_to(self, said: Said) -> int | None:
        """A reply to what the persona said in the export goes to what it has just said here."""
        if said.reply_to_message_id is None:
            return None
        place = self._places.get(said.reply_to_message_id)
        if place is not None:
            return place
        own = self._last_own
        return own.message_id if own is not None and said.at - own.at <= REPLY_WITHIN else None

    async def _observed(self) -> tuple[list[OwnLine], list[str]]:
        """What the persona has said, and the reactions that it has put, since the last look."""
        own: list[OwnLine] = []
        reactions: list[str] = []
        events, self._position = await self._room.sandbox.events(self._position)
        for event in events:
            if event["kind"] == "message" and event["message"]["from"]["id"] == self._room.persona_id:
                own.append(self._own_line(event["message"]))
            elif event["kind"] == "reaction" and event["from"]["id"] == self._room.persona_id and event["emoji"]:
                reactions.append(event["emoji"])
        return own, reactions

    def _own_line(self, message: Object) -> OwnLine:
        line = OwnLine(
            at=self._time.clock(),
            message_id=message["message_id"],
            text=message.get("text", ""),
            silent=bool(message["silent"]),
        )
        self._last_own = line
        if self._random.random() < REACTS:
            emoji = self._random.choice(GOOD if self._random.random() < TAKEN_WELL else BAD)
            after = self._random.uniform(5.0, 60.0)
            heapq.heappush(self._later, (line.at + after, next(self._numbers), line.message_id, emoji))
        return line

    async def _settled(self) -> None:
        """Returns when the platform has confirmed every update and has nothing under way."""
        async with asyncio.timeout(PATIENCE):
            while await self._room.pending() or not self._eyes.at_rest():  # noqa: ASYNC110
                await asyncio.sleep(0.001)  # neither Telegram's queue nor rows ring a bell
