"""/export_me: all that a persona keeps of one person, as a JSON file."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import msgspec

from maskarad.db import kept
from maskarad.db.engine import Database
from maskarad.db.forgetting import NEWEST
from maskarad.db.kept import KeptLine, Place
from maskarad.memory.people import EVERYWHERE, Known, topics_in
from maskarad.memory.personalization import Personalization
from maskarad.memory.preferences import Wish
from maskarad.values import Bot, Sender, Value

MOST_BYTES = 20_000_000
"""Of messages in one file; Telegram takes files of 50 MB from bots."""

MOST_REACTIONS = 10_000
LINES_AT_ONCE = 1_000

_encode = msgspec.json.Encoder().encode


class File(Value, frozen=True):
    data: bytes
    messages: int
    is_whole: bool
    """False: older messages did not fit."""


class Dossiers:
    """`clock` gives Unix seconds. Files are made one at a time: each is held in memory until it is sent."""

    def __init__(
        self,
        database: Database,
        personalization: Personalization,
        *,
        clock: Callable[[], float],
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._database = database
        self._personalization = personalization
        self._clock = clock
        self._most_bytes = most_bytes
        self._one_at_a_time = asyncio.Lock()

    async def of(self, bot: Bot, person: Sender) -> File:
        """Messages are of their private chat (both sides) and their own ones in groups, each the newest first. Raises
        DatabaseUnavailable."""
        async with self._one_at_a_time:
            places = await self._database.read(
                partial(kept.places, bot_id=bot.id, persona_id=bot.persona_id, user_id=person.id)
            )
            lines, is_whole = await self._messages(bot, person.id, places)
            head = await self._head(bot, person, places, is_whole)
            data = b'%b,"messages":[\n%b\n]}\n' % (_encode(head).removesuffix(b"}"), b",\n".join(lines))
            return File(data=data, messages=len(lines), is_whole=is_whole)

    async def _head(self, bot: Bot, person: Sender, places: Sequence[Place], is_whole: bool) -> dict[str, object]:
        names = {place.link_id: _name(place) for place in places}
        known = await self._personalization.known(bot.persona_id, person.id)
        reactions = await self._database.read(
            partial(kept.reactions, bot_id=bot.id, user_id=person.id, most=MOST_REACTIONS)
        )
        summaries = [
            text
            for place in places
            if place.in_private
            for text in await self._database.read(partial(kept.summaries, link_id=place.link_id))
        ]
        return {
            "bot": bot.username,
            "made_at": _moment(self._clock()),
            "person": {"id": person.id, "name": person.name, "username": person.username},
            "messages_are_all": is_whole,
            "wishes": _wishes(known, names),
            "habits": _habits(known, names),
            "summaries_of_private_chat": summaries,
            "reactions": [
                {
                    "chat": names.get(each.link_id, ""),
                    "message": each.message_order,
                    "emoji": each.emoji,
                    "at": _moment(each.reacted_at),
                }
                for each in reactions
            ],
        }

    async def _messages(self, bot: Bot, user_id: int, places: Sequence[Place]) -> tuple[list[bytes], bool]:
        names = {place.link_id: _name(place) for place in places}
        lines: list[bytes] = []
        size = 0
        async for line in self._lines(bot, user_id, places):
            encoded = _encode(_told(line, names.get(line.link_id, "")))
            size += len(encoded)
            if size > self._most_bytes:
                return lines, False
            lines.append(encoded)
        return lines, True

    async def _lines(self, bot: Bot, user_id: int, places: Sequence[Place]) -> AsyncIterator[KeptLine]:
        for place in places:
            if place.in_private:
                read = partial(kept.private_lines, link_id=place.link_id)
                async for line in self._pages(read, lambda line: line.message_order):
                    yield line
        read = partial(kept.group_lines, bot_id=bot.id, user_id=user_id)
        async for line in self._pages(read, lambda line: line.id):
            yield line

    async def _pages(
        self, read: Callable[..., list[KeptLine]], place_of: Callable[[KeptLine], int]
    ) -> AsyncIterator[KeptLine]:
        before = NEWEST
        while page := await self._database.read(partial(read, before=before, most=LINES_AT_ONCE)):
            for line in page:
                yield line
            before = place_of(page[-1])


def _name(place: Place) -> str:
    return "private" if place.in_private else place.title


def _told(line: KeptLine, chat: str) -> dict[str, object]:
    return {
        "chat": chat,
        "id": line.message_order,
        "at": _moment(line.said_at),
        "from": line.name,
        "from_persona": line.from_persona,
        "text": line.text,
    }


def _wishes(known: Known, names: dict[int, str]) -> list[dict[str, object]]:
    return [
        {
            "wish": each.wish.value,
            "value": topics_in(each.value) if each.wish is Wish.LEAVE_ALONE else each.value,
            "chat": "everywhere" if each.scope == EVERYWHERE else names.get(each.scope, ""),
            "at": _moment(each.stated_at),
        }
        for each in known.preferences
    ]


def _habits(known: Known, names: dict[int, str]) -> list[dict[str, object]]:
    return [
        {
            "chat": names.get(each.link_id, ""),
            "messages": each.messages,
            "treatment_of_persona": each.treatment,
            **msgspec.to_builtins(each.pattern),
        }
        for each in known.familiarities
    ]


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
