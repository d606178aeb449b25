"""`python -m benchmarks.importing [MEGABYTES…]`: how fast exported history goes into SQLite, and in how much memory.

Writes an export as Telegram Desktop does, of a group in which thirty people speak three languages, and lets `maskarad
import` store it: a process of its own, on one core.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import machine
from maskarad.db import bots, links, migrate, personas, users
from maskarad.db.opening import open_database
from maskarad.values import (
    Access,
    BotProfile,
    Chat,
    ChatType,
    PersonaDraft,
    Sender,
    WebhookIdentity,
)

SIZES = (250, 1_000)
SEED = 4
GROUP = 1_700_000_000
CHAT = Chat(id=-(10**12) - GROUP, type=ChatType.SUPERGROUP, title="Вечірній чай")
OWNER = Sender(id=1001, name="Alice", language="uk")
BEGIN = 1_600_000_000

_NAMES = ("Олена", "Тарас", "Soma", "Мария", "Bob", "Ірина", "Андрій", "Катя", "Nick", "Юлія")
_WORDS = {
    "uk": "та ну сьогодні ввечері будемо пити чай кіно робота дуже гарно мене тебе хто знає чому завтра їдемо додому "
    "смачно файно погода дощ привіт дякую немає часу купив квитки музика гра собака зранку",
    "ru": "да ну сегодня вечером будем пить чай кино работа очень хорошо меня тебя кто знает почему завтра едем домой "
    "вкусно классно погода дождь привет спасибо нет времени купил билеты музыка игра собака утром",
    "en": "well today tonight we will drink tea movie work very good me you who knows why tomorrow going home tasty "
    "nice weather rain hello thanks no time bought tickets music game dog morning",
}
_EMOJI = ("😂", "❤️", "👍", "😢", "🔥", "🙃")


class Outcome(msgspec.Struct, frozen=True):
    megabytes: int
    messages: int
    seconds: float
    """From the call to the summary."""
    cpu: float
    """Seconds, of the whole process from its start to its end."""
    resident: float
    """Megabytes (10⁶ bytes) at most."""


def messages(count_bytes: int) -> Iterator[str]:
    """JSON of messages, indented as Telegram Desktop does, until they have that many bytes."""
    chance = random.Random(SEED)
    people = [(1_000_000 + number, f"{chance.choice(_NAMES)} {number}") for number in range(30)]
    written, number, at = 0, 0, BEGIN
    while written < count_bytes:
        number += 1
        at += chance.randrange(5, 120)
        text = json.dumps(_message(chance, people, number, at), ensure_ascii=False, indent=1)
        indented = text.replace("\n", "\n  ")
        written += len(indented.encode()) + 4
        yield indented


def _message(chance: random.Random, people: list[tuple[int, str]], number: int, at: int) -> dict[str, Any]:
    sender, name = people[min(int(chance.expovariate(0.15)), 29)]
    date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
    head = {"id": number, "type": "message", "date": date, "date_unixtime": str(at)}
    who = {"from": name, "from_id": f"user{sender}"}
    if chance.random() < 0.01:
        service = {"type": "service", "actor": name, "actor_id": f"user{sender}", "action": "pin_message"}
        return {**head, **service, "text": "", "text_entities": []}
    words = chance.choices(_WORDS[chance.choice(("uk", "uk", "ru", "en"))].split(), k=1 + int(chance.expovariate(0.12)))
    if chance.random() < 0.2:
        words.append(chance.choice(_EMOJI))
    text = " ".join(words)
    message = {**head, **who}
    if number > 5 and chance.random() < 0.25:
        message["reply_to_message_id"] = number - chance.randrange(1, 5)
    if chance.random() < 0.08:
        picture = {"photo": f"photos/photo_{number}.jpg", "width": 1280, "height": 960}
        return {**message, **picture, "text": "", "text_entities": []}
    entities = [{"type": "plain", "text": text}]
    if chance.random() < 0.1:
        entities.append({"type": "bold", "text": "!"})
        return {**message, "text": [text, entities[1]], "text_entities": entities}
    return {**message, "text": text, "text_entities": entities}


def write(file: Path, megabytes: int) -> int:
    """Returns how many messages it holds."""
    count = 0
    with file.open("w", encoding="utf-8") as export:
        head = {"name": CHAT.title, "type": "private_supergroup", "id": GROUP}
        export.write(json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}") + ',\n "messages": [\n  ')
        for message in messages(megabytes * 1_000_000):
            export.write((",\n  " if count else "") + message)
            count += 1
        export.write("\n ]\n}")
    return count


async def prepare(url: str) -> None:
    """A bot in the group whose history is to be imported."""
    database = open_database(url, pool_size=1, max_overflow=0)
    try:
        await database.write(migrate.upgrade)
        await database.write(lambda connection: users.remember(connection, OWNER, language="uk", now=BEGIN))
        draft = PersonaDraft(name="Mira", description="a tea witch", language="uk")
        persona = await database.write(lambda connection: personas.add(connection, OWNER.id, draft, limit=1, now=BEGIN))
        profile = BotProfile(telegram_id=7001, name="Mira", username="mira_bot", sees_all_group_messages=True)
        identity = WebhookIdentity(public_id="mira", secret="secret")
        bot = await database.write(
            lambda connection: bots.bind(
                connection, persona, profile, token="-", webhook=identity, access=Access.PUBLIC, now=BEGIN
            )
        )
        await database.write(lambda connection: links.find_or_add(connection, bot, CHAT, now=BEGIN))
    finally:
        await database.close()


def measure(folder: Path, megabytes: int) -> Outcome:
    file, url = folder / "result.json", f"sqlite:///{folder / 'maskarad.db'}"
    count = write(file, megabytes)
    asyncio.run(prepare(url))
    core = min(os.sched_getaffinity(0))
    call = [sys.executable, "-m", "maskarad", "import", str(file), "--bot=@mira_bot", f"--chat={CHAT.id}"]
    with subprocess.Popen(
        [*call, "--yes", "--json"],
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url, "DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the import ended with {process.returncode}")
    summary = msgspec.json.decode(printed)
    assert summary["added"] + summary["skipped_service_messages"] == count
    return Outcome(
        megabytes=megabytes,
        messages=count,
        seconds=summary["seconds"],
        cpu=usage.ru_utime + usage.ru_stime,
        resident=usage.ru_maxrss * 1024 / 1e6,
    )


def main(sizes: list[int]) -> None:
    print(f"a fixed loop of Python takes {machine.calibrate():.2f} ms here")
    for megabytes in sizes:
        with tempfile.TemporaryDirectory() as folder:
            outcome = measure(Path(folder), megabytes)
        wall, cpu = outcome.messages / outcome.seconds, outcome.messages / outcome.cpu
        print(
            f"{outcome.megabytes} MB, {outcome.messages:,} messages in {outcome.seconds:.1f} s: {wall:,.0f} a second, "
            f"{cpu:,.0f} a second of CPU, {outcome.resident:.0f} MB resident at most",
            flush=True,
        )


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(SIZES))
