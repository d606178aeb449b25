"""Which bots this process serves, under which tokens, and how each is doing."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterator

import msgspec
import structlog

from maskarad.errors import TokenInvalid
from maskarad.values import MANAGER_BOT_ID, Bot, BotState, Token, Value, WebhookIdentity

log = structlog.get_logger()

LONGEST_REFUSED_SECONDS = 60.0
"""Until a refused token is tried again: nothing but another word from @BotFather changes that."""

Notice = Callable[[int], Awaitable[None]]
"""Called with a bot id."""

Refusal = Callable[[int, int], Awaitable[bool]]
"""Called with a bot id and the version of the bot (0: the manager) that the token was of. False: that is not the bot as
it is stored by now, and whoever asks will hear of the one that is."""


class BotHealth(Value, frozen=True):
    """What this process has seen of a bot since it was put into the registry; times are Unix seconds."""

    last_update_at: float | None = None
    conflict_since: float | None = None
    """Another program has been polling with the token since then."""
    token_refused_at: float | None = None
    last_error: str | None = None
    last_error_at: float | None = None
    poll_restarts: int = 0
    """How often the watchdog had to restart its poller."""
    stuck_since: float | None = None
    """Its updates have been in work for much too long; noticed then, not begun."""


class Served:
    """One bot of the registry. `bot` is None for the manager bot. `health` is replaced, never changed in place."""

    __slots__ = ("bot", "bot_id", "health", "token", "webhook")

    def __init__(self, bot_id: int, bot: Bot | None, token: Token, webhook: WebhookIdentity) -> None:
        self.bot_id = bot_id
        self.bot = bot
        self.token = token
        self.webhook = webhook
        self.health = BotHealth()

    @property
    def is_invalid(self) -> bool:
        return self.bot is not None and self.bot.state is BotState.INVALID

    @property
    def receives(self) -> bool:
        """Updates are wanted and the token is not known to be dead. The manager bot's are wanted always: without it
        nobody could mend anything."""
        if self.bot is None:
            return True
        return self.bot.is_at_work and self.health.token_refused_at is None


Watcher = Callable[[int, Served | None], None]
"""Called with the bot id and what is served under it from now on; must return at once."""


class BotRegistry:
    """Changed while running; pollers and webhooks watch it.

    `on_invalid` is awaited once when Telegram refuses a bot's token (again as long as it raises or says that this is
    no news of the bot), `on_conflict` once when another program is found polling with it; both again only after it has
    worked in between.
    """

    def __init__(self, manager: Token, *, on_invalid: Refusal, on_conflict: Notice, clock: Callable[[], float]) -> None:
        """`clock` gives Unix seconds."""
        self._on_invalid = on_invalid
        self._on_conflict = on_conflict
        self._clock = clock
        self._watchers: list[Watcher] = []
        self._reporting: set[int] = set()
        self._served: dict[int, Served] = {}
        self._by_public_id: dict[str, Served] = {}
        self._keep(Served(MANAGER_BOT_ID, None, manager, webhook_identity(manager)))

    def put(self, bot: Bot, token: Token, webhook: WebhookIdentity) -> None:
        """Add a bot, or replace what is known of it. Its health survives unless the token is a new one, or one that
        Telegram accepts again."""
        old = self._served.get(bot.id)
        new = Served(bot.id, bot, token, webhook)
        if old is not None and old.token == token and not (old.is_invalid and not new.is_invalid):
            new.health = old.health
        self._drop(old)
        self._keep(new)
        self._tell(bot.id, new)

    def remove(self, bot_id: int) -> None:
        """Serve it no more; removing what is not there does nothing."""
        old = self._served.get(bot_id)
        if old is not None:
            self._drop(old)
            self._tell(bot_id, None)

    def watch(self, watcher: Watcher) -> None:
        """`watcher` hears of every change from now on; what is there already it reads itself."""
        self._watchers.append(watcher)

    def __iter__(self) -> Iterator[Served]:
        """All that is served, the manager bot first."""
        return iter(list(self._served.values()))

    def __len__(self) -> int:
        return len(self._served)

    def find(self, bot_id: int) -> Served | None:
        return self._served.get(bot_id)

    def find_public(self, public_id: str) -> Served | None:
        return self._by_public_id.get(public_id)

    def token(self, bot_id: int) -> Token:
        """Raises TokenInvalid for a bot that is not served (any more)."""
        served = self._served.get(bot_id)
        if served is None:
            raise TokenInvalid(f"bot {bot_id} is not served here")
        return served.token

    def health(self, bot_id: int) -> BotHealth:
        """Of a bot that is not served: the health of a bot nothing is known about."""
        served = self._served.get(bot_id)
        return served.health if served is not None else BotHealth()

    def update_seen(self, bot_id: int) -> None:
        self._note(bot_id, last_update_at=self._clock())

    def works(self, bot_id: int) -> None:
        """Telegram answered as it should: no conflict, no error any more. The manager's token is accepted again; of
        any other bot it is for `put` to say so, because its state is stored."""
        health = self.health(bot_id)
        if health.conflict_since is not None or health.last_error is not None:
            self._note(bot_id, conflict_since=None, last_error=None, last_error_at=None)
        if bot_id == MANAGER_BOT_ID and health.token_refused_at is not None:
            self._note(bot_id, token_refused_at=None)
            log.warning("bot_token_accepted", bot_id=bot_id)

    def failed(self, bot_id: int, error: Exception) -> None:
        self._note(bot_id, last_error=f"{type(error).__name__}: {error}", last_error_at=self._clock())

    def batch_stuck(self, bot_id: int) -> None:
        self._note(bot_id, stuck_since=self._clock())

    def batch_done(self, bot_id: int) -> None:
        if self.health(bot_id).stuck_since is not None:
            self._note(bot_id, stuck_since=None)

    def receives(self, bot_id: int) -> bool:
        served = self._served.get(bot_id)
        return served is not None and served.receives

    def poll_restarted(self, bot_id: int) -> None:
        self._note(bot_id, poll_restarts=self.health(bot_id).poll_restarts + 1)

    async def conflict(self, bot_id: int) -> None:
        """Another program polls with this token, or took it over with a webhook."""
        if bot_id in self._served and self.health(bot_id).conflict_since is None:
            self._note(bot_id, conflict_since=self._clock())
            log.warning("bot_conflict", bot_id=bot_id)
            await self._on_conflict(bot_id)

    async def token_refused(self, bot_id: int, token: Token) -> None:
        """Telegram does not know this token (any more): nothing is received until `put` brings a new one. The manager
        bot goes on trying.

        Raises what `on_invalid` raises; then nothing is noted, and the next refusal reports it again. Nor is anything
        noted of a token that another process has replaced: it is a moment until this one hears of that.
        """
        if not self._is_news(bot_id, token):
            return
        bot = self._served[bot_id].bot
        self._reporting.add(bot_id)
        try:
            noted = await self._on_invalid(bot_id, bot.version if bot is not None else 0)
        finally:
            self._reporting.discard(bot_id)
        served = self._served.get(bot_id)
        if noted and served is not None and served.token == token:
            self._note(bot_id, token_refused_at=self._clock())
            log.warning("bot_token_refused", bot_id=bot_id)
            self._tell(bot_id, served)

    def _is_news(self, bot_id: int, token: Token) -> bool:
        """Not so for a token that was replaced while Telegram was asked, nor while somebody is reporting it."""
        served = self._served.get(bot_id)
        if served is None or served.token != token or bot_id in self._reporting:
            return False
        return served.health.token_refused_at is None

    async def check_manager(self) -> None:
        """Raises TokenInvalid while Telegram refuses the manager bot's token."""
        if self.health(MANAGER_BOT_ID).token_refused_at is not None:
            raise TokenInvalid("Telegram refuses the manager bot's token")

    def _note(self, bot_id: int, **facts: object) -> None:
        served = self._served.get(bot_id)
        if served is not None:
            served.health = msgspec.structs.replace(served.health, **facts)

    def _keep(self, served: Served) -> None:
        self._served[served.bot_id] = served
        self._by_public_id[served.webhook.public_id] = served

    def _drop(self, served: Served | None) -> None:
        if served is not None:
            del self._served[served.bot_id]
            del self._by_public_id[served.webhook.public_id]

    def _tell(self, bot_id: int, served: Served | None) -> None:
        for watcher in self._watchers:
            watcher(bot_id, served)


def webhook_identity(token: Token) -> WebhookIdentity:
    """For a bot that has no row to keep one in: always the same for a token, and no way back from it to the token."""
    key = token.reveal().encode()
    public_id, secret = (hmac.new(key, purpose, hashlib.sha256).hexdigest() for purpose in (b"public id", b"secret"))
    return WebhookIdentity(public_id=public_id, secret=secret)
