"""The story of a turn, between claim and outbox: snapshot, prompt, model, reply, rows."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from time import perf_counter
from typing import Protocol

import msgspec
import structlog

from maskarad.db import Connection, purses, turns
from maskarad.db.engine import Database, write_patiently
from maskarad.db.purses import Bill, Purse
from maskarad.errors import ClaimLost, ModelError, PurseEmpty
from maskarad.life.mood import come_over
from maskarad.life.reactions import may_react
from maskarad.memory.analysis import Analysis
from maskarad.memory.remembered import Remembered
from maskarad.metrics import Metrics, timed
from maskarad.purse.purses import Purses, Reservation
from maskarad.turn.markup import to_pieces
from maskarad.turn.payers import first_who_can, payers
from maskarad.turn.prompt import Speaker, ask
from maskarad.turn.reply import read_reply
from maskarad.turn.temper import after_hearing, temper_of
from maskarad.values import (
    Bot,
    ChatType,
    ClaimedLink,
    Completion,
    CompletionRequest,
    HistoryLine,
    MoodState,
    PartDraft,
    PartKind,
    Progress,
    Purpose,
    Reply,
    Scope,
    TurnOutcome,
)

log = structlog.get_logger()


class Model(Protocol):
    async def complete(self, request: CompletionRequest) -> Completion:
        """Raises ModelError when every key and model has failed."""


class Turns:
    """Runs turns under claims that somebody else took.

    `speaker` gives a persona with its compiled prompt, `typing` shows "typing…" in a chat while the block runs,
    `recall` brings what is remembered beside the newest lines, `apology` is what a persona says (in a language) when
    its model fails, `model_failed` tells the owner why; `rest_notice` is what it says (in a language) when a purse is
    empty, `purse_empty` tells the owner. `analyze` must not wait for anything; `mood_half_life` is seconds;
    `reactions_per_hour` is for one chat; `prompt_tokens` is about how many of what was said and remembered a prompt
    holds.
    """

    def __init__(
        self,
        database: Database,
        model: Model,
        paying: Purses,
        *,
        speaker: Callable[[int], Awaitable[Speaker]],
        typing: Callable[[int, int], AbstractAsyncContextManager[None]],
        recall: Callable[[Bot, ClaimedLink], Awaitable[Remembered]],
        apology: Callable[[str], str],
        model_failed: Callable[[Bot, str], Awaitable[None]],
        rest_notice: Callable[[str, Purse], str],
        purse_empty: Callable[[Bot, Purse], Awaitable[None]],
        analyze: Callable[[str], Analysis],
        mood_half_life: float,
        reactions_per_hour: int,
        prompt_tokens: int,
        clock: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._model = model
        self._paying = paying
        self._speaker = speaker
        self._typing = typing
        self._recall = recall
        self._apology = apology
        self._model_failed = model_failed
        self._rest_notice = rest_notice
        self._purse_empty = purse_empty
        self._analyze = analyze
        self._mood_half_life = mood_half_life
        self._reactions_per_hour = reactions_per_hour
        self._prompt_tokens = prompt_tokens
        self._clock = clock
        self._meter = metrics.turn

    async def run(self, bot: Bot, link: ClaimedLink) -> Progress:
        """Answer what is unread. When it returns, the answer stands in the outbox. Raises ClaimLost,
        DatabaseUnavailable."""
        began = perf_counter()
        speaker = await self._speaker(bot.persona_id)
        remembered = await self._recall(bot, link)
        mood = self._mood_after_hearing(link, speaker, remembered)
        temper = temper_of(link, mood, now=self._clock(), half_life=self._mood_half_life)
        request = ask(speaker, bot, link, temper, remembered, tokens=self._prompt_tokens)
        self._meter.prompt(perf_counter() - began)
        if request is None:
            return await self._finish(link, TurnOutcome(answered=link.asked, failures=link.failures), None)
        try:
            reserved = await self._reserve(bot, link, request)
        except PurseEmpty as error:
            return await self._rest(bot, speaker, link, mood, error.purse)
        try:
            async with self._typing(bot.id, link.chat.id):
                with timed(self._meter.model):
                    completion = await self._model.complete(request)
        except ModelError as error:
            return await self._fail(bot, speaker, link, mood, error, self._paying.bill_failure(reserved, error))
        reply = read_reply(
            completion.text,
            most_parts=speaker.persona.content.reply_messages,
            moods={mood.key for mood in speaker.persona.content.moods},
        )
        reply = self._allowed(reply, link, remembered)
        if reply.is_silent and _is_addressed(link):
            bill = self._paying.bill(reserved, completion, counts=False)
            return await self._fail(bot, speaker, link, mood, ModelError("empty"), bill)
        log.debug("turn_answered", link_id=link.claim.link_id, parts=len(reply.parts), seconds=completion.latency)
        if reply.mood is not None:
            mood = come_over(mood, reply.mood, now=self._clock(), half_life=self._mood_half_life)
        outcome = _outcome(link, reply, mood, now=self._clock())
        return await self._finish(link, outcome, self._paying.bill(reserved, completion, counts=not reply.is_silent))

    async def _reserve(self, bot: Bot, link: ClaimedLink, request: CompletionRequest) -> Reservation:
        return await first_who_can(
            payers(link.history),
            lambda user_id: self._paying.reserve(bot, Purpose.TURN, request, user_id=user_id, claim=link.claim),
        )

    def _allowed(self, reply: Reply, link: ClaimedLink, remembered: Remembered) -> Reply:
        """No reaction for somebody who wants none, nor where one is too many. If it was all the answer to a call, its
        emoji is said instead."""
        last = _last_unread(link.history).sender_id
        declined = any(note.user_id == last and note.no_reactions for note in remembered.people)
        if reply.reaction is None or (
            not declined and may_react(link, self._clock(), most_per_hour=self._reactions_per_hour)
        ):
            return reply
        said = (reply.reaction,) if not reply.parts and _is_addressed(link) else reply.parts
        return msgspec.structs.replace(reply, parts=said, reaction=None)

    def _mood_after_hearing(self, link: ClaimedLink, speaker: Speaker, remembered: Remembered) -> MoodState:
        return after_hearing(
            link,
            self._analyze,
            treatment={note.user_id: note.treatment for note in remembered.people},
            choices=speaker.moods,
            now=self._clock(),
            half_life=self._mood_half_life,
        )

    async def _fail(
        self,
        bot: Bot,
        speaker: Speaker,
        link: ClaimedLink,
        mood: MoodState,
        error: ModelError,
        bill: Bill,
    ) -> Progress:
        """One apology until the model works again; those who only might have been meant get none."""
        log.warning("turn_model_failed", bot_id=bot.id, link_id=link.claim.link_id, reason=error.reason)
        parts: tuple[PartDraft, ...] = ()
        if link.failures == 0 and _is_addressed(link):
            parts = (PartDraft(kind=PartKind.TEXT, text=self._apology(self._language(speaker, link))),)
        outcome = TurnOutcome(
            answered=link.asked, parts=parts, mood=_if_changed(mood, link), failures=link.failures + 1
        )
        progress = await self._finish(link, outcome, bill)
        await self._model_failed(bot, error.reason)
        return progress

    async def _rest(self, bot: Bot, speaker: Speaker, link: ClaimedLink, mood: MoodState, purse: Purse) -> Progress:
        """Nothing is asked of the model: those who spoke to the persona are told so once, then it is silent."""
        now = self._clock()
        said = PartDraft(
            kind=PartKind.TEXT,
            text=self._rest_notice(self._language(speaker, link), purse),
            reply_to=None if link.chat.type is ChatType.PRIVATE else _last_unread(link.history).message_order,
        )

        def write(connection: Connection) -> Progress:
            is_new = _is_addressed(link) and purses.tell_chat(connection, link.claim.link_id, purse, now=now)
            outcome = TurnOutcome(
                answered=link.asked,
                parts=(said,) if is_new else (),
                mood=_if_changed(mood, link),
                failures=link.failures,
            )
            return turns.finish(connection, link.claim, outcome, None)

        progress = await write_patiently(self._database, write)
        if purse.scope is not Scope.USER:
            await self._purse_empty(bot, purse)
        return progress

    def _language(self, speaker: Speaker, link: ClaimedLink) -> str:
        """What was said last is in; the persona's own where that cannot be told."""
        return self._analyze(_last_unread(link.history).text).language or speaker.persona.content.language

    async def _finish(self, link: ClaimedLink, outcome: TurnOutcome, bill: Bill | None) -> Progress:
        tries = 0

        def write(connection: Connection) -> Progress:
            nonlocal tries
            tries += 1
            return turns.finish(connection, link.claim, outcome, bill)

        try:
            with timed(self._meter.storing):
                return await write_patiently(self._database, write)
        except ClaimLost:
            # At another try it may have been this very turn, by a commit whose answer was lost: then it is paid.
            if bill is not None and tries == 1:
                await self._paying.pay(bill)
            raise


def _outcome(link: ClaimedLink, reply: Reply, mood: MoodState, *, now: float) -> TurnOutcome:
    last = _last_unread(link.history)
    in_group = link.chat.type is not ChatType.PRIVATE
    parts: list[PartDraft] = []
    if reply.reaction is not None:
        parts.append(PartDraft(kind=PartKind.REACTION, text=reply.reaction, reply_to=last.message_order))
    for number, piece in enumerate(piece for part in reply.parts for piece in to_pieces(part)):
        answers = last.message_order if in_group and number == 0 else None
        parts.append(PartDraft(kind=PartKind.TEXT, text=piece.text, html=piece.html, reply_to=answers))
    spoke_to = last.sender_id if in_group and reply.parts else None
    return TurnOutcome(
        answered=link.asked,
        parts=tuple(parts),
        mood=_if_changed(mood, link),
        spoke_to=spoke_to,
        reacted_at=None if reply.reaction is None else now,
    )


def _if_changed(mood: MoodState, link: ClaimedLink) -> MoodState | None:
    return None if mood is link.mood else mood


def _is_addressed(link: ClaimedLink) -> bool:
    return any(line.unread and line.addressed for line in link.history)


def _last_unread(lines: tuple[HistoryLine, ...]) -> HistoryLine:
    return next(line for line in reversed(lines) if line.unread)
