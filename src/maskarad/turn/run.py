"""The story of a turn, between claim and outbox: snapshot, prompt, model, reply, rows."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec
import structlog

from maskarad.db import turns
from maskarad.db.engine import Database, write_patiently
from maskarad.errors import ModelError
from maskarad.life.mood import come_over
from maskarad.life.reactions import may_react
from maskarad.memory.analysis import Analysis
from maskarad.memory.remembered import Remembered
from maskarad.turn.markup import to_pieces
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
    Reply,
    TurnOutcome,
    Usage,
)

log = structlog.get_logger()


class Model(Protocol):
    async def complete(self, request: CompletionRequest) -> Completion:
        """Raises ModelError when every key and model has failed."""


class Turns:
    """Runs turns under claims that somebody else took.

    `speaker` gives a persona with its compiled prompt, `typing` shows "typing…" in a chat while the block runs,
    `recall` brings what is remembered beside the newest lines, `apology` is what a persona says when its model fails,
    `model_failed` tells the owner why. `analyze` must not wait for anything; `mood_half_life` is seconds;
    `reactions_per_hour` is for one chat;
    `prompt_tokens` is about how many of what was said and remembered a prompt holds.
    """

    def __init__(
        self,
        database: Database,
        model: Model,
        *,
        speaker: Callable[[int], Awaitable[Speaker]],
        typing: Callable[[int, int], AbstractAsyncContextManager[None]],
        recall: Callable[[Bot, ClaimedLink], Awaitable[Remembered]],
        apology: Callable[[str], str],
        model_failed: Callable[[Bot, str], Awaitable[None]],
        analyze: Callable[[str], Analysis],
        mood_half_life: float,
        reactions_per_hour: int,
        prompt_tokens: int,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._model = model
        self._speaker = speaker
        self._typing = typing
        self._recall = recall
        self._apology = apology
        self._model_failed = model_failed
        self._analyze = analyze
        self._mood_half_life = mood_half_life
        self._reactions_per_hour = reactions_per_hour
        self._prompt_tokens = prompt_tokens
        self._clock = clock

    async def run(self, bot: Bot, link: ClaimedLink) -> Progress:
        """Answer what is unread. When it returns, the answer stands in the outbox. Raises ClaimLost,
        DatabaseUnavailable."""
        speaker = await self._speaker(bot.persona_id)
        remembered = await self._recall(bot, link)
        mood = self._mood_after_hearing(link, speaker, remembered)
        temper = temper_of(link, mood, now=self._clock(), half_life=self._mood_half_life)
        request = ask(speaker, bot, link, temper, remembered, tokens=self._prompt_tokens)
        if request is None:
            return await self._finish(link, TurnOutcome(answered=link.asked, failures=link.failures), None)
        try:
            async with self._typing(bot.id, link.chat.id):
                completion = await self._model.complete(request)
        except ModelError as error:
            return await self._fail(bot, speaker, link, mood, error)
        reply = read_reply(
            completion.text,
            most_parts=speaker.persona.content.reply_messages,
            moods={mood.key for mood in speaker.persona.content.moods},
        )
        reply = self._allowed(reply, link, remembered)
        if reply.is_silent and _is_addressed(link):
            return await self._fail(bot, speaker, link, mood, ModelError("empty"), self._usage(bot, link, completion))
        log.debug("turn_answered", link_id=link.claim.link_id, parts=len(reply.parts), seconds=completion.latency)
        if reply.mood is not None:
            mood = come_over(mood, reply.mood, now=self._clock(), half_life=self._mood_half_life)
        outcome = _outcome(link, reply, mood, now=self._clock())
        return await self._finish(link, outcome, self._usage(bot, link, completion))

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
        usage: Usage | None = None,
    ) -> Progress:
        """One apology until the model works again; those who only might have been meant get none."""
        log.warning("turn_model_failed", bot_id=bot.id, link_id=link.claim.link_id, reason=error.reason)
        parts: tuple[PartDraft, ...] = ()
        if link.failures == 0 and _is_addressed(link):
            parts = (PartDraft(kind=PartKind.TEXT, text=self._apology(speaker.persona.content.language)),)
        outcome = TurnOutcome(
            answered=link.asked, parts=parts, mood=_if_changed(mood, link), failures=link.failures + 1
        )
        progress = await self._finish(link, outcome, usage)
        await self._model_failed(bot, error.reason)
        return progress

    async def _finish(self, link: ClaimedLink, outcome: TurnOutcome, usage: Usage | None) -> Progress:
        return await write_patiently(
            self._database, lambda connection: turns.finish(connection, link.claim, outcome, usage)
        )

    def _usage(self, bot: Bot, link: ClaimedLink, completion: Completion) -> Usage:
        return Usage(
            owner_id=bot.owner_id,
            persona_id=bot.persona_id,
            bot_id=bot.id,
            user_id=_last_unread(link.history).sender_id,
            completion=completion,
            created_at=self._clock(),
        )


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
