"""What the acts have at hand: the people and their chats, the platform's process, what its model was asked."""

import asyncio
from pathlib import Path

import msgspec
import orjson

from maskarad.sandbox.demo.process import Process
from maskarad.sandbox.demo.room import BotAccount, Person, Room
from maskarad.sandbox.demo.transcript import Transcript
from maskarad.sandbox.person import Sandbox

MANAGER_TOKEN = "1000000:the-manager-of-the-play-opens-nothing-else"
_RUNNING = "Maskarad is running"


class Cast(msgspec.Struct, frozen=True):
    """Oksana owns the persona, Bob and Dmytro are her friends; Ustym is the persona's bot."""

    oksana: Person
    bob: Person
    dmytro: Person
    manager: Person
    ustym: BotAccount


class Asked(msgspec.Struct, frozen=True):
    """One request to the model: all of its text, and the messages in it that were to be answered."""

    text: str
    new: list[str]


class Platform:
    """`python -m maskarad run` with its data in `folder`, started as often as the play wants. `log` is all it wrote."""

    def __init__(self, folder: Path, address: str, transcript: Transcript, *, verbose: bool) -> None:
        self.data = folder / "data"
        self.log: list[str] = []
        self._folder = folder
        self._transcript = transcript
        self._verbose = verbose
        self._process: Process | None = None
        self._settings = {
            "TELEGRAM_BOT_TOKEN": MANAGER_TOKEN,
            # Actors speak faster than people.
            "FLOOD_MESSAGES": "0",
            "TELEGRAM_API_BASE_URL": address,
            "LLM_BASE_URL": f"{address}/v1",
            "LLM_API_KEY": "sandbox",
            "DATA_DIR": str(self.data),
            "PORT": "0",
        }

    async def start(self) -> None:
        """Raises `ProcessEnded`."""
        since = _now()
        self._process, _ = await Process.start(
            "maskarad", "run", folder=self._folder, settings=self._settings, ready=_RUNNING, hear=self._hear
        )
        self._transcript.direction("the platform starts", _now() - since)

    async def kill(self) -> None:
        assert self._process is not None
        await self._process.kill()
        self._transcript.direction("SIGKILL: the platform is gone in the middle of its work")

    async def stop(self) -> int | None:
        """Its exit code; None when it never ran."""
        return None if self._process is None else await self._process.stop()

    def _hear(self, line: str) -> None:
        self.log.append(line)
        with (self._folder / "platform.log").open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        if self._verbose:
            self._transcript.log_line(line)

    def has_kept(self, phrase: str) -> bool:
        """Do these words stand in any file of the platform's data?"""
        wanted = phrase.encode()
        return any(wanted in file.read_bytes() for file in self.data.rglob("*") if file.is_file())

    def has_logged(self, phrase: str) -> bool:
        return any(phrase in line for line in self.log)


class Stage:
    """`desk` is Oksana's chat with the manager bot, `hut` her chat with Ustym, `door` Bob's chat with him."""

    def __init__(self, sandbox: Sandbox, transcript: Transcript, platform: Platform, cast: Cast) -> None:
        self.sandbox = sandbox
        self.platform = platform
        self.cast = cast
        self._transcript = transcript
        self._requests_seen = 0
        self.desk = self._private(cast.oksana, cast.manager)
        self.hut = self._private(cast.oksana, cast.ustym)
        self.door = self._private(cast.bob, cast.ustym)

    def _private(self, person: Person, bot: Person) -> Room:
        return Room(self.sandbox, self._transcript, Sandbox.private(person.id, bot.id), f"{person.name} and {bot.name}")

    async def open_group(self, title: str, host: Person, *guests: Person) -> Room:
        """A supergroup in which the host makes Ustym an administrator, so that he hears everything."""
        cast, sandbox = self.cast, self.sandbox
        key = str((await sandbox.add_group(title, host.id))["key"])
        for guest in (*guests, cast.ustym):
            await sandbox.join(key, guest.id, by=host.id)
        await sandbox.set_role(key, cast.ustym.id, "administrator")
        names = ", ".join(each.name for each in (host, *guests, cast.ustym))
        self._transcript.direction(f"{host.name} opens a group and makes {cast.ustym.name} an administrator")
        return Room(sandbox, self._transcript, key, f"the group «{title}»: {names}")

    def check(self, claim: str, holds: bool) -> None:
        self._transcript.check(claim, holds)

    def direction(self, text: str) -> None:
        self._transcript.direction(text)

    async def model_says(self, *parts: str, reaction: str | None = None) -> None:
        """What the model answers next; without this it finds its answer in the prompt."""
        answer = {"response": parts} if reaction is None else {"response": parts, "reaction": reaction}
        await self.sandbox.direct_model(replies=[orjson.dumps(answer).decode()])

    async def asked(self) -> list[Asked]:
        """What the model was asked since this was looked at last."""
        requests = await self.sandbox.model_requests(self._requests_seen)
        self._requests_seen = max((each["seq"] for each in requests), default=self._requests_seen)
        return [_read(each["body"]["messages"]) for each in requests]


def _read(messages: list[dict[str, str]]) -> Asked:
    said = [line for each in messages if each["role"] == "user" for line in each["content"].splitlines()]
    told = [orjson.loads(line) for line in said]
    return Asked("\n".join(each["content"] for each in messages), [each["text"] for each in told if each.get("new")])


def _now() -> float:
    return asyncio.get_running_loop().time()
