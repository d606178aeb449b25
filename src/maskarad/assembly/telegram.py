"""What every process needs of Telegram: sending, the bots it serves, and the owners' notices."""

from collections.abc import Callable

from maskarad.assembly.ground import Ground
from maskarad.controls.membership import Memberships
from maskarad.jobs.changes import Changes
from maskarad.ops.notices import Notices
from maskarad.telegram.background import BackgroundSender
from maskarad.telegram.edge import Edge
from maskarad.telegram.shared_limits import RedisLimits
from maskarad.values import Bot, Token, WebhookIdentity


class Telegram:
    """`on_bot` and `on_bot_gone` hear of every bot that is new, changed or gone, after the registry has."""

    def __init__(
        self, ground: Ground, *, on_bot: Callable[[Bot, bool], None], on_bot_gone: Callable[[int, int], None]
    ) -> None:
        """`on_bot` gets the bot and whether it is new here, `on_bot_gone` its id and its owner's."""
        settings = ground.settings
        self._on_bot, self._on_bot_gone = on_bot, on_bot_gone
        self.edge = Edge(
            settings,
            on_invalid=lambda bot_id, version: self.notices.token_refused(bot_id, version),
            on_conflict=lambda bot_id: self.notices.conflict(bot_id),
            shared_limits=RedisLimits(ground.scripts) if ground.scripts else None,
            clock=ground.clock,
            metrics=ground.metrics,
        )
        self.registry, self.sender = self.edge.registry, self.edge.sender
        self.background = BackgroundSender(self.sender, metrics=ground.metrics)
        self.notices = Notices(
            ground.database,
            self.background,
            ground.texts,
            clock=ground.clock,
            default_language=settings.default_language,
        )
        self.memberships = Memberships(
            ground.database, ground.snapshots.links, bot_removed=self.notices.bot_removed, clock=ground.clock
        )
        self.changes = Changes(
            ground.database,
            open_token=ground.vault.open,
            on_bot=self._serve,
            on_bot_gone=self._gone,
            on_persona=ground.snapshots.persona_changed,
            clock=ground.clock,
            shared=ground.shared,
            operators=settings.admin_user_ids,
        )

    def find_bot(self, bot_id: int) -> Bot | None:
        """A bot that is served here and in working order."""
        served = self.registry.find(bot_id)
        return served.bot if served is not None and served.receives else None

    def _serve(self, bot: Bot, token: Token, webhook: WebhookIdentity) -> None:
        new = self.registry.find(bot.id) is None
        self.registry.put(bot, token, webhook)
        self._on_bot(bot, new)

    def _gone(self, bot_id: int, owner_id: int) -> None:
        self.registry.remove(bot_id)
        self._on_bot_gone(bot_id, owner_id)
