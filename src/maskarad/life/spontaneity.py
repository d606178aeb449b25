"""A persona speaks unasked: seldom, into a silence, where it is welcome, and each time from one process only."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from itertools import groupby
from typing import Protocol

import msgspec
import structlog

from maskarad.db import Connection, stirring
from maskarad.db.engine import Database, write_patiently
from maskarad.db.purses import Bill
from maskarad.db.stirring import Candidate
from maskarad.errors import ModelError, NotFound, PurseEmpty
from maskarad.intake.access import may_talk
from maskarad.jobs.periodic import Sleep, every
from maskarad.jobs.tasks import SPONTANEOUS_ACTIVITY
from maskarad.life import starter
from maskarad.life.occasion import DAY, HOUR, WEEK, Rules, day_of, next_pause, when
from maskarad.memory.analysis import Analysis
from maskarad.memory.people import Known, PersonNote, noted
from maskarad.metrics import Metrics, TaskMeter
from maskarad.purse.purses import Purses
from maskarad.quiet import is_quiet, zone_of
from maskarad.turn.markup import to_pieces
from maskarad.turn.prompt import Speaker
from maskarad.turn.reply import read_reply
from maskarad.turn.temper import temper_of
from maskarad.values import (
    Bot,
    ChatType,
    Claim,
    ClaimedLink,
    Completion,
    CompletionRequest,
    HistoryLine,
    PartDraft,
    PartKind,
    Purpose,
    Sender,
)

log = structlog.get_logger()

MOST = 50
"""Links looked at in one go."""

ARM_EVERY = HOUR
ARM_MOST = 500

MOST_PEOPLE = 8
"""Of those who spoke last in a chat."""

UNKNOWN_PAUSE = 60.0

TOO_LATE = 600.0
"""Seconds after which a line that could not be sent had better not be: it may be night by then."""

BOTS_AT_ONCE = 4
"""Model calls of this kind in flight at once; a bot makes one after the other."""


async def spontaneous_activity_loop(
    look: Callable[[], Awaitable[object]],
    *,
    meter: TaskMeter,
    clock: Callable[[], float],
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Runs until it is cancelled. `look` is `Spontaneity.look`."""
    await every(SPONTANEOUS_ACTIVITY, look, meter=meter, clock=clock, sleep=sleep)


class Model(Protocol):
    async def complete(self, request: CompletionRequest) -> Completion:
        """Raises ModelError when every key and model has failed."""


class Spontaneity:
    """`holding` keeps a claim while its block runs, `ring` says that a link of a bot has something to send, `analyze`
    is the local analyser's, `known` what a persona knows of a person. `chance` gives numbers from 0 to 1."""

    def __init__(
        self,
        database: Database,
        model: Model,
        paying: Purses,
        *,
        find_bot: Callable[[int], Bot | None],
        speaker: Callable[[int], Awaitable[Speaker]],
        analyze: Callable[[Sequence[str]], Awaitable[Sequence[Analysis]]],
        known: Callable[[int, int], Awaitable[Known]],
        holding: Callable[[Claim], AbstractContextManager[None]],
        ring: Callable[[int, int], None],
        rules: Rules,
        lease: float,
        mood_half_life: float,
        metrics: Metrics,
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._database = database
        self._model = model
        self._paying = paying
        self._find_bot = find_bot
        self._speaker = speaker
        self._analyze = analyze
        self._known = known
        self._holding = holding
        self._ring = ring
        self._rules = rules
        self._lease = lease
        self._mood_half_life = mood_half_life
        self._count = metrics.spontaneous
        self._clock = clock
        self._chance = chance
        self._arm_at = 0.0
        self._places = asyncio.Semaphore(BOTS_AT_ONCE)

    async def look(self) -> None:
        """Speak where it is time to, and say of all other links whose time has come when to look again. Once an hour,
        give a time to links that have none and have come to life. Raises DatabaseUnavailable."""
        if self._clock() >= self._arm_at:
            await self._arm()
            self._arm_at = self._clock() + ARM_EVERY
        now = self._clock()
        due = await self._database.read(partial(stirring.candidates, now=now, most=MOST))
        times = {each.link_id: await self._when(each, now) for each in due}
        later = [(each, at) for each in due if (at := times[each.link_id]) != now]
        if later:
            await self._database.write(partial(stirring.put_off, changes=later))
        chosen = sorted((each for each in due if times[each.link_id] == now), key=lambda each: each.bot_id)
        by_bot = [list(each) for _, each in groupby(chosen, key=lambda each: each.bot_id)]
        for result in await asyncio.gather(*map(self._stir_all, by_bot), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def _arm(self) -> None:
        since, after = self._clock() - WEEK, 0
        while True:
            found = await self._database.read(partial(stirring.unarmed, since=since, after=after, most=ARM_MOST))
            pauses = [(each.link_id, next_pause(each.rate, self._chance)) for each in found]
            times = [(link_id, self._clock() + pause) for link_id, pause in pauses if pause is not None]
            if times:
                await self._database.write(partial(stirring.arm, times=times))
            if len(found) < ARM_MOST:
                return
            since, after = found[-1].last_message_at, found[-1].link_id

    async def _when(self, candidate: Candidate, now: float) -> float | None:
        bot = self._find_bot(candidate.bot_id)
        if bot is None:
            # This process does not know it yet; another may, and what is put off is put off for all.
            return now + UNKNOWN_PAUSE if candidate.welcome else None
        if candidate.chat.type is ChatType.PRIVATE and not may_talk(bot, Sender(id=candidate.chat.id, name="")):
            return None
        try:
            speaker = await self._speaker(bot.persona_id)
        except NotFound:
            return None
        return when(candidate, speaker.persona.content, self._rules, now=now, chance=self._chance)

    async def _stir_all(self, of_one_bot: Iterable[Candidate]) -> None:
        async with self._places:
            for candidate in of_one_bot:
                await self._stir(candidate)

    async def _stir(self, candidate: Candidate) -> None:
        bot = self._find_bot(candidate.bot_id)
        if bot is None:
            return
        now = self._clock()
        # It may have stood in line here until nightfall, or to the next silence.
        at = await self._when(candidate, now)
        if at != now:
            await self._database.write(partial(stirring.put_off, changes=[(candidate, at)]))
            return
        speaker = await self._speaker(bot.persona_id)
        next_at = now + (next_pause(speaker.persona.content.spontaneity, self._chance) or WEEK)
        link = await self._claim(candidate, next_at=next_at)
        if link is None:
            return
        try:
            with self._holding(link.claim):
                said = await self._speak(bot, link, speaker)
        except PurseEmpty:
            await self._put_off_until_tomorrow(msgspec.structs.replace(candidate, stir_at=next_at), link)
            return
        except BaseException:
            await self._database.write(lambda connection: self._finish(connection, link, (), None))
            raise
        if said:
            self._ring(link.claim.link_id, bot.id)

    async def _claim(self, candidate: Candidate, *, next_at: float) -> ClaimedLink | None:
        return await self._database.write(
            partial(
                stirring.claim_to_stir,
                candidate=candidate,
                token=secrets.token_hex(8),
                next_at=next_at,
                still_since=self._clock() - self._rules.min_pause,
                lease=self._lease,
                history_lines=starter.LINES,
                now=self._clock(),
            )
        )

    async def _put_off_until_tomorrow(self, candidate: Candidate, link: ClaimedLink) -> None:
        """Until there are new purses, and not everywhere at midnight."""
        tomorrow = (self._clock() // DAY + 1) * DAY + HOUR * (1 + self._chance())

        def put_off(connection: Connection) -> None:
            self._finish(connection, link, (), None)
            stirring.put_off(connection, [(candidate, tomorrow)])

        await self._database.write(put_off)

    async def _speak(self, bot: Bot, link: ClaimedLink, speaker: Speaker) -> bool:
        lines = starter.recent(link)
        analyses = await self._analyze([line.text for line in lines if not line.from_persona])
        now = self._clock()
        temper = temper_of(link, link.mood, now=now, half_life=self._mood_half_life)
        zone = zone_of(link.manners, self._rules.zone)
        people = await self._people(bot, link, lines)
        request = starter.ask(speaker, link, lines, people, analyses, temper, now=now, zone=zone)
        user_id = link.chat.id if link.chat.type is ChatType.PRIVATE else 0
        reserved = await self._paying.reserve(bot, Purpose.SPONTANEOUS, request, user_id=user_id)
        try:
            completion = await self._model.complete(request)
        except ModelError as error:
            log.warning("stir_model_failed", bot_id=bot.id, link_id=link.claim.link_id, reason=error.reason)
            self._count.labels("failed").inc()
            return await self._end(link, (), self._paying.bill_failure(reserved, error, counts=True))
        drafts = () if self._is_quiet(link) else _drafts(completion.text, not_after=self._clock() + TOO_LATE)
        said = await self._end(link, drafts, self._paying.bill(reserved, completion))
        self._count.labels("said" if said else "overtaken" if drafts else "silent").inc()
        log.info("stirred", bot_id=bot.id, link_id=link.claim.link_id, said=said)
        return said

    async def _end(self, link: ClaimedLink, drafts: Sequence[PartDraft], bill: Bill) -> bool:
        tries = 0

        def write(connection: Connection) -> bool | None:
            nonlocal tries
            tries += 1
            return self._finish(connection, link, drafts, bill)

        said = await write_patiently(self._database, write)
        # At another try it may have been written by a commit whose answer was lost.
        if said is None and tries == 1:
            await self._paying.pay(bill)
        return bool(said)

    def _is_quiet(self, link: ClaimedLink) -> bool:
        rules = self._rules
        return is_quiet(
            link.manners,
            self._clock(),
            default_zone=rules.zone,
            default_from=rules.quiet_from,
            default_until=rules.quiet_until,
        )

    async def _people(self, bot: Bot, link: ClaimedLink, lines: Iterable[HistoryLine]) -> list[PersonNote]:
        """Of those who spoke last, what may be known of them in this chat."""
        names = {line.sender_id: line.sender_name for line in lines if not line.from_persona and line.sender_id > 0}
        return [
            noted(
                await self._known(bot.persona_id, user_id),
                user_id,
                name,
                link_id=link.claim.link_id,
                in_private=link.chat.type is ChatType.PRIVATE,
                time_zone=link.manners.time_zone,
                now=self._clock(),
            )
            for user_id, name in list(names.items())[-MOST_PEOPLE:]
        ]

    def _finish(
        self, connection: Connection, link: ClaimedLink, drafts: Sequence[PartDraft], bill: Bill | None
    ) -> bool | None:
        now = self._clock()
        return stirring.finish(connection, link, drafts, bill, day=day_of(link.manners, self._rules, now), now=now)


def _drafts(answer: str, *, not_after: float) -> tuple[PartDraft, ...]:
    """One message, more only where it is too long for one; none when the persona would rather not."""
    reply = read_reply(answer, most_parts=1, moods=())
    pieces = [piece for part in reply.parts for piece in to_pieces(part)]
    return tuple(
        PartDraft(kind=PartKind.TEXT, text=piece.text, html=piece.html, silent=True, not_after=not_after)
        for piece in pieces
    )
