"""Speaking unasked, in rows: when a link may next do it (`stir_at`, empty: not at all), who does it, what was said.

The claim is that of a turn, so a link is never answered and stirred at once. Taking it moves `stir_at` on: whatever
becomes of the attempt, nobody makes it a second time.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Double,
    Integer,
    and_,
    bindparam,
    case,
    exists,
    literal_column,
    not_,
    or_,
    select,
    update,
)

from maskarad.db import history, outbox, purses
from maskarad.db.link_columns import MANNERS, manners_of
from maskarad.db.purses import Bill
from maskarad.db.served import IS_SERVED
from maskarad.db.tables import bot_instances, persona_configs, user_preferences, users
from maskarad.db.tables import chat_bot_instances as links
from maskarad.db.turns import CLAIMED, claimed
from maskarad.memory.people import EVERYWHERE
from maskarad.memory.preferences import Wish
from maskarad.values import (
    Chat,
    Chattiness,
    ChatType,
    Claim,
    ClaimedLink,
    Manners,
    PartDraft,
    Spontaneity,
    Value,
)

_IS_LINK = links.c.id == bindparam("b_id")
_HOLDS = and_(_IS_LINK, links.c.claim == bindparam("b_claim"))
_NOW = bindparam("b_now", type_=Double)
_IS_HELD = and_(links.c.claim.is_not(None), links.c.lease_until >= _NOW)
_IS_AT_WORK = or_(links.c.asked > links.c.answered, links.c.parts > literal_column("0"))
_MAY_SPEAK = and_(
    links.c.active,
    not_(links.c.muted),
    or_(links.c.chattiness.is_(None), links.c.chattiness.not_in([Chattiness.SILENT.value, Chattiness.QUIET.value])),
)
# In a private chat the chat is the person.
_IS_WITH_STOPPED = exists().where(users.c.id == links.c.chat_id, users.c.stopped_at.is_not(None))
_IS_UNWANTED = exists().where(
    user_preferences.c.persona_config_id == bot_instances.c.persona_config_id,
    user_preferences.c.user_id == links.c.chat_id,
    user_preferences.c.scope.in_([literal_column(str(EVERYWHERE), Integer), links.c.id]),
    user_preferences.c.name == Wish.SPONTANEITY.value,
    user_preferences.c.value == "off",
)
_COME = select(links.c.id).where(links.c.stir_at <= _NOW).order_by(links.c.stir_at).limit(bindparam("b_most"))
_CANDIDATES = (
    select(
        links.c.id,
        links.c.bot_instance_id,
        links.c.chat_id,
        links.c.chat_type,
        and_(_MAY_SPEAK, IS_SERVED, not_(_IS_UNWANTED), not_(_IS_WITH_STOPPED)),
        or_(_IS_HELD, _IS_AT_WORK),
        links.c.stir_at,
        links.c.last_message_at,
        links.c.spoke_at,
        links.c.stirred_at,
        links.c.stirs,
        links.c.stirs_day,
        case((links.c.liking_at > links.c.stirred_at, literal_column("0")), else_=links.c.ignored),
        links.c.liking,
        links.c.liking_at,
        *MANNERS,
    )
    .join(bot_instances, bot_instances.c.id == links.c.bot_instance_id)
    .where(links.c.id.in_(_COME))
)
_PUT_OFF = update(links).where(_IS_LINK, links.c.stir_at == bindparam("b_was")).values(stir_at=bindparam("b_at"))
_UNARMED = (
    select(links.c.id, persona_configs.c.spontaneity, links.c.last_message_at)
    .join(bot_instances, bot_instances.c.id == links.c.bot_instance_id)
    .join(persona_configs, persona_configs.c.id == bot_instances.c.persona_config_id)
    .where(
        links.c.last_message_at >= bindparam("b_since"),
        or_(links.c.last_message_at > bindparam("b_since"), links.c.id > bindparam("b_after")),
        links.c.stir_at.is_(None),
        _MAY_SPEAK,
        IS_SERVED,
        persona_configs.c.spontaneity != Spontaneity.NEVER.value,
    )
    .order_by(links.c.last_message_at, links.c.id)
    .limit(bindparam("b_most"))
)
_ARM = update(links).where(_IS_LINK, links.c.stir_at.is_(None)).values(stir_at=bindparam("b_at"))
_CLAIM = (
    update(links)
    .where(
        _IS_LINK,
        links.c.stir_at == bindparam("b_was"),
        _MAY_SPEAK,
        not_(_IS_AT_WORK),
        not_(_IS_HELD),
        links.c.last_message_at <= bindparam("b_still_since"),
        links.c.spoke_at <= bindparam("b_still_since"),
    )
    .values(claim=bindparam("b_claim"), lease_until=bindparam("b_lease_until"), stir_at=bindparam("b_next_at"))
    .returning(*CLAIMED)
)
_FREE = {"claim": None, "lease_until": 0}
# Only into the silence for which it was made.
_SAY = (
    update(links)
    .where(_HOLDS, _MAY_SPEAK, not_(_IS_AT_WORK), links.c.messages == bindparam("b_messages"))
    .values(
        parts=links.c.parts + bindparam("b_parts"),
        spoke_to=literal_column("0"),
        due_at=_NOW,
        stirred_at=_NOW,
        stirs=case((links.c.stirs_day == bindparam("b_day"), links.c.stirs + 1), else_=1),
        stirs_day=bindparam("b_day"),
        ignored=case((links.c.liking_at > links.c.stirred_at, 1), else_=links.c.ignored + 1),
        **_FREE,
    )
)
_SAY_NOTHING = update(links).where(_HOLDS).values(**_FREE)


class Candidate(Value, frozen=True):
    """A link whose time to speak unasked has come, and what says whether it may."""

    link_id: int
    bot_id: int
    chat: Chat
    """Without its title."""
    welcome: bool
    """Its bot works and may be heard here, and nobody has forbidden it to speak unasked."""
    busy: bool
    """Something is to be answered or sent, or somebody is at it."""
    stir_at: float
    last_message_at: float
    spoke_at: float
    stirred_at: float
    stirs: int
    """How often it spoke unasked on `stirs_day`, a day's number by the chat's clock."""
    stirs_day: int
    ignored: int
    """How often in a row it did, and nobody has written or reacted since."""
    liking: float
    liking_at: float
    manners: Manners


class Unarmed(Value, frozen=True):
    """A link that will not speak unasked unless it is armed, and how often its persona does."""

    link_id: int
    rate: Spontaneity
    last_message_at: float


def candidates(connection: Connection, *, now: float, most: int) -> list[Candidate]:
    """Links whose time has come, of too many those that have waited longest."""
    return [_candidate(row) for row in connection.execute(_CANDIDATES, {"b_now": now, "b_most": most})]


def put_off(connection: Connection, changes: Iterable[tuple[Candidate, float | None]]) -> None:
    """Look at them again at another time, or (None) no more; those that have changed meanwhile stay as they are."""
    rows = [{"b_id": each.link_id, "b_was": each.stir_at, "b_at": at} for each, at in changes]
    if rows:
        connection.execute(_PUT_OFF, rows)


def unarmed(connection: Connection, *, since: float, after: int = 0, most: int) -> list[Unarmed]:
    """Links of personas that speak unasked, in which somebody wrote at `since` or later, the oldest first; of those at
    that very time only such with a greater id than `after`."""
    rows = connection.execute(_UNARMED, {"b_since": since, "b_after": after, "b_most": most})
    return [Unarmed(link_id=row[0], rate=Spontaneity(row[1]), last_message_at=row[2]) for row in rows]


def arm(connection: Connection, times: Iterable[tuple[int, float]]) -> None:
    """Say of links that have no time yet when it comes."""
    rows = [{"b_id": link_id, "b_at": at} for link_id, at in times]
    if rows:
        connection.execute(_ARM, rows)


def claim_to_stir(
    connection: Connection,
    candidate: Candidate,
    token: str,
    *,
    next_at: float,
    still_since: float,
    lease: float,
    history_lines: int,
    now: float,
) -> ClaimedLink | None:
    """Take the link and read its newest lines; its next time is `next_at`. None when somebody else has taken it, or
    when it is to be left alone: something is asked or said there, or was after `still_since`."""
    values = {
        "b_id": candidate.link_id,
        "b_was": candidate.stir_at,
        "b_claim": token,
        "b_lease_until": now + lease,
        "b_next_at": next_at,
        "b_still_since": still_since,
        "b_now": now,
    }
    row = connection.execute(_CLAIM, values).first()
    if row is None:
        return None
    link = claimed(Claim(link_id=candidate.link_id, token=token), row)
    lines = history.latest(connection, candidate.link_id, most=history_lines, answered=link.asked)
    return msgspec.structs.replace(link, history=tuple(lines))


def finish(
    connection: Connection,
    link: ClaimedLink,
    drafts: Sequence[PartDraft],
    bill: Bill | None,
    *,
    day: int,
    now: float,
) -> bool | None:
    """Put what the persona says into the outbox, and end the claim. False: it says nothing, for it chose so, or because
    somebody wrote meanwhile or it was muted. None: there is no such claim (any more), and nothing was written, the bill
    neither."""
    values = {"b_id": link.claim.link_id, "b_claim": link.claim.token}
    spoken = {"b_messages": link.messages, "b_parts": len(drafts), "b_day": day, "b_now": now}
    said = bool(drafts) and connection.execute(_SAY, values | spoken).rowcount == 1
    held = said or connection.execute(_SAY_NOTHING, values).rowcount == 1
    if said:
        for draft in drafts:
            outbox.add(connection, link.claim.link_id, draft)
    if held and bill is not None:
        purses.pay(connection, bill)
    return said if held else None


def _candidate(row: Sequence[Any]) -> Candidate:
    return Candidate(
        link_id=row[0],
        bot_id=row[1],
        chat=Chat(id=row[2], type=ChatType(row[3])),
        welcome=bool(row[4]),
        busy=bool(row[5]),
        stir_at=row[6],
        last_message_at=row[7],
        spoke_at=row[8],
        stirred_at=row[9],
        stirs=row[10],
        stirs_day=row[11],
        ignored=row[12],
        liking=row[13],
        liking_at=row[14],
        manners=manners_of(row[15:19]),
    )
