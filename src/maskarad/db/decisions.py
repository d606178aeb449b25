"""What was decided about messages and why, kept with them for a day."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, literal_column, select, update

from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.tables import chat_contexts
from maskarad.values import ChatType, Decision, Value, Verdict

KEPT = 24 * 3600.0

_LETTERS = {Verdict.ANSWER: "a", Verdict.CONSIDER: "c", Verdict.LISTEN: "l"}
_VERDICTS = {letter: verdict for verdict, letter in _LETTERS.items()}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[str, str, float | None, float | None, dict[str, float]]).decode


class Decided(Value, frozen=True):
    """A decision about a group's message: in which chat, whose message, when it was sent. Its text is not told."""

    chat_title: str
    sender_name: str
    sent_at: float
    decision: Decision


def encode(decision: Decision) -> str:
    """Without the part: that is in the outbox, then in the history."""
    return _encode(
        (
            _LETTERS[decision.verdict],
            decision.reason,
            _rounded(decision.score),
            _rounded(decision.threshold),
            {name: round(value, 2) for name, value in decision.features.items()},
        )
    ).decode()


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def decode(told: str) -> Decision:
    """Raises msgspec.DecodeError."""
    letter, reason, score, threshold, features = _decode(told)
    return Decision(verdict=_VERDICTS[letter], reason=reason, score=score, threshold=threshold, features=features)


# Of no use to the index of all messages by their time: it would lead through everybody's history.
_TIME = chat_contexts.c.timestamp + literal_column("0")
# Each of the newest decisions is about a chat in which at least that message is as new: no more chats than decisions.
_LIVELIEST = (
    select(links.c.id, links.c.title)
    .where(
        links.c.bot_instance_id == bindparam("bot_id"),
        links.c.chat_type != ChatType.PRIVATE.value,
        links.c.last_message_at >= bindparam("since"),
    )
    .order_by(links.c.last_message_at.desc())
    .limit(bindparam("most"))
    .subquery()
)
_LATEST = (
    select(
        _LIVELIEST.c.title,
        chat_contexts.c.user_name,
        chat_contexts.c.timestamp,
        chat_contexts.c.decision,
    )
    .join_from(_LIVELIEST, chat_contexts, chat_contexts.c.chat_bot_instance_id == _LIVELIEST.c.id)
    .where(chat_contexts.c.decision.is_not(None), chat_contexts.c.timestamp >= bindparam("since"))
    .order_by(_TIME.desc(), chat_contexts.c.id.desc())
    .limit(bindparam("most"))
)
_OLD = (
    select(chat_contexts.c.id)
    .where(chat_contexts.c.decision.is_not(None), bindparam("b_before") > _TIME)
    .limit(bindparam("b_most"))
)
_FORGET = update(chat_contexts).where(chat_contexts.c.id.in_(_OLD)).values(decision=None)


def latest(connection: Connection, bot_id: int, *, since: float, most: int = 10) -> list[Decided]:
    """What a bot decided in groups, the newest first."""
    rows = connection.execute(_LATEST, {"bot_id": bot_id, "since": since, "most": most}).all()
    return [_decided(row) for row in rows]


def _decided(row: Sequence[Any]) -> Decided:
    title, name, sent_at, told = row
    return Decided(chat_title=title, sender_name=name, sent_at=sent_at, decision=decode(told))


def forget(connection: Connection, *, before: float, most: int) -> int:
    """Drop at most so many decisions about messages that were sent before then; returns how many."""
    return connection.execute(_FORGET, {"b_before": before, "b_most": most}).rowcount
