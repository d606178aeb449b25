"""One link's work from claim to release: a turn if something is unread, then its delivery, or only one of them."""

import secrets
from collections.abc import Callable

import structlog

from maskarad.db import turns as rows
from maskarad.db.engine import Database
from maskarad.delivery.deliver import Delivery
from maskarad.errors import (
    ClaimLost,
    DatabaseUnavailable,
    Flooded,
    NotServed,
    StatementTimedOut,
    TelegramError,
    TokenInvalid,
)
from maskarad.jobs.bells import RingQueue
from maskarad.jobs.fairness import FairPlaces, Place
from maskarad.jobs.holding import Holding
from maskarad.jobs.leases import LEASE
from maskarad.logs import about
from maskarad.metrics import Metrics, timed
from maskarad.turn.prompt import HISTORY_LINES
from maskarad.turn.run import Turns
from maskarad.values import Bot, ClaimedLink, Progress, Queue

log = structlog.get_logger()

MOST_FAILURES = 20
"""A link's work is dropped after so many failed tries in a row; with the pauses below that is some 80 minutes."""

LONGEST_PAUSE = 300.0

UNSERVED_PAUSE = 1.0
"""Seconds that work waits whose bot is not served at this moment: the sweep finds the others' first."""

SENDING = frozenset((Queue.DELIVERY,))


class Conversations:
    """Works on links, one claim each. `queues` are this process's: with both turns and delivery it sends under the
    turn's claim what the turn says. `thinking` are the places of turns: one is held from before the claim, so that a
    turn answers all that is unread when it begins, until its answer stands in the outbox. `ring` tells those who take
    from a queue; `find_bot` gives a bot that is served and in working order."""

    def __init__(
        self,
        database: Database,
        turns: Turns,
        delivery: Delivery,
        *,
        holding: Holding,
        thinking: FairPlaces,
        queues: frozenset[Queue],
        ring: RingQueue,
        find_bot: Callable[[int], Bot | None],
        clock: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._turns = turns
        self._delivery = delivery
        self._holding = holding
        self._thinking = thinking
        self._queues = queues & rows.CONVERSATION
        self._ring = ring
        self._find_bot = find_bot
        self._clock = clock
        self._metrics = metrics

    async def think(self, link_id: int, bot_id: int) -> float | None:
        """Do what is due in a link. Returns in how many seconds there is more to answer, None when nothing is known to
        wait."""
        async with self._thinking.taken(bot_id) as place:
            return await self._work(link_id, self._queues, place)

    async def send(self, link_id: int, _bot_id: int) -> float | None:
        """Only send what waits to be sent. Returns in how many seconds to try again."""
        return await self._work(link_id, SENDING, None)

    def begin_no_more(self) -> None:
        """Turns that wait for a place to think are not begun any more."""
        self._thinking.close()

    async def _work(self, link_id: int, queues: frozenset[Queue], place: Place | None) -> float | None:
        since = self._holding.now()
        claimed = await self._claim(link_id, queues)
        if claimed is None:
            return None
        with about(bot_id=claimed.bot_id, chat_id=claimed.chat.id, turn=f"{link_id}-{claimed.claim.token[:6]}"):
            return await self._work_on(claimed, since, queues, place)

    async def _work_on(
        self, claimed: ClaimedLink, since: float, queues: frozenset[Queue], place: Place | None
    ) -> float | None:
        link_id = claimed.claim.link_id
        try:
            with self._holding.holding(claimed.claim, since):
                return await self._answer(claimed, place)
        except ClaimLost:
            log.info("claim_lost", link_id=link_id)
            return None
        except NotServed:
            await self._set_aside(claimed)
            return None
        except StatementTimedOut as error:
            return await self._postpone(claimed, error)
        except DatabaseUnavailable:
            raise
        except TelegramError as error:
            return await self._postpone(claimed, error)
        except Exception as error:
            log.exception("turn_failed", link_id=link_id)
            return await self._postpone(claimed, error)
        except BaseException:
            await self._give_back(claimed, queues)
            raise

    async def _claim(self, link_id: int, queues: frozenset[Queue]) -> ClaimedLink | None:
        token, now = secrets.token_hex(8), self._clock()
        claimed = await self._database.write(
            lambda connection: rows.claim(
                connection,
                link_id,
                token,
                lease=LEASE,
                history_lines=HISTORY_LINES,
                now=now,
                queues=queues,
                takes_over=self._holding.takes_over,
            )
        )
        if claimed is not None and not claimed.parts:
            self._metrics.turn.waiting(max(now - claimed.due_at, 0.0))
        return claimed

    async def _answer(self, link: ClaimedLink, place: Place | None) -> float | None:
        bot = self._find_bot(link.bot_id)
        if bot is None:
            await self._set_aside(link)
            return None
        progress = Progress(parts=link.parts) if link.parts else await self._turns.run(bot, link)
        if place is not None:
            place.give_back()
        if progress.parts and link.claim.delivers:
            with timed(self._metrics.turn.sending):
                progress = await self._delivery.deliver(bot, link, progress)
        return self._go_on(link, progress, thinks=place is not None)

    def _go_on(self, link: ClaimedLink, progress: Progress, *, thinks: bool) -> float | None:
        """What comes next is told to whoever takes from its queue, or returned if it is more of the same."""
        delay = None if progress.next_due_at is None else max(progress.next_due_at - self._clock(), 0.0)
        if progress.parts:
            self._ring(Queue.DELIVERY, link.claim.link_id, link.bot_id, 0.0)
        elif delay is not None and not thinks:
            self._ring(Queue.TURNS, link.claim.link_id, link.bot_id, delay)
        return delay if thinks and not progress.parts else None

    async def _set_aside(self, link: ClaimedLink) -> None:
        """It waits until its bot is served again."""
        due_at = self._clock() + UNSERVED_PAUSE
        await self._database.write(lambda connection: rows.set_aside(connection, link.claim, due_at=due_at))

    async def _give_back(self, link: ClaimedLink, queues: frozenset[Queue]) -> None:
        """This process ends: others are told of what it leaves."""
        await self._database.write(lambda connection: rows.release(connection, link.claim))
        for queue in queues:
            self._ring(queue, link.claim.link_id, link.bot_id, 0.0)

    async def _postpone(self, link: ClaimedLink, error: Exception) -> float | None:
        self._metrics.error(error)
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
