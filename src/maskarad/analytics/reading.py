"""From the database to a picture's order. One transaction each, and its cost does not grow with what was said."""

from collections.abc import Sequence

from maskarad.analytics.figures import days_until, zone_of
from maskarad.analytics.order import Bar, Order
from maskarad.analytics.wording import counted_messages, counted_people, labels, period
from maskarad.db import Connection, owned, statistics
from maskarad.db.engine import Database
from maskarad.db.owned import OwnedChat, OwnedTotals
from maskarad.memory.stats import SECONDS_A_DAY, ChatStats
from maskarad.texts import Words
from maskarad.values import ChatType, Value


class Setting(Value, frozen=True):
    """When the picture is drawn, and which clock it goes by where the chat has chosen none (an IANA name)."""

    now: float
    zone: str


async def chat_order(database: Database, link_id: int, persona: str, words: Words, setting: Setting) -> Order:
    """The picture of one chat. Raises NotFound, DatabaseUnavailable."""
    first, today = days_until(setting.now)

    def read(connection: Connection) -> tuple[ChatStats, str | None, list[tuple[int, str]]]:
        return (
            statistics.chat_stats(connection, link_id),
            statistics.time_zone(connection, link_id),
            statistics.written_days(connection, [link_id], first, today),
        )

    stats, chosen, days = await database.read(read)
    zone = chosen or setting.zone
    bars = [Bar(label=each.name, value=each.messages) for each in stats.top_people]
    if stats.own_messages:
        bars.append(Bar(label=persona, value=stats.own_messages, own=True))
    about = [persona, counted_messages(words, stats.messages)]
    if stats.chat_type is not ChatType.PRIVATE:
        about.append(counted_people(words, stats.people))
    return Order(
        labels=labels(
            words,
            title=stats.title or persona,
            subtitle=(" · ".join(about), _span(words, days, zone)),
            bars=words.get("analytics.panel.people"),
        ),
        days=tuple(days),
        bars=_by_value(bars),
        today=today,
        zone=zone,
    )


async def owner_order(
    database: Database,
    owner_id: int,
    personas: dict[int, str],
    chosen: int | None,
    words: Words,
    setting: Setting,
) -> Order:
    """The picture of one of the owner's personas (`personas`: names by id), or of all. Nobody is named in it, and no
    private chat. Raises DatabaseUnavailable."""
    first, today = days_until(setting.now)

    def read(connection: Connection) -> tuple[OwnedTotals, list[OwnedChat], dict[int, int], list[tuple[int, str]]]:
        chats = owned.chats(connection, owner_id, chosen)
        return (
            owned.totals(connection, owner_id, chosen),
            chats,
            owned.messages_by_persona(connection, owner_id),
            statistics.written_days(connection, [chat.link_id for chat in chats], first, today),
        )

    totals, chats, by_persona, days = await database.read(read)
    if chosen is None:
        bars = [Bar(label=personas.get(id_, "?"), value=messages) for id_, messages in by_persona.items()]
    else:
        bars = _bars_of_chats(words, totals, chats)
    about = (counted_messages(words, totals.messages), _chats(words, totals))
    return Order(
        labels=labels(
            words,
            title=words.get("analytics.all_personas") if chosen is None else personas.get(chosen, "?"),
            subtitle=(" · ".join(about), _span(words, days, setting.zone)),
            bars=words.get("analytics.panel.personas" if chosen is None else "analytics.panel.chats"),
        ),
        days=tuple(days),
        bars=_by_value(bars),
        today=today,
        zone=setting.zone,
    )


def _bars_of_chats(words: Words, totals: OwnedTotals, chats: Sequence[OwnedChat]) -> list[Bar]:
    bars = [Bar(label=chat.title, value=chat.messages) for chat in chats if chat.chat_type is not ChatType.PRIVATE]
    if totals.private_chats:
        bars.append(Bar(label=words.get("analytics.private_chats"), value=totals.private_messages, own=True))
    return bars


def _chats(words: Words, totals: OwnedTotals) -> str:
    count = totals.private_chats + totals.groups
    return words.get("analytics.chats", count=count, number=count)


def _by_value(bars: list[Bar]) -> tuple[Bar, ...]:
    return tuple(sorted((bar for bar in bars if bar.value > 0), key=lambda bar: (-bar.value, bar.label)))


def _span(words: Words, days: Sequence[tuple[int, str]], zone: str) -> str:
    if not days:
        return zone
    numbers = [number for number, _ in days]
    shown = period(words, (min(numbers) + 0.5) * SECONDS_A_DAY, (max(numbers) + 0.5) * SECONDS_A_DAY, zone_of(zone))
    return f"{shown} · {zone}"
