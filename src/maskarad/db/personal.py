"""What a persona knows of people: what they want of it, and how they write where they meet."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    and_,
    bindparam,
    delete,
    literal_column,
    null,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from maskarad.db.lists import padded
from maskarad.db.tables import (
    bot_instances,
    chat_contexts,
    conversation_summaries,
    interaction_patterns,
    user_preferences,
)
from maskarad.db.tables import chat_bot_instances as links
from maskarad.memory.people import EVERYWHERE, Declined, Familiarity, Known, Preference, topics_in
from maskarad.memory.preferences import CHOICES, Stated, Wish, with_topic, without_topic
from maskarad.memory.stats import Pattern
from maskarad.values import ChatType

MOST_FAMILIARITIES = 500
"""Links that are looked at for the people of one turn, the latest first."""

_WISHES = frozenset(Wish)

OF_PERSON = (
    user_preferences.c.persona_config_id == bindparam("persona_id"),
    user_preferences.c.user_id == bindparam("user_id"),
)
_IS_WISH = (
    *OF_PERSON,
    user_preferences.c.scope == bindparam("scope"),
    user_preferences.c.name == bindparam("name"),
)
_PREFERENCES = select(
    user_preferences.c.user_id,
    user_preferences.c.scope,
    user_preferences.c.name,
    user_preferences.c.value,
    user_preferences.c.stated_at,
    literal_column("0").label("messages"),
).where(
    user_preferences.c.persona_config_id == bindparam("persona_id"),
    user_preferences.c.user_id.in_(bindparam("user_ids", expanding=True)),
)
# Found by the people first, who are few, and not by the bot's chats, which may be any number: the sum keeps PostgreSQL
# from walking these.
_PATTERNS = (
    select(interaction_patterns)
    .where(interaction_patterns.c.user_id.in_(bindparam("user_ids", expanding=True)))
    .cte("patterns")
    .prefix_with("MATERIALIZED")
)
_FAMILIARITIES = (
    select(
        _PATTERNS.c.user_id,
        _PATTERNS.c.chat_bot_instance_id,
        null().label("name"),
        _PATTERNS.c.data,
        _PATTERNS.c.treatment,
        _PATTERNS.c.messages,
    )
    .join(links, links.c.id == _PATTERNS.c.chat_bot_instance_id)
    .join(bot_instances, bot_instances.c.id == links.c.bot_instance_id + literal_column("0"))
    .where(bot_instances.c.persona_config_id == bindparam("persona_id"))
    .order_by(_PATTERNS.c.last_at.desc())
    .limit(MOST_FAMILIARITIES)
    .subquery()
)
_KNOWN = union_all(_PREFERENCES, select(_FAMILIARITIES))
_DECLINED = select(user_preferences.c.user_id, user_preferences.c.name).where(
    user_preferences.c.persona_config_id == bindparam("persona_id"),
    user_preferences.c.scope == EVERYWHERE,
    user_preferences.c.name.in_((Wish.REACTIONS.value, Wish.SPONTANEITY.value)),
    # Written out, as in the index's own condition.
    user_preferences.c.value == literal_column("'off'"),
)


def _put(insert: Callable[..., postgresql.Insert | sqlite.Insert]) -> Executable:
    new = insert(user_preferences).values({column.name: bindparam(column.name) for column in user_preferences.c})
    return new.on_conflict_do_update(
        index_elements=list(user_preferences.primary_key),
        set_={"value": new.excluded.value, "stated_at": new.excluded.stated_at},
    )


_PUT = {"sqlite": _put(sqlite.insert), "postgresql": _put(postgresql.insert)}
_VALUE = select(user_preferences.c.value).where(*_IS_WISH).with_for_update()
_TAKE_BACK = delete(user_preferences).where(*_IS_WISH)


def in_bot(link_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The link is one of the bot's: asked of each row that is found otherwise. Of a join, or of EXISTS, PostgreSQL may
    make a walk through all of the bot's chats, which may be any number."""
    return select(links.c.bot_instance_id).where(links.c.id == link_id).scalar_subquery() == bindparam("bot_id")


IS_PRIVATE_LINK = and_(
    links.c.bot_instance_id == bindparam("bot_id"),
    links.c.chat_id == bindparam("user_id"),
    links.c.chat_type == ChatType.PRIVATE.value,
)
_FORGET_HABITS = delete(interaction_patterns).where(
    interaction_patterns.c.user_id == bindparam("user_id"),
    in_bot(interaction_patterns.c.chat_bot_instance_id),
)
_PERSONA_OF_LINK = (
    select(bot_instances.c.persona_config_id)
    .join(links, links.c.bot_instance_id == bot_instances.c.id)
    .where(links.c.id == bindparam("link_id"))
    .scalar_subquery()
)
_FORGET_SAID_IN = delete(user_preferences).where(
    user_preferences.c.persona_config_id == _PERSONA_OF_LINK, user_preferences.c.scope == bindparam("link_id")
)
_FORGET_SAID_IN_CHATS = delete(user_preferences).where(
    user_preferences.c.persona_config_id
    == select(bot_instances.c.persona_config_id).where(bot_instances.c.id == bindparam("bot_id")).scalar_subquery(),
    user_preferences.c.scope != EVERYWHERE,
)
# Of what was read before this nothing is written back.
_COUNT_ERASURE = update(links).values(erasures=links.c.erasures + 1)
_ERASED_IN_PRIVATE = _COUNT_ERASURE.where(IS_PRIVATE_LINK)
_ERASED_HABITS = _COUNT_ERASURE.where(
    links.c.id.in_(
        select(interaction_patterns.c.chat_bot_instance_id).where(
            interaction_patterns.c.user_id == bindparam("user_id")
        )
    ),
    links.c.bot_instance_id == bindparam("bot_id"),
)
_UNLEARNED = (
    select(links.c.id)
    .where(
        links.c.id.in_(
            select(chat_contexts.c.chat_bot_instance_id).where(chat_contexts.c.user_id == bindparam("user_id"))
        ),
        links.c.bot_instance_id == bindparam("bot_id"),
        links.c.messages > links.c.learned_messages,
    )
    .order_by(links.c.id)
)
# A process without the analyser cannot have them learned first, and between learning and forgetting somebody may write.
_PASS_OVER = (
    update(chat_contexts)
    .where(
        chat_contexts.c.user_id == bindparam("b_user_id"),
        chat_contexts.c.chat_bot_instance_id == links.c.id,
        chat_contexts.c.id > links.c.learned_id,
        links.c.bot_instance_id == bindparam("b_bot_id"),
    )
    .values(counted=True)
)
_FORGET_SUMMARY = delete(conversation_summaries).where(
    conversation_summaries.c.chat_bot_instance_id.in_(select(links.c.id).where(IS_PRIVATE_LINK))
)
_decode_pattern = msgspec.json.Decoder(Pattern).decode
_encode = msgspec.json.Encoder().encode


def known(connection: Connection, persona_id: int, user_ids: Iterable[int]) -> dict[int, Known]:
    """All that the persona knows of these people, in one statement; who is not known is missing."""
    preferences: dict[int, list[Preference]] = {}
    familiarities: dict[int, list[Familiarity]] = {}
    for user_id, place, name, value, number, messages in connection.execute(
        _KNOWN, {"persona_id": persona_id, "user_ids": padded(user_ids)}
    ):
        if name is None:
            familiarity = Familiarity(
                link_id=place, messages=messages, treatment=number, pattern=_decode_pattern(value)
            )
            familiarities.setdefault(user_id, []).append(familiarity)
        elif name in _WISHES:
            preference = Preference(wish=Wish(name), value=value, scope=place, stated_at=number)
            preferences.setdefault(user_id, []).append(preference)
    return {
        user_id: Known(
            preferences=tuple(preferences.get(user_id, ())), familiarities=tuple(familiarities.get(user_id, ()))
        )
        for user_id in preferences.keys() | familiarities.keys()
    }


def declined(connection: Connection, persona_id: int) -> Declined:
    rows = connection.execute(_DECLINED, {"persona_id": persona_id}).all()
    return Declined(
        reactions=frozenset(row.user_id for row in rows if row.name == Wish.REACTIONS.value),
        spontaneity=frozenset(row.user_id for row in rows if row.name == Wish.SPONTANEITY.value),
    )


def state(
    connection: Connection, persona_id: int, user_id: int, stated: Sequence[Stated], *, link_id: int, now: float
) -> None:
    """Store what somebody wants, said in that link, or what they do not want any more. Free words stay in the link;
    saying the same again changes nothing but the time."""
    for each in stated:
        scope = EVERYWHERE if each.wish in CHOICES else link_id
        key = {"persona_id": persona_id, "user_id": user_id, "scope": scope, "name": each.wish.value}
        if each.wish is Wish.LEAVE_ALONE:
            _state_topic(connection, key, each, now=now)
        elif each.taken_back:
            connection.execute(_TAKE_BACK, key)
        else:
            _store(connection, key, each.value, now=now)


def _state_topic(connection: Connection, key: dict[str, Any], stated: Stated, *, now: float) -> None:
    value = connection.execute(_VALUE, key).scalar_one_or_none()
    topics = topics_in(value) if value is not None else []
    topics = (without_topic if stated.taken_back else with_topic)(topics, stated.value)
    if topics:
        _store(connection, key, _encode(topics).decode(), now=now)
    else:
        connection.execute(_TAKE_BACK, key)


def _store(connection: Connection, key: dict[str, Any], value: str, *, now: float) -> None:
    row = {
        "persona_config_id": key["persona_id"],
        "user_id": key["user_id"],
        "scope": key["scope"],
        "name": key["name"],
        "value": value,
        "stated_at": now,
    }
    connection.execute(_PUT[connection.dialect.name], row)


def unlearned(connection: Connection, bot_id: int, user_id: int) -> list[int]:
    """The bot's links where this person has said something and not all is learned."""
    return list(connection.execute(_UNLEARNED, {"bot_id": bot_id, "user_id": user_id}).scalars())


def forget_habits(connection: Connection, bot_id: int, user_id: int) -> None:
    """How this person writes, in all chats with the bot. What they have said and nobody has learned yet is passed over
    for good."""
    connection.execute(_PASS_OVER, {"b_bot_id": bot_id, "b_user_id": user_id})
    connection.execute(_ERASED_HABITS, {"bot_id": bot_id, "user_id": user_id})
    connection.execute(_FORGET_HABITS, {"bot_id": bot_id, "user_id": user_id})


def forget_summary(connection: Connection, bot_id: int, user_id: int) -> None:
    """What was summed up of their private chat."""
    connection.execute(_ERASED_IN_PRIVATE, {"bot_id": bot_id, "user_id": user_id})
    connection.execute(_FORGET_SUMMARY, {"bot_id": bot_id, "user_id": user_id})


def forget_said_in(connection: Connection, link_id: int) -> None:
    """The free words that people stated in a link; to be called before the link goes, for its id may be another's
    next."""
    connection.execute(_FORGET_SAID_IN, {"link_id": link_id})


def forget_said_in_chats(connection: Connection, bot_id: int) -> None:
    """As `forget_said_in`, of all links of a bot."""
    connection.execute(_FORGET_SAID_IN_CHATS, {"bot_id": bot_id})
