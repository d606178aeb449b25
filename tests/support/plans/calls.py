"""What the hot paths ask, as they ask it, of a platform that is full of people (`crowd`)."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from maskarad.db import bots, hearing, personas, purses, turns
from maskarad.db.purses import Bill, Share, Spent
from maskarad.jobs.leases import LEASE
from maskarad.purse.limits import purse_of
from maskarad.turn.prompt import HISTORY_LINES
from maskarad.values import (
    Access,
    Chat,
    ChatType,
    Claim,
    Completion,
    Decision,
    Incoming,
    MoodState,
    Part,
    PartDraft,
    PartKind,
    PersonaDraft,
    Scope,
    Sender,
    SentMessage,
    TurnOutcome,
    Usage,
    Verdict,
)
from tests.support.plans.crowd import CLAIM, HELD, LONG, LONG_HISTORY, OWNER
from tests.support.rows import NOW

PERSON = Sender(id=OWNER + 7, name="Bob", username="person_7", language="en")
HOLDER = Claim(link_id=HELD, token=CLAIM)
SHARES = tuple(
    Share(purse=purse_of(scope, OWNER, NOW), amount=Spent(messages=1, tokens=600, money=90))
    for scope in (Scope.USER, Scope.BOT, Scope.OWNER)
)
HELD_CLAIMS = [HOLDER, *(Claim(link_id=HELD + n, token=f"{CLAIM}{n}") for n in (1, 2))]
NEW_CHAT = Chat(id=-77, type=ChatType.SUPERGROUP, title="Attic")


def said() -> Incoming:
    return Incoming(
        bot_id=1,
        update_id=10**6,
        chat=Chat(id=1_000_000 + LONG, type=ChatType.PRIVATE),
        message_id=10**6,
        sender=PERSON,
        text="hello",
        sent_at=NOW,
    )


def hear(verdict: Verdict, *, part: PartDraft | None = None, **features: float) -> Callable[[Connection], Any]:
    decision = Decision(verdict=verdict, reason="perhaps", features=features, part=part)
    return lambda c: hearing.hear(c, LONG, said(), lambda _state: decision, due_at=NOW, now=NOW)


listen = hear(Verdict.LISTEN)
consider = hear(Verdict.CONSIDER)
answer = hear(Verdict.ANSWER, called=1.0)
remark = hear(Verdict.LISTEN, part=PartDraft(kind=PartKind.TEXT, text="One at a time, please."))
react = hear(Verdict.LISTEN, part=PartDraft(kind=PartKind.REACTION, text="👍", reply_to=10**6))


def keep_own(connection: Connection) -> Any:
    message = SentMessage(message_id=10**6, bot_telegram_id=7_000_000, bot_name="Mira")
    return hearing.keep_own(connection, LONG, 1_000_000 + LONG, message, "tea?", now=NOW)


def claim(link_id: int) -> Callable[[Connection], Any]:
    return lambda c: turns.claim(c, link_id, "token", lease=LEASE, history_lines=HISTORY_LINES, now=NOW)


def finish(connection: Connection) -> Any:
    outcome = TurnOutcome(answered=5, parts=(PartDraft(kind=PartKind.TEXT, text="tea?"),), mood=MoodState(set_at=NOW))
    completion = Completion(text="", model="a/model", prompt_tokens=500, completion_tokens=30, latency=0.8)
    usage = Usage(owner_id=OWNER, persona_id=1, bot_id=1, user_id=OWNER, completion=completion, created_at=NOW)
    return turns.finish(connection, HOLDER, outcome, Bill(differences=SHARES, usage=usage))


def reserve(connection: Connection) -> None:
    turns.hold(connection, HOLDER)
    purses.reserve(connection, SHARES)


def sent(connection: Connection) -> Any:
    part = Part(id=1, kind=PartKind.TEXT, text="tea?")
    message = SentMessage(message_id=LONG_HISTORY, bot_telegram_id=7_000_000, bot_name="Mira")
    return turns.sent(connection, HOLDER, part, message, now=NOW)


def change_persona(connection: Connection) -> None:
    personas.get_for_change(connection, OWNER, 1)
    personas.change(connection, OWNER, 1, PersonaDraft(name="Nora", description="", language="en"), now=NOW)


def change_bot(connection: Connection) -> None:
    bots.token_of_own(connection, OWNER, 1)
    bots.set_access(connection, 1, Access.PUBLIC, now=NOW)
