"""What every action of the manager bot has at hand, and what it answers with."""

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from maskarad.analytics.orders import Orders
from maskarad.cache import Cache
from maskarad.db import bots, spending, stops
from maskarad.db.engine import Database
from maskarad.db.spending import Spending
from maskarad.errors import NotFound
from maskarad.manager.operating import Operating
from maskarad.manager.ports import Health, Sender
from maskarad.manager.screens.fixed import Fixed, fixed
from maskarad.metrics import Metrics
from maskarad.purse.limits import period_of
from maskarad.settings import LANGUAGES
from maskarad.texts import Texts, Words
from maskarad.values import (
    Account,
    Bot,
    Chat,
    OwnedPersona,
    Scope,
    Screen,
    User,
    Value,
    WebhookIdentity,
    WhitelistEntry,
)
from maskarad.vault import Vault

DETAILS_LIFETIME = 10.0
"""Seconds for which counts and lists that change outside the manager bot are shown as they were."""

DETAILS_BYTES = 1_000_000

SECONDS_A_DAY = 86_400.0

V = TypeVar("V")


class Desk:
    """The dependencies, and the few reads beside the account."""

    def __init__(
        self,
        *,
        db: Database,
        sender: Sender,
        accounts: Cache[Account],
        metrics: Metrics,
        texts: Texts,
        vault: Vault,
        clock: Callable[[], float],
        new_secret: Callable[[], str],
        own_telegram_id: int,
        default_language: str,
        most_personas: int,
        bot_health: Callable[[int], Health | None],
        pictures: Orders,
        ring: Callable[[int], None],
        time_zone: str,
        operating: Operating,
        on_persona_changed: Callable[[int], None],
        on_bot_changed: Callable[[int], None],
    ) -> None:
        """`ring` tells whoever carries out errands that this one was ordered or cancelled; it may be lost.
        `own_telegram_id`: the manager bot's own. `new_secret` makes an unguessable text of letters, digits, `_`
        and `-`. `time_zone` (an IANA name) is the clock of statistics. The two hooks are called right after the commit
        that added, changed or removed the thing."""
        self.db = db
        self.sender = sender
        self.vault = vault
        self.clock = clock
        self._new_secret = new_secret
        self.own_telegram_id = own_telegram_id
        self.default_language = default_language
        self.most_personas = most_personas
        self.bot_health = bot_health
        self.pictures = pictures
        self.ring = ring
        self.time_zone = time_zone
        self.operating = operating
        self.fixed = {language: fixed(texts, language) for language in LANGUAGES}
        self._accounts = accounts
        self._told_stopped: dict[int, float] = {}
        self._on_persona_changed = on_persona_changed
        self._on_bot_changed = on_bot_changed

        def details(name: str, load: Callable[[int], Awaitable[V]], shape: type[V]) -> Cache[V]:
            meter = metrics.cache(name)
            return Cache(name, load, shape, lifetime=DETAILS_LIFETIME, room=DETAILS_BYTES, clock=clock, meter=meter)

        self.spending = details("spending", self._read_spending, Spending)
        self.whitelists = details("whitelist", self._read_whitelist, tuple[WhitelistEntry, ...])
        self.groups = details("groups", self._read_groups, tuple[Chat, ...])

    async def account(self, user_id: int) -> Account:
        """Raises NotFound for somebody the platform does not know."""
        return await self._accounts.get(user_id)

    def user_changed(self, user_id: int) -> None:
        self._accounts.drop(user_id)

    def persona_changed(self, user_id: int, persona_id: int) -> None:
        """To be called right after the commit."""
        self._accounts.drop(user_id)
        self._on_persona_changed(persona_id)

    def bot_changed(self, user_id: int, bot_id: int) -> None:
        """To be called right after the commit."""
        self._accounts.drop(user_id)
        self.whitelists.drop(bot_id)
        self._on_bot_changed(bot_id)

    def new_webhook(self) -> WebhookIdentity:
        return WebhookIdentity(public_id=self._new_secret(), secret=self._new_secret())

    async def again(self, visit: "Visit") -> "Visit":
        """The visit with the account as it is after a change."""
        return Visit(
            account=await self.account(visit.user.id),
            fixed=visit.fixed,
            update_id=visit.update_id,
        )

    def is_operator(self, user_id: int) -> bool:
        return user_id in self.operating.operators

    def is_stopped(self, user_id: int) -> bool:
        """By an operator, as far as this process has heard."""
        return user_id in self.operating.stopped_users()

    async def may_tell_stopped(self, user_id: int) -> bool:
        """True once a day: then they are to be told."""
        now = self.clock()
        if self._told_stopped.get(user_id, -math.inf) > now - SECONDS_A_DAY:
            return False
        self._told_stopped[user_id] = now
        return await self.db.write(lambda c: stops.may_tell(c, user_id, now=now, pause=SECONDS_A_DAY))

    async def _read_spending(self, user_id: int) -> Spending:
        now = self.clock()
        day, month = period_of(Scope.BOT, now), period_of(Scope.OWNER, now)
        return await self.db.read(lambda c: spending.of_person(c, user_id, day=day, month=month))

    async def _read_whitelist(self, bot_id: int) -> tuple[WhitelistEntry, ...]:
        return tuple(await self.db.read(lambda c: bots.whitelist(c, bot_id)))

    async def _read_groups(self, bot_id: int) -> tuple[Chat, ...]:
        return tuple(await self.db.read(lambda c: bots.groups(c, bot_id)))


class Visit(Value, frozen=True):
    """Who acts, in which update, and what is known of them."""

    account: Account
    fixed: Fixed
    update_id: int

    @property
    def user(self) -> User:
        return self.account.user

    @property
    def words(self) -> Words:
        return self.fixed.words

    def owned(self, persona_id: int) -> OwnedPersona:
        """The visitor's own persona. Raises NotFound: other people's do not exist here."""
        found = self.account.find(persona_id)
        if found is None:
            raise NotFound(f"there is no persona {persona_id}")
        return found

    def owned_bot(self, persona_id: int) -> tuple[OwnedPersona, Bot]:
        """Raises NotFound, also when the persona has no bot."""
        found = self.owned(persona_id)
        if found.bot is None:
            raise NotFound(f"persona {persona_id} has no bot")
        return found, found.bot


class Outcome(Value, frozen=True):
    """What a press leads to: a screen in place of the old one, a short notice, or both."""

    screen: Screen | None = None
    notice: str | None = None
    alert: bool = False
    """The notice is important enough for a window that must be closed."""


Action = Callable[..., Awaitable[Outcome]]
"""Takes the desk, the visit and the arguments of the callback data as they came. Raises NotFound when what they name
is not there for this visitor."""
