"""Statistics in words: what /stats answers, and every word of the picture."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from maskarad.analytics.figures import MOOD_DAYS, Glance, grouped
from maskarad.analytics.order import Labels
from maskarad.db.owned import OwnedTotals
from maskarad.memory.analysis import Emotion
from maskarad.memory.stats import ChatStats
from maskarad.texts import Words
from maskarad.values import ChatType

EMOTIONS = tuple(each.value for each in Emotion if each is not Emotion.NEUTRAL)
TOPICS = (
    *("work", "study", "food", "music", "films", "games", "sport", "politics", "war", "money", "health", "love"),
    *("family", "travel", "weather", "animals", "technology", "cars", "holidays", "jokes"),
)
"""What the analyser tells apart (`memory/lexicons/topics.toml`)."""

SHOWN_NAME = 40
_VALENCES = ((0.3, "splendid"), (0.1, "good"), (-0.1, "even"), (-0.3, "poor"))


def chat_in_words(words: Words, title: str, stats: ChatStats, glance: Glance, zone: tzinfo) -> str:
    """Telegram HTML."""
    if stats.messages == 0 or stats.first_message_at is None or stats.last_message_at is None:
        return words.html("analytics.empty")
    numbers = words.html(
        "analytics.chat",
        title=isolated(title),
        messages=grouped(stats.messages),
        own=grouped(stats.own_messages),
        first=date(words, stats.first_message_at, zone),
        last=date(words, stats.last_message_at, zone),
    )
    if stats.people and stats.chat_type is not ChatType.PRIVATE:
        numbers += "\n" + words.html("analytics.in_all", people=grouped(stats.people))
    return "\n\n".join(filter(None, (numbers, _glance(words, glance), _top(words, stats))))


def owner_in_words(
    words: Words, title: str, totals: OwnedTotals, by_persona: Sequence[tuple[str, int]], zone: tzinfo
) -> str:
    """Telegram HTML: sums only. `by_persona` are names and messages."""
    if totals.messages == 0 or totals.first_message_at is None or totals.last_message_at is None:
        return words.html("analytics.owner_empty", title=title)
    numbers = words.html(
        "analytics.owner",
        title=title,
        private=grouped(totals.private_chats),
        groups=grouped(totals.groups),
        messages=grouped(totals.messages),
        own=grouped(totals.own_messages),
        first=date(words, totals.first_message_at, zone),
        last=date(words, totals.last_message_at, zone),
    )
    personas = "\n".join(
        words.html("analytics.persona_line", name=isolated(name), messages=grouped(messages))
        for name, messages in by_persona
    )
    return "\n\n".join(filter(None, (numbers, personas)))


def _glance(words: Words, glance: Glance) -> str:
    lines = []
    if glance.peak is not None:
        day, hour = weekdays(words)[glance.peak.weekday], glance.peak.hour
        lines.append(words.html("analytics.peak", day=day, start=f"{hour}:00", end=f"{(hour + 1) % 24}:00"))
    if glance.valence is not None:
        valence = words.get(f"analytics.valence.{_valence(glance.valence)}")
        lines.append(words.html("analytics.mood_lately", days=MOOD_DAYS, valence=valence))
    topics = [words.get(f"analytics.topic.{topic}") for topic in glance.topics if topic in TOPICS]
    if topics:
        lines.append(words.html("analytics.about", topics=", ".join(topics)))
    return "\n".join(lines)


def _valence(valence: float) -> str:
    return next((name for least, name in _VALENCES if valence > least), "bad")


def _top(words: Words, stats: ChatStats) -> str:
    if stats.chat_type is ChatType.PRIVATE:
        return ""
    lines = [
        words.html("analytics.person_line", number=number, name=isolated(each.name), messages=grouped(each.messages))
        for number, each in enumerate(stats.top_people, 1)
    ]
    return "\n".join([words.html("analytics.top_people"), *lines]) if lines else ""


def labels(words: Words, *, title: str, subtitle: tuple[str, ...], bars: str) -> Labels:
    """`bars` is the heading of the last panel."""
    return Labels(
        title=title,
        subtitle="\n".join(subtitle),
        activity=words.get("analytics.panel.activity"),
        mood=words.get("analytics.panel.mood"),
        topics=words.get("analytics.panel.topics"),
        bars=bars,
        weekdays=weekdays(words),
        months=_months(words),
        months_alone=tuple(words.get("analytics.months_alone").split()),
        peak=words.get("analytics.peak", day="{day}", start="{start}", end="{end}"),
        good=words.get("analytics.mood_good"),
        bad=words.get("analytics.mood_bad"),
        nothing_yet=words.get("analytics.nothing_yet"),
        nameless=words.get("analytics.nameless", number="{number}"),
        emotions={emotion: words.get(f"analytics.emotion.{emotion}") for emotion in EMOTIONS},
        topic_names={topic: words.get(f"analytics.topic.{topic}") for topic in TOPICS},
    )


def counted_messages(words: Words, count: int) -> str:
    return words.get("analytics.messages", count=count, number=grouped(count))


def counted_people(words: Words, count: int) -> str:
    return words.get("analytics.people", count=count, number=grouped(count))


def period(words: Words, first: float, last: float, zone: tzinfo) -> str:
    return f"{date(words, first, zone)} – {date(words, last, zone)}"


def date(words: Words, moment: float, zone: tzinfo) -> str:
    local = datetime.fromtimestamp(moment, zone)
    return f"{local.day} {_months(words)[local.month - 1]} {local.year}"


def weekdays(words: Words) -> tuple[str, ...]:
    """Monday first."""
    return tuple(words.get("analytics.weekdays").split())


def _months(words: Words) -> tuple[str, ...]:
    return tuple(words.get("analytics.months").split())


def isolated(name: str) -> str:
    """A name of any writing, so that its direction stays its own; shortened."""
    return f"\u2068{name if len(name) <= SHOWN_NAME else name[: SHOWN_NAME - 1].rstrip() + '…'}\u2069"
