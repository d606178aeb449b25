"""One link's work from claim to release: a turn if something is unread, then its delivery."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from maskarad.db import turns as rows
from maskarad.db.engine import Database
from maskarad.delivery.deliver import Delivery
from maskarad.errors import ClaimLost, DatabaseUnavailable, Flooded, TelegramError, TokenInvalid
from maskarad.turn.prompt import HISTORY_LINES
from maskarad.turn.run import Turns
from maskarad.values import Bot, Claim, ClaimedLink, Progress

log = structlog.get_logger()

LEASE = 8.0
"""Seconds after which a dead process's claim is free for others."""

RENEWAL = 2.0
"""Seconds between renewals of the claims of a living one."""

MOST_FAILURES = 20
"""A link's work is dropped after so many failed tries in a row; with the pauses below that is some 80 minutes."""

LONGEST_PAUSE = 300.0

UNSERVED_PAUSE = 1.0
"""Seconds that work waits whose bot is not served at this moment: the sweep finds the others' first."""

SWEEP_MOST = 200


class Conversations:
    """Works on links, one claim each. `find_bot` gives a bot that is served and in working order."""

    def __init__(
        self,
        database: Database,
        turns: Turns,
        delivery: Delivery,
        *,
        find_bot: Callable[[int], Bot | None],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._turns = turns
        self._delivery = delivery
        self._find_bot = find_bot
        self._clock = clock
        self._held: dict[str, Claim] = {}

    async def work(self, link_id: int) -> float | None:
        """Do what is due in a link. Returns in how many seconds there is more, None when nothing is known to wait."""
        claimed = await self._claim(link_id)
        if claimed is None:
            return None
        try:
            with self.holding(claimed.claim):
                return await self._answer(claimed)
        except ClaimLost:
            log.info("claim_lost", link_id=link_id)
            return None
        except DatabaseUnavailable:
            raise
        except TelegramError as error:
            return await self._postpone(claimed, error)
        except Exception as error:
            log.exception("turn_failed", link_id=link_id)
            return await self._postpone(claimed, error)
        except BaseException:
            await self._database.write(lambda connection: rows.release(connection, claimed.claim))
            raise

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[None]:
        """`renew` keeps the claim as long as the block runs."""
        self._held[claim.token] = claim
        try:
            yield
        finally:
            del self._held[claim.token]

    async def _claim(self, link_id: int) -> ClaimedLink | None:
        token, now = secrets.token_hex(8), self._clock()
        return await self._database.write(
            lambda connection: rows.claim(connection, link_id, token, lease=LEASE, history_lines=HISTORY_LINES, now=now)
        )

    async def _answer(self, link: ClaimedLink) -> float | None:
        bot = self._find_bot(link.bot_id)
        if bot is None:
            due_at = self._clock() + UNSERVED_PAUSE
            await self._database.write(lambda connection: rows.set_aside(connection, link.claim, due_at=due_at))
            return None
        progress = Progress(parts=link.parts) if link.parts else await self._turns.run(bot, link)
        if progress.parts:
            progress = await self._delivery.deliver(bot, link, progress)
        return None if progress.next_due_at is None else max(progress.next_due_at - self._clock(), 0.0)

    async def _postpone(self, link: ClaimedLink, error: Exception) -> float | None:
        if link.tries >= MOST_FAILURES:
            log.error("work_given_up", link_id=link.claim.link_id, error=type(error).__name__)
            await self._database.write(lambda connection: rows.give_up(connection, link.claim))
            return None
        pause = min(2.0**link.tries, LONGEST_PAUSE)
        if isinstance(error, Flooded):
            pause = max(pause, error.retry_after)
        log.warning("work_postponed", link_id=link.claim.link_id, error=str(error), seconds=pause)
        due_at = self._clock() + pause
        await self._database.write(lambda connection: rows.postpone(connection, link.claim, due_at=due_at))
        return None if isinstance(error, TokenInvalid) else pause

    async def renew(self) -> None:
        """Keep the claims that are being worked on."""
        if self._held:
            held, until = list(self._held.values()), self._clock() + LEASE
            await self._database.write(lambda connection: rows.renew(connection, held, until=until))

    async def sweep(self, ring: Callable[[int], None]) -> None:
        """Ring for every link that has work and nobody at it: what a crash, or a lost wake-up, left behind."""
        now = self._clock()
        due = await self._database.read(lambda connection: rows.due(connection, now=now, most=SWEEP_MOST))
        for link_id in due:
            ring(link_id)
