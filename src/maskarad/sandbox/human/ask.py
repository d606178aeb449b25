"""What a human-side call is given, and how it finds what it names."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
import orjson

from maskarad.sandbox.refusal import HumanError
from maskarad.sandbox.telegram import Telegram
from maskarad.sandbox.world import Bot, Chat, Message, Person

T = TypeVar("T")

MAX_BODY_BYTES = 8 * 1024 * 1024


class Ask(msgspec.Struct, frozen=True):
    """One call: `path` holds the variables of its address, `query` the query string's last values."""

    telegram: Telegram
    path: dict[str, str]
    query: dict[str, str]
    raw: bytes

    def body(self, shape: type[T]) -> T:
        """The JSON body in its shape. Raises `HumanError` 400 that names what is wrong."""
        try:
            return msgspec.convert(self.json(), shape)
        except msgspec.ValidationError as wrong:
            raise HumanError(400, str(wrong)) from None

    def json(self) -> Any:
        try:
            return orjson.loads(self.raw or b"{}")
        except orjson.JSONDecodeError:
            raise HumanError(400, "the body is not JSON") from None

    def number(self, name: str) -> int:
        """A whole number from the address."""
        try:
            return int(self.path[name])
        except ValueError:
            raise HumanError(400, f"{name} must be a whole number") from None

    def person(self, person_id: int) -> Person:
        found = self.telegram.world.people.get(person_id)
        if found is None:
            raise HumanError(404, f"there is no user {person_id}")
        return found

    def bot(self, bot_id: int) -> Bot:
        found = self.telegram.world.bots.get(bot_id)
        if found is None:
            raise HumanError(404, f"there is no bot {bot_id}")
        return found

    def account(self, account_id: int) -> Person | Bot:
        found = self.telegram.world.account(account_id)
        if found is None:
            raise HumanError(404, f"there is no user or bot {account_id}")
        return found

    def chat(self) -> Chat:
        """The chat whose key is in the address."""
        key = self.path["key"]
        found = self.telegram.world.chats.get(key)
        if found is None:
            raise HumanError(404, f"there is no chat {key}")
        return found

    def group(self) -> Chat:
        chat = self.chat()
        if chat.is_private:
            raise HumanError(400, "this works in groups only")
        return alive(chat)

    def message(self, chat: Chat) -> Message:
        message_id = self.number("message_id")
        found = chat.messages.get(message_id)
        if found is None:
            raise HumanError(404, f"there is no message {message_id} in this chat")
        return found

    def present(self, chat: Chat, person_id: int) -> Person:
        """A person who is in the chat."""
        person = self.person(person_id)
        if person.id != chat.person if chat.is_private else not chat.has(person.id):
            raise HumanError(403, f"user {person_id} is not in this chat")
        return person


HumanCall = Callable[[Ask], Any] | Callable[[Ask], Awaitable[Any]]


def alive(chat: Chat) -> Chat:
    if chat.migrated_to is not None:
        raise HumanError(400, f"this group became the supergroup {chat.migrated_to}")
    return chat
