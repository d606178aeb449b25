"""The chat as Telegram Desktop would export it (`result.json` of a supergroup), written and read back.

The persona's own lines are in it, as they would be; a replay leaves them out, for there it says its own.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from benchmarks.replay import scenes
from benchmarks.replay.people import PERSONA
from benchmarks.replay.script import FIRST_DAY, ZONE, Line, Stage, beginnings
from benchmarks.replay.wording import Wording

TITLE = "Вечірній чай"
CHAT_ID = 1_900_000_001
PERSONA_ID = 2_998
DAYS = 21
WEEKEND = (5, 6)
FIRST_ID = 2
"""Message 1 tells that the group was made."""

_MEDIA: dict[str, dict[str, Any]] = {
    "photo": {
        "photo": "(File not included. Change data exporting settings to download.)",
        "width": 1280,
        "height": 960,
    },
    "voice": {
        "file": "(File not included. Change data exporting settings to download.)",
        "media_type": "voice_message",
    },
    "sticker": {"file": "(File not included. Change data exporting settings to download.)", "media_type": "sticker"},
}


class Said(msgspec.Struct, kw_only=True):
    """A message of an export, as far as the replay needs it."""

    id: int
    type: str
    date_unixtime: str
    from_id: str = ""
    text: str | list[Any] = ""
    reply_to_message_id: int | None = None
    forwarded_from: str | None = None
    edited_unixtime: str | None = None
    photo: str | None = None
    media_type: str | None = None
    sticker_emoji: str | None = None

    @property
    def at(self) -> float:
        return float(self.date_unixtime)

    @property
    def user_id(self) -> int:
        return int(self.from_id.removeprefix("user") or 0)


class Export(msgspec.Struct):
    name: str
    type: str
    id: int
    messages: list[Said]


def write(file: Path, *, messages: int, seed: int, days: int = DAYS) -> None:
    """An export with at least so many messages of people, over so many days; the same seed gives the same bytes."""
    random = Random(seed)
    lines = sorted(_lines(random, messages=messages, days=days), key=lambda line: line.at)
    numbers = {id(line): FIRST_ID + number for number, line in enumerate(lines)}
    told = {
        "name": TITLE,
        "type": "private_supergroup",
        "id": CHAT_ID,
        "messages": [_founding(), *(_message(line, numbers) for line in lines)],
    }
    file.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1))


def read(file: Path) -> Export:
    return msgspec.json.decode(file.read_bytes(), type=Export)


def _lines(random: Random, *, messages: int, days: int) -> Iterator[Line]:
    wording = Wording(random)
    weights = [1.25 if day % 7 in WEEKEND else 1.0 for day in range(days)]
    left = float(messages)
    for day, weight in enumerate(weights):
        wanted = left * weight / sum(weights[day:])
        said = _day(random, wording, day, wanted)
        left -= _of_people(said)
        yield from said


def _day(random: Random, wording: Wording, day: int, wanted: float) -> list[Line]:
    said: list[Line] = []
    moments = beginnings(random, day)

    def play(scene: scenes.Scene, at: datetime) -> None:
        stage = Stage(random, at)
        scene(stage, wording)
        said.extend(stage.lines)

    morning = (FIRST_DAY + timedelta(days=day)).replace(hour=9)
    play(scenes.bulletin, morning)
    if day % 5 == 3:
        play(scenes.bot_talk, morning.replace(minute=1))
    if day % 9 == 4:
        play(scenes.flood, morning.replace(hour=20, minute=15))
    while _of_people(said) < wanted:
        play(random.choices(list(scenes.USUAL), list(scenes.USUAL.values()))[0], next(moments))
    return said


def _of_people(said: list[Line]) -> int:
    return sum(line.person is not None for line in said)


def _message(line: Line, numbers: dict[int, int]) -> dict[str, Any]:
    name, user_id = (PERSONA, PERSONA_ID) if line.person is None else (line.person.name, line.person.id)
    told: dict[str, Any] = {
        "id": numbers[id(line)],
        "type": "message",
        **_when("date", line.at),
        **({} if line.edited_after is None else _when("edited", line.at + line.edited_after)),
        "from": name,
        "from_id": f"user{user_id}",
    }
    if line.reply_to is not None:
        told["reply_to_message_id"] = numbers[id(line.reply_to)]
    if line.forwarded_from is not None:
        told["forwarded_from"] = line.forwarded_from
    told.update(_MEDIA.get(line.kind, {}))
    if line.emoji is not None:
        told["sticker_emoji"] = line.emoji
    entities = [{"type": "plain", "text": line.text}] if line.text else []
    return {**told, "text": line.text, "text_entities": entities}


def _founding() -> dict[str, Any]:
    founded = FIRST_DAY.timestamp() - 3_600
    told = {"actor": "Оксана", "actor_id": "user2001", "action": "create_group", "title": TITLE, "members": []}
    return {"id": 1, "type": "service", **_when("date", founded), **told, "text": "", "text_entities": []}


def _when(name: str, at: float) -> dict[str, str]:
    local = datetime.fromtimestamp(int(at), ZONE)
    return {name: local.replace(tzinfo=None).isoformat(), f"{name}_unixtime": str(int(at))}
