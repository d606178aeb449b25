"""A chat as the people in it see it. Whatever is said or pressed here stands in the transcript too."""

import asyncio
import re
from typing import Any

import msgspec

from maskarad.sandbox.demo.transcript import Transcript
from maskarad.sandbox.person import Heard, Sandbox

ANSWER_SECONDS = 15.0


class Person(msgspec.Struct, frozen=True):
    id: int
    name: str


class BotAccount(Person, frozen=True):
    """`token` is what BotFather gave its owner."""

    username: str
    token: str


class Shown(msgspec.Struct, frozen=True):
    """A bot's message as it stands now. `notice` is what popped up when a button led to it."""

    id: int
    text: str
    buttons: list[str]
    notice: str
    reply_to: int | None

    def has_button(self, words: str) -> bool:
        return any(words in label for label in self.buttons)


class Room:
    """A private chat or a group. What is heard is what came after the last thing said, pressed or heard here."""

    def __init__(self, sandbox: Sandbox, transcript: Transcript, key: str, place: str) -> None:
        self.key = key
        self._sandbox = sandbox
        self._transcript = transcript
        self._place = place
        self._after = self._began = 0
        self._since = 0.0
        self._shown: Shown | None = None

    async def say(self, who: Person, text: str, *, seen_as: str | None = None, **more: Any) -> int:
        """Returns the message's id. `seen_as` stands in the transcript instead of the text; `more` as `Sandbox.say`."""
        await self._begin()
        said = await self._sandbox.say(self.key, who.id, text, **more)
        self._transcript.line(who.name, _quoting(said) + (seen_as or text))
        return int(said["message_id"])

    async def hear(self, timeout: float = ANSWER_SECONDS) -> Shown:
        """The next message of a bot. Raises `TimeoutError`."""
        return self._show(await self._sandbox.next_message(self.key, after=self._after, timeout=timeout))

    async def ask(self, who: Person, text: str, **more: Any) -> Shown:
        """Say something and hear the answer. Raises `TimeoutError`."""
        await self.say(who, text, **more)
        return await self.hear()

    async def press(self, who: Person, words: str) -> Shown:
        """Press the button with these words on the message last shown; returns the screen that takes its place.
        Raises `LookupError`, `TimeoutError`."""
        assert self._shown is not None
        label = _label(self._shown.buttons, words)
        await self._begin()
        self._transcript.line(who.name, f"→ [{label}]")
        pressed = await self._sandbox.press(self.key, who.id, self._shown.id, label, wait=ANSWER_SECONDS)
        if not pressed["answered"]:
            raise TimeoutError(f"the press of [{label}] was not answered within {ANSWER_SECONDS:g} s")
        heard = await self._sandbox.next_edit(self.key, after=self._after, timeout=ANSWER_SECONDS)
        return self._show(heard, notice=pressed["text"] or "")

    async def happens(self, kind: str, timeout: float = ANSWER_SECONDS) -> dict[str, Any]:
        """The next event of a kind here; it may have come before what was heard last. Raises `TimeoutError`."""
        return await self._sandbox.wait_for(
            lambda event: event["kind"] == kind and event.get("chat") == self.key, timeout, after=self._began
        )

    async def stays_silent(self, seconds: float) -> bool:
        """No bot writes here for so long."""
        try:
            await self.hear(seconds)
        except TimeoutError:
            return True
        return False

    async def bot_messages(self, *, after: int) -> list[str]:
        """Texts of the bots' messages that stand below that one."""
        found = await self._sandbox.chat(self.key)
        return [
            each["text"]
            for each in found["messages"]
            if each["message_id"] > after and each["from"]["is_bot"] and "text" in each
        ]

    async def _begin(self) -> None:
        self._transcript.place(self._place)
        self._after = self._began = await self._sandbox.position()
        self._since = _now()

    def _show(self, heard: Heard, notice: str = "") -> Shown:
        self._transcript.place(self._place)
        seconds, self._since, self._after = _now() - self._since, _now(), heard.seq
        replied = heard.message.get("reply_to_message")
        shown = Shown(heard.id, heard.text, heard.buttons, notice, replied["message_id"] if replied else None)
        text = f"{_quoting(heard.message)}{heard.text}" + (f"\n⟨{notice}⟩" if notice else "")
        self._transcript.line(heard.message["from"]["first_name"], text, shown.buttons, seconds)
        self._shown = shown
        return shown


def _quoting(message: dict[str, Any]) -> str:
    replied = message.get("reply_to_message")
    return f"↩ {replied['from']['first_name']}: " if replied else ""


def _label(labels: list[str], words: str) -> str:
    """The button with exactly these words, or the only one that has them among its words. Raises `LookupError`."""
    found = [label for label in labels if re.sub(r"^\W+|\W+$", "", label) == words]
    found = found or [label for label in labels if words in label]
    if len(found) != 1:
        raise LookupError(f"[{words}] is not one button of {' '.join(f'[{label}]' for label in labels) or 'none'}")
    return found[0]


def _now() -> float:
    return asyncio.get_running_loop().time()
