"""The story of a turn, between claim and outbox: snapshot, prompt, model, reply, rows."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog

from maskarad.db import turns
from maskarad.db.engine import Database, write_patiently
from maskarad.errors import ModelError
from maskarad.turn.markup import to_pieces
from maskarad.turn.prompt import Speaker, ask
from maskarad.turn.reply import read_reply
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
    `apology` is what a persona says when its model fails, `model_failed` tells the owner why.
    """

    def __init__(
        self,
        database: Database,
        model: Model,
        *,
        speaker: Callable[[int], Awaitable[Speaker]],
        typing: Callable[[int, int], AbstractAsyncContextManager[None]],
        apology: Callable[[str], str],
        model_failed: Callable[[Bot, str], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._model = model
        self._speaker = speaker
        self._typing = typing
        self._apology = apology
        self._model_failed = model_failed
        self._clock = clock

    async def run(self, bot: Bot, link: ClaimedLink) -> Progress:
        """Answer what is unread. When it returns, the answer stands in the outbox. Raises ClaimLost,
        DatabaseUnavailable."""
        speaker = await self._speaker(bot.persona_id)
        request = ask(speaker, bot, link)
        if request is None:
            return await self._finish(link, TurnOutcome(answered=link.asked, failures=link.failures), None)
        try:
            async with self._typing(bot.id, link.chat.id):
                completion = await self._model.complete(request)
        except ModelError as error:
            return await self._fail(bot, speaker, link, error)
        reply = read_reply(
            completion.text,
            most_parts=speaker.persona.content.reply_messages,
            moods={mood.key for mood in speaker.persona.content.moods},
        )
        if reply.is_silent and _is_addressed(link):
            return await self._fail(bot, speaker, link, ModelError("empty"), self._usage(bot, link, completion))
        log.debug("turn_answered", link_id=link.claim.link_id, parts=len(reply.parts), seconds=completion.latency)
        return await self._finish(link, _outcome(link, reply, now=self._clock()), self._usage(bot, link, completion))

    async def _fail(
        self, bot: Bot, speaker: Speaker, link: ClaimedLink, error: ModelError, usage: Usage | None = None
    ) -> Progress:
        """One apology until the model works again; those who only might have been meant get none."""
        log.warning("turn_model_failed", bot_id=bot.id, link_id=link.claim.link_id, reason=error.reason)
        parts: tuple[PartDraft, ...] = ()
        if link.failures == 0 and _is_addressed(link):
            parts = (PartDraft(kind=PartKind.TEXT, text=self._apology(speaker.persona.content.language)),)
        outcome = TurnOutcome(answered=link.asked, parts=parts, failures=link.failures + 1)
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


def _outcome(link: ClaimedLink, reply: Reply, *, now: float) -> TurnOutcome:
    last = _last_unread(link.history)
    in_group = link.chat.type is not ChatType.PRIVATE
    parts: list[PartDraft] = []
    if reply.reaction is not None:
        parts.append(PartDraft(kind=PartKind.REACTION, text=reply.reaction, reply_to=last.message_order))
    for number, piece in enumerate(piece for part in reply.parts for piece in to_pieces(part)):
        answers = last.message_order if in_group and number == 0 else None
        parts.append(PartDraft(kind=PartKind.TEXT, text=piece.text, html=piece.html, reply_to=answers))
    mood = None if reply.mood is None else MoodState(key=reply.mood, strength=1.0, set_at=now)
    return TurnOutcome(answered=link.asked, parts=tuple(parts), mood=mood)


def _is_addressed(link: ClaimedLink) -> bool:
    return any(line.unread and line.addressed for line in link.history)


def _last_unread(lines: tuple[HistoryLine, ...]) -> HistoryLine:
    return next(line for line in reversed(lines) if line.unread)
