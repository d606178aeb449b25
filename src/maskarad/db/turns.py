"""The life of a turn in rows: asked, claimed, written, sent, released. Every change under a claim checks the claim.

Whoever asks for an answer first counts the link's `asked` up, then stores the message: the link's row is locked in
between, so a claim that reads the history afterwards sees exactly the messages that its `asked` counts.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    update,
)

from maskarad.db import history
from maskarad.db.prepared import Prepared, named_values
from maskarad.db.tables import bot_instances, reply_parts, usage_records
from maskarad.db.tables import chat_bot_instances as links
from maskarad.errors import ClaimLost
from maskarad.values import (
    BotState,
    Chat,
    ChatType,
    Claim,
    ClaimedLink,
    HistoryLine,
    Incoming,
    Part,
    PartDraft,
    PartKind,
    Progress,
    SentMessage,
    TurnOutcome,
    Usage,
)

_IS_LINK = links.c.id == bindparam("b_id")
# A literal 0, as in the partial index: a bound one keeps PostgreSQL's lasting plan from using it.
_IS_DUE = or_(links.c.asked > links.c.answered, links.c.parts > literal_column("0"))
_IS_FREE = or_(links.c.claim.is_(None), links.c.lease_until < bindparam("b_now"))
_HOLDS = and_(_IS_LINK, links.c.claim == bindparam("b_claim"))

# The first unanswered message sets the time; those that follow neither hurry nor delay the turn.
_DUE_AT = case((links.c.asked > links.c.answered, links.c.due_at), else_=bindparam("b_due_at"))

# In a group the bot may write again when Telegram says so; whoever writes to it in private has unblocked it.
_MAY_ANSWER = and_(not_(links.c.muted), or_(links.c.active, links.c.chat_type == ChatType.PRIVATE.value))
_ASK = Prepared(
    update(links)
    .where(_IS_LINK, _MAY_ANSWER)
    .values(
        asked=links.c.asked + 1,
        active=True,
        due_at=_DUE_AT,
    )
    .returning(links.c.asked)
)
_ASK_TO_CONSIDER = Prepared(
    update(links)
    .where(
        _IS_LINK,
        links.c.active,
        not_(links.c.muted),
        links.c.pondered_at <= bindparam("b_pondered_before"),
        or_(bindparam("b_question"), links.c.spoke_at >= bindparam("b_spoke_since")),
    )
    .values(asked=links.c.asked + 1, pondered_at=bindparam("b_now"), due_at=_DUE_AT)
    .returning(links.c.asked)
)
_CLAIM = Prepared(
    update(links)
    .where(_IS_LINK, links.c.active, _IS_DUE, _IS_FREE, links.c.due_at <= bindparam("b_now"))
    .values(claim=bindparam("b_claim"), lease_until=bindparam("b_lease_until"))
    .returning(
        links.c.chat_id,
        links.c.chat_type,
        links.c.title,
        links.c.bot_instance_id,
        links.c.current_mood,
        links.c.asked,
        links.c.answered,
        links.c.parts,
        links.c.failures,
        links.c.tries,
    )
)
# Muting moves `answered` past what a turn under way has seen; that turn must not move it back.
_ANSWERED = case((links.c.answered > bindparam("b_answered"), links.c.answered), else_=bindparam("b_answered"))
_FINISH = Prepared(
    update(links)
    .where(_HOLDS, links.c.answered < bindparam("b_answered"))
    .values(
        answered=_ANSWERED,
        parts=links.c.parts + bindparam("b_parts"),
        current_mood=func.coalesce(bindparam("b_mood"), links.c.current_mood),
        failures=bindparam("b_failures"),
        tries=0,
        claim=case((links.c.parts + bindparam("b_parts") > 0, links.c.claim), else_=None),
    )
    .returning(links.c.parts, links.c.asked > links.c.answered, links.c.due_at)
)
_RELEASE = update(links).where(_HOLDS).values(claim=None, lease_until=0)
_POSTPONE = (
    update(links).where(_HOLDS).values(claim=None, lease_until=0, due_at=bindparam("b_due_at"), tries=links.c.tries + 1)
)
_SETTLE = (
    update(links)
    .where(_HOLDS)
    .values(parts=0, claim=None, lease_until=0)
    .returning(links.c.parts, links.c.asked > links.c.answered, links.c.due_at)
)
_SET_ASIDE = update(links).where(_HOLDS).values(claim=None, lease_until=0, due_at=bindparam("b_due_at"))
_GIVE_UP = update(links).where(_HOLDS).values(claim=None, lease_until=0, answered=links.c.asked, parts=0, tries=0)
_LEAVE = (
    update(links)
    .where(_HOLDS)
    .values(active=False, claim=None, lease_until=0, answered=links.c.asked, parts=0, tries=0)
)
_SENT = Prepared(
    update(links)
    .where(_HOLDS)
    .values(
        parts=links.c.parts - 1,
        tries=0,
        spoke_at=bindparam("b_now"),
        claim=case((links.c.parts > 1, links.c.claim), else_=None),
    )
    .returning(links.c.parts, links.c.asked > links.c.answered, links.c.due_at, links.c.chat_id)
)
# A claim that ended at the very moment of `sent` was ended by it, with the last part.
_ENDED_THEN = and_(_IS_LINK, links.c.claim.is_(None), links.c.spoke_at == bindparam("b_now"))
_STANDING = select(links.c.parts, links.c.asked > links.c.answered, links.c.due_at).where(or_(_HOLDS, _ENDED_THEN))
_RENEW = (
    update(links)
    .where(links.c.id.in_(bindparam("ids", expanding=True)), links.c.claim.in_(bindparam("claims", expanding=True)))
    .values(lease_until=bindparam("b_until"))
)
_RELEASE_ALL = update(links).where(links.c.claim.is_not(None)).values(claim=None, lease_until=0)
_DUE = (
    select(links.c.id)
    .join(bot_instances, bot_instances.c.id == links.c.bot_instance_id)
    .where(
        _IS_DUE,
        links.c.due_at <= bindparam("b_now"),
        _IS_FREE,
        links.c.active,
        bot_instances.c.enabled,
        bot_instances.c.state == BotState.WORKING.value,
    )
    .order_by(links.c.due_at)
    .limit(bindparam("most"))
)
_ADD_PART = Prepared(insert(reply_parts).values(named_values(reply_parts)).returning(reply_parts.c.id))
_PARTS = (
    select(
        reply_parts.c.id,
        reply_parts.c.kind,
        reply_parts.c.text,
        reply_parts.c.html,
        reply_parts.c.reply_to,
    )
    .where(reply_parts.c.chat_bot_instance_id == bindparam("link_id"))
    .order_by(reply_parts.c.id)
)
_DROP_PART = Prepared(delete(reply_parts).where(reply_parts.c.id == bindparam("part_id")))
_DROP_PARTS = delete(reply_parts).where(reply_parts.c.chat_bot_instance_id == bindparam("link_id"))
_ADD_USAGE = Prepared(insert(usage_records).values(named_values(usage_records)))


def ask(connection: Connection, link_id: int, message: Incoming, *, due_at: float) -> bool:
    """Store a message that the persona is to answer. False: it is only stored, for the link is muted or is a group
    where the bot may not write. Raises AlreadySeen, NotFound (the link is gone)."""
    counted = _ASK.first(connection, {"b_id": link_id, "b_due_at": due_at})
    asked = counted[0] if counted else None
    history.add(connection, link_id, message, asked=asked, addressed=counted is not None)
    return counted is not None


def ask_to_consider(
    connection: Connection,
    link_id: int,
    message: Incoming,
    *,
    question: bool,
    spoke_within: float,
    pause: float,
    due_at: float,
    now: float,
) -> bool:
    """Store a message that might be for the persona. True when the model is to be asked: not within `pause` seconds of
    the last such request, and only for a question or while the persona has spoken in the last `spoke_within` seconds;
    never in a link that is muted or sleeps. Raises AlreadySeen, NotFound (the link is gone)."""
    values = {
        "b_id": link_id,
        "b_now": now,
        "b_due_at": due_at,
        "b_question": question,
        "b_pondered_before": now - pause,
        "b_spoke_since": now - spoke_within,
    }
    counted = _ASK_TO_CONSIDER.first(connection, values)
    history.add(connection, link_id, message, asked=counted[0] if counted else None)
    return counted is not None


def claim(
    connection: Connection, link_id: int, token: str, *, lease: float, history_lines: int, now: float
) -> ClaimedLink | None:
    """Take the link, if it has work that is due and nobody holds it, and read what a turn needs: every unread message
    up to `history_lines` of them (the others stay for the next turn), the newest other lines with what room is left.
    None when there is nothing to take."""
    values = {"b_id": link_id, "b_claim": token, "b_now": now, "b_lease_until": now + lease}
    row = _CLAIM.first(connection, values)
    if row is None:
        return None
    chat_id, chat_type, title, bot_id, mood, asked, answered, parts, failures, tries = row
    lines: Sequence[HistoryLine] = ()
    if not parts:
        lines, asked = history.to_answer(connection, link_id, answered=answered, asked=asked, most=history_lines)
    return ClaimedLink(
        claim=Claim(link_id=link_id, token=token),
        bot_id=bot_id,
        chat=Chat(id=chat_id, type=ChatType(chat_type), title=title),
        mood=mood,
        asked=asked,
        parts=parts,
        failures=failures,
        tries=tries,
        history=tuple(lines),
    )


def finish(connection: Connection, claim: Claim, outcome: TurnOutcome, usage: Usage | None) -> Progress:
    """Write what the turn produced: the outbox's rows, the link's cursor and mood, the model's usage. With nothing to
    send the claim ends here. Raises ClaimLost when the link was taken over, reset, muted or deleted meanwhile, or when
    this was already written (by a commit whose answer was lost)."""
    values = {
        "b_id": claim.link_id,
        "b_claim": claim.token,
        "b_answered": outcome.answered,
        "b_parts": len(outcome.parts),
        "b_mood": outcome.mood,
        "b_failures": outcome.failures,
    }
    row = _held(_FINISH.first(connection, values), claim)
    if usage is not None:
        _ADD_USAGE.run(connection, _usage_row(usage))
    return _progress(row, tuple(_add_part(connection, claim.link_id, draft) for draft in outcome.parts))


def _add_part(connection: Connection, link_id: int, draft: PartDraft) -> Part:
    added = _ADD_PART.first(connection, _part_row(link_id, draft))
    assert added is not None
    return Part(id=added[0], kind=draft.kind, text=draft.text, html=draft.html, reply_to=draft.reply_to)


def _held(row: Sequence[Any] | None, claim: Claim) -> Sequence[Any]:
    if row is None:
        raise ClaimLost(f"link {claim.link_id} was taken over")
    return row


def _progress(row: Sequence[Any], added: tuple[Part, ...] = ()) -> Progress:
    return Progress(parts=row[0], next_due_at=float(row[2]) if row[1] else None, added=added)


def _part_row(link_id: int, part: PartDraft) -> dict[str, Any]:
    return {
        "chat_bot_instance_id": link_id,
        "kind": part.kind.value,
        "text": part.text,
        "html": part.html,
        "reply_to": part.reply_to,
    }


def _usage_row(usage: Usage) -> dict[str, Any]:
    return {
        "owner_id": usage.owner_id,
        "persona_config_id": usage.persona_id,
        "bot_instance_id": usage.bot_id,
        "user_id": usage.user_id,
        "model": usage.completion.model,
        "prompt_tokens": usage.completion.prompt_tokens,
        "completion_tokens": usage.completion.completion_tokens,
        "latency": usage.completion.latency,
        "created_at": usage.created_at,
    }


def parts(connection: Connection, link_id: int) -> list[Part]:
    """What is still to be sent in a link, in order."""
    return [
        Part(
            id=row.id,
            kind=PartKind(row.kind),
            text=row.text,
            html=row.html,
            reply_to=row.reply_to,
        )
        for row in connection.execute(_PARTS, {"link_id": link_id})
    ]


def sent(connection: Connection, claim: Claim, part: Part, message: SentMessage | None, *, now: float) -> Progress:
    """A part is done: out of the outbox and, when it became a message, into the history. With the last part the claim
    ends. The same call again (the commit's answer was lost) changes nothing. Raises ClaimLost."""
    values = {"b_id": claim.link_id, "b_claim": claim.token, "b_now": now}
    if _DROP_PART.run(connection, {"part_id": part.id}) == 0:
        return _progress(_held(connection.execute(_STANDING, values).first(), claim))
    row = _held(_SENT.first(connection, values), claim)
    if message is not None:
        history.add_own(connection, claim.link_id, row[3], message, part.text, now=now)
    return _progress(row)


def settle(connection: Connection, claim: Claim) -> Progress:
    """The outbox is empty though the link counts parts: believe the outbox, and end the claim. Raises ClaimLost."""
    row = connection.execute(_SETTLE, {"b_id": claim.link_id, "b_claim": claim.token}).first()
    return _progress(_held(row, claim))


def release(connection: Connection, claim: Claim) -> None:
    """Give the link back with its work undone and at once due for another process."""
    connection.execute(_RELEASE, {"b_id": claim.link_id, "b_claim": claim.token})


def postpone(connection: Connection, claim: Claim, *, due_at: float) -> None:
    """Give the link back with its work undone, to be tried again from `due_at` on."""
    connection.execute(_POSTPONE, {"b_id": claim.link_id, "b_claim": claim.token, "b_due_at": due_at})


def set_aside(connection: Connection, claim: Claim, *, due_at: float) -> None:
    """As `postpone`, where nothing was tried: the bot is not served here now."""
    connection.execute(_SET_ASIDE, {"b_id": claim.link_id, "b_claim": claim.token, "b_due_at": due_at})


def give_up(connection: Connection, claim: Claim) -> None:
    """Give the link back and drop its work: it was tried too often."""
    if connection.execute(_GIVE_UP, {"b_id": claim.link_id, "b_claim": claim.token}).rowcount:
        connection.execute(_DROP_PARTS, {"link_id": claim.link_id})


def leave(connection: Connection, claim: Claim) -> None:
    """The bot cannot write here any more: the link sleeps until somebody writes to it again."""
    if connection.execute(_LEAVE, {"b_id": claim.link_id, "b_claim": claim.token}).rowcount:
        connection.execute(_DROP_PARTS, {"link_id": claim.link_id})


def renew(connection: Connection, claims: Sequence[Claim], *, until: float) -> None:
    """Lengthen the leases of those claims that still hold."""
    values = {"ids": [claim.link_id for claim in claims], "claims": [claim.token for claim in claims]}
    connection.execute(_RENEW, {**values, "b_until": until})


def release_all(connection: Connection) -> int:
    """Free every claim. Only for a process that knows it is alone with this database."""
    return connection.execute(_RELEASE_ALL).rowcount


def due(connection: Connection, *, now: float, most: int) -> list[int]:
    """Links that have work and nobody at it, the longest waiting first."""
    return list(connection.execute(_DUE, {"b_now": now, "most": most}).scalars())
