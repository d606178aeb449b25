"""A platform with thousands of everything, so that no plan is chosen because a table is small."""

from typing import Any

from sqlalchemy import Connection, Table, insert, text

from maskarad.db import decisions, tables
from maskarad.db.personas import name_key
from maskarad.memory.stats import SECONDS_A_DAY
from maskarad.values import Decision, Verdict
from tests.support.plans.partitions import analyze
from tests.support.rows import NOW

MANY = 3_000
OWN_PERSONAS = 20
LONG_HISTORY = 4_000
FOLDED = 3_500
LEARNED = 3_900
DAYS_OF_LONG = 400
CHATTER = 100
"""Lines said in the busy group since somebody asked the persona there."""

OWNER = 1001
"""Owns the first personas and bots; every other persona has an owner of its own."""

LONG, BUSY, HELD = 1, 2, 3
"""Links: of a long history with something unread, of a busy group, and one that is being worked on."""

STIRRED = 4
"""A link whose time to speak unasked has come."""

CLAIM = "held"
A_DAY = 86_400.0
TODAY = int(NOW) // SECONDS_A_DAY
LONG_AGO = NOW - 30 * A_DAY
REMARK = (
    '{"message":{"bot_id":1,"update_id":1,"chat":{"id":-1001,"type":"supergroup"},"message_id":1,'
    '"sender":{"id":1,"name":"Bob"},"text":"","sent_at":1.0}}'
)
WHY = decisions.encode(Decision(verdict=Verdict.LISTEN, reason="quiet", score=0.2, threshold=0.5))


def fill(connection: Connection) -> None:
    """The crowd, and what the database counts of it. For an empty database: ids begin at 1."""
    for table, rows in (
        (tables.users, [_user(n) for n in range(MANY)]),
        (tables.persona_configs, [_persona(n) for n in range(MANY)]),
        (tables.bot_instances, [_bot(n) for n in range(MANY)]),
        (tables.bot_whitelist, [_guest(n) for n in range(MANY)]),
        (tables.chat_bot_instances, [_link(n) for n in range(2 * MANY)]),
        (tables.chat_contexts, [*_long_history(), *_busy_history(), *_other_histories()]),
        (tables.reply_parts, [_part(n) for n in range(MANY)]),
        (tables.usage_records, [_usage(n) for n in range(2 * MANY)]),
        (tables.purses, [purse for n in range(2 * MANY) for purse in _purses(n)]),
        (tables.limit_notices, [_limit_notice(n) for n in range(MANY)]),
        (tables.model_prices, [_price(n) for n in range(400)]),
        (tables.wizard_states, [_wizard(n) for n in range(MANY)]),
        (tables.seen_updates, [_seen(n) for n in range(2 * MANY)]),
        (tables.user_preferences, [_preference(n) for n in range(MANY)]),
        (tables.analysis_cache, [_analysis(n) for n in range(2 * MANY)]),
        (tables.conversation_summaries, [_summary(n) for n in range(MANY)]),
        (tables.interaction_patterns, [_pattern(n) for n in range(2 * MANY)]),
        (tables.chat_days, [*_long_days(), *(_day(2 + n, TODAY) for n in range(MANY))]),
        (tables.message_reactions, [_reaction(n) for n in range(MANY)]),
        (tables.history_imports, [_import(n) for n in range(MANY)]),
        (tables.unweighed_remarks, [_unweighed(n) for n in range(MANY)]),
    ):
        _add(connection, table, rows)
    _index_words(connection)
    analyze(connection)


def _add(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(table), rows)


def words_of(link_id: int, number: int) -> str:
    """One word in ten is common."""
    return f"l{link_id}xtea" if number % 10 == 0 else f"l{link_id}xword{number}"


def _index_words(connection: Connection) -> None:
    """Of the long history all that is folded."""
    key, words = ("rowid", ":words") if connection.dialect.name == "sqlite" else ("id", "CAST(:words AS tsvector)")
    connection.execute(
        text(f"INSERT INTO history_index ({key}, words) VALUES (:line, {words})"),
        [{"line": 1 + n, "words": words_of(LONG, n)} for n in range(FOLDED)],
    )


def _user(n: int) -> dict[str, Any]:
    return {
        "id": OWNER + n,
        "name": f"Person {n}",
        "username": f"person_{n}",
        "language": "en",
        "created_at": LONG_AGO,
    }


def _persona(n: int) -> dict[str, Any]:
    name = f"Mira {n}"
    return {
        "owner_id": OWNER if n < OWN_PERSONAS else OWNER + n,
        "name": name,
        "name_key": name_key(name),
        "content": '{"name":"Mira","description":"a tea witch","language":"en"}',
        "spontaneity": "sometimes" if n % 2 else "never",
        "version": 1,
        "created_at": LONG_AGO,
        "changed_at": LONG_AGO + n,
    }


def _bot(n: int) -> dict[str, Any]:
    return {
        "persona_config_id": 1 + n,
        "telegram_id": 7_000_000 + n,
        "username": f"mira{n}_bot",
        "name": f"Mira {n}",
        "token": f"sealed-{n}",
        "public_id": f"public-{n}",
        "secret": f"secret-{n}",
        "access": "public",
        "enabled": True,
        "state": "working",
        "sees_all_group_messages": True,
        "version": 1,
        "created_at": LONG_AGO,
        "changed_at": LONG_AGO + n,
    }


def _guest(n: int) -> dict[str, Any]:
    """Every tenth is on the first bot's list."""
    return {"bot_instance_id": 1 if n % 10 == 0 else 1 + n, "user_id": OWNER + n, "name": f"Person {n}"}


def _link(n: int) -> dict[str, Any]:
    """Half of the links are the first bot's, a tenth of them groups; every tenth of the others waits for Telegram."""
    of_first, waits = n < MANY, n >= MANY and n % 10 == 0
    in_group = n % 10 == 1
    row = {
        "chat_id": -1_000_000 - n if in_group else 1_000_000 + n,
        "bot_instance_id": 1 if of_first else 1 + n - MANY,
        "chat_type": "supergroup" if in_group else "private",
        "title": f"Kitchen {n}" if in_group else "",
        "active": n % 7 != 6,
        "asked": 5,
        "answered": 5,
        "parts": 10 if waits else 0,
        "due_at": NOW + 60 if waits else LONG_AGO,
        "claim": None,
        "lease_until": 0.0,
        "created_at": LONG_AGO,
        "messages": 50,
        "learned_messages": 50 if n % 50 else 40,
        "learned_id": 0,
        "folded_order": None,
        "folded_messages": 0,
        "last_message_at": NOW - n * 600.0,
        "stir_at": NOW + n * 10.0 - 1_000 if n % 2 else None,
    }
    if n + 1 == STIRRED:
        row |= {"stir_at": NOW - 1, "last_message_at": NOW - A_DAY}
    if n + 1 == LONG:
        row |= {"messages": LONG_HISTORY, "folded_order": FOLDED, "folded_messages": FOLDED, "learned_id": LEARNED}
    if n + 1 in (LONG, BUSY):
        row |= {"answered": 4, "due_at": NOW}
    if n + 1 == HELD:
        row |= {"answered": 4, "parts": 2, "due_at": NOW, "claim": CLAIM, "lease_until": NOW + 8}
    return row


def _line(link_id: int, number: int, **more: Any) -> dict[str, Any]:
    row = {
        "chat_bot_instance_id": link_id,
        "message_order": number,
        "chat_id": 1_000_000 + link_id,
        "user_id": OWNER + number % MANY,
        "user_name": "Bob",
        "from_persona": number % 5 == 4,
        "text": "hello there",
        "timestamp": LONG_AGO + number,
        "asked": None,
        "addressed": False,
        "decision": None,
    }
    return row | more


def _long_history() -> list[dict[str, Any]]:
    said = [_line(LONG, n) for n in range(LONG_HISTORY)]
    return [*said, _line(LONG, LONG_HISTORY, asked=5, addressed=True, timestamp=NOW)]


def _busy_history() -> list[dict[str, Any]]:
    """Of the newest lines is known why they were not answered, and still of one that is older than a day."""
    said = [_line(BUSY, n, decision=None if n else WHY) for n in range(CHATTER)]
    asked = _line(BUSY, CHATTER, asked=5, addressed=True, timestamp=NOW)
    return [*said, asked, *(_line(BUSY, CHATTER + 1 + n, timestamp=NOW, decision=WHY) for n in range(CHATTER))]


def _other_histories() -> list[dict[str, Any]]:
    """A line of everybody else's; one of a hundred is forgotten."""
    forgotten = {"user_id": 0, "user_name": "", "text": ""}
    return [_line(1 + n, n, **(forgotten if n % 100 == 50 else {})) for n in range(BUSY, 2 * MANY)]


def _part(n: int) -> dict[str, Any]:
    link_id = HELD if n < 2 else MANY + 1 + n // 10 * 10
    return {"chat_bot_instance_id": link_id, "kind": "text", "text": "tea?", "html": None, "reply_to": None}


def _usage(n: int) -> dict[str, Any]:
    """Sixty calls a day in all, a third of them for the first owner and by the first bot."""
    return {
        "owner_id": OWNER if n % 3 == 0 else OWNER + n % MANY,
        "persona_config_id": 1,
        "bot_instance_id": 1 if n % 3 == 0 else 1 + n % MANY,
        "user_id": OWNER + n % 200,
        "model": "a/model",
        "prompt_tokens": 500,
        "completion_tokens": 30,
        "latency": 0.8,
        "created_at": NOW - (2 * MANY - n) * A_DAY / 60,
    }


def _purses(n: int) -> list[dict[str, Any]]:
    """Of ten people, ten bots and an owner in a day."""
    scope, holder = ("user", OWNER + n % 20 // 2) if n % 2 else ("bot", 1 + n % 20 // 2)
    spent = {"messages": 3, "tokens": 9_000, "money": 4_000}
    day = {"scope": scope, "holder": holder, "period": TODAY - n // 20, **spent}
    month = {"scope": "owner", "holder": OWNER + n, "period": 600 + n % 60, **spent}
    return [day, month] if n % 2 else [day]


def _limit_notice(n: int) -> dict[str, Any]:
    key = {"scope": "user", "holder": OWNER + n, "period": TODAY - n // 20}
    return {"chat_bot_instance_id": 1 + n, **key, "told_at": NOW - n * A_DAY / 20}


def _price(n: int) -> dict[str, Any]:
    return {"model": f"a/model-{n}", "prompt": 0.15, "completion": 0.6, "seen_at": NOW}


def _wizard(n: int) -> dict[str, Any]:
    return {"bot_instance_id": 0, "user_id": OWNER + n, "state": "{}", "changed_at": NOW - n * A_DAY / 60}


def _seen(n: int) -> dict[str, Any]:
    return {"bot_instance_id": 1 + n % MANY, "update_id": n, "seen_at": NOW - n * 30.0}


def _preference(n: int) -> dict[str, Any]:
    """Thirty people's of each of a hundred personas; each has told three of them."""
    return {
        "persona_config_id": 1 + n % 100,
        "user_id": OWNER + n // 3,
        "scope": 0,
        "name": "spontaneity",
        "value": "off",
        "stated_at": LONG_AGO,
    }


def _analysis(n: int) -> dict[str, Any]:
    """A few hundred a day."""
    return {"text_hash": f"{n:032x}", "analysis": "{}", "created_at": NOW - n * 150.0}


def _summary(n: int) -> dict[str, Any]:
    return {
        "chat_bot_instance_id": 1 + n,
        "kind": "summary",
        "from_order": 0,
        "to_order": 10,
        "text": "They had tea.",
        "created_at": LONG_AGO,
    }


def _pattern(n: int) -> dict[str, Any]:
    """About twenty people in each of three hundred links, each in two of them; in the long one a tenth of all."""
    return {
        "chat_bot_instance_id": LONG if n % 10 == 9 else 1 + n % 300,
        "user_id": OWNER + n // 2,
        "name": f"Person {n}",
        "messages": 10 + n % 100,
        "first_at": LONG_AGO,
        "last_at": NOW - n,
        "treatment": 0.0,
        "data": "{}",
    }


def _long_days() -> list[dict[str, Any]]:
    return [_day(LONG, TODAY - n) for n in range(DAYS_OF_LONG)]


def _day(link_id: int, day: int) -> dict[str, Any]:
    return {"chat_bot_instance_id": link_id, "day": day, "data": "{}"}


def _reaction(n: int) -> dict[str, Any]:
    """A hundred people's, in the same links."""
    return {
        "chat_bot_instance_id": LONG if n % 10 == 9 else 1 + n % 300,
        "message_order": n,
        "user_id": OWNER + n % 100,
        "emoji": "👍",
        "value": 1.0,
        "reacted_at": LONG_AGO,
    }


def _unweighed(n: int) -> dict[str, Any]:
    """A day without a worker, ten messages in each of three hundred links."""
    return {
        "chat_bot_instance_id": 1 + n // 10,
        "message_order": LONG_HISTORY - n if n < 10 else n,
        "user_id": OWNER + n,
        "remark": REMARK,
        "stored_at": NOW - n * 30.0,
    }


def _import(n: int) -> dict[str, Any]:
    return {
        "chat_bot_instance_id": 1 + n,
        "source": f"export-{n}",
        "read_messages": 10,
        "added": 10,
        "skipped": 0,
        "started_at": LONG_AGO,
    }
