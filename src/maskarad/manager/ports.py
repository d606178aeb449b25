"""What the manager bot asks of the rest of the platform."""

from typing import Protocol

from maskarad.values import BotProfile, Screen, Token


class Sender(Protocol):
    """The Telegram edge. Every method may raise TelegramError's subclasses."""

    async def send_text(self, bot_id: int, chat_id: int, content: Screen) -> int: ...

    async def edit_text(self, bot_id: int, chat_id: int, message_id: int, content: Screen) -> None: ...

    async def answer_press(
        self, bot_id: int, callback_query_id: str, text: str | None = None, *, alert: bool = False
    ) -> bool: ...

    async def delete_message(self, bot_id: int, chat_id: int, message_id: int) -> bool: ...

    async def get_me(self, token: Token) -> BotProfile: ...


class Health(Protocol):
    """What this process has seen of a running bot; times are Unix seconds, None: never."""

    @property
    def last_update_at(self) -> float | None: ...

    @property
    def conflict_since(self) -> float | None: ...
