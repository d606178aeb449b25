"""What the manager bot asks of the rest of the platform."""

from typing import Protocol

from maskarad.values import BotProfile, Screen, Token


class Sender(Protocol):
    """The Telegram edge. What is shown is shown in the background, in order; only `delete_message`, `get_me` and
    `get_member_status` wait for Telegram, and raise TelegramError's subclasses."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> object: ...

    async def edit_text(self, bot_id: int, chat_id: int, message_id: int, content: Screen) -> None: ...

    async def answer_press(
        self, bot_id: int, callback_query_id: str, text: str | None = None, *, alert: bool = False
    ) -> object: ...

    async def delete_message(self, bot_id: int, chat_id: int, message_id: int) -> bool: ...

    async def get_me(self, token: Token) -> BotProfile: ...

    async def get_member_status(self, bot_id: int, chat_id: int, user_id: int) -> str: ...


class Health(Protocol):
    """What this process has seen of a running bot; times are Unix seconds, None: never."""

    @property
    def last_update_at(self) -> float | None: ...

    @property
    def conflict_since(self) -> float | None: ...
