"""Operators look at a bot or a person, stop them, and allow them again."""

import re
from collections.abc import Sequence
from typing import NoReturn

import structlog

from maskarad.db import Connection, cards, purses, seen, spending, stops, users
from maskarad.db.cards import Named
from maskarad.errors import NotFound
from maskarad.manager import forms
from maskarad.manager.actions import admin
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.forms import Finding
from maskarad.manager.screens import cards as screens
from maskarad.manager.screens.cards import Kind, Listed
from maskarad.manager.steps import Unfit
from maskarad.purse.limits import period_of
from maskarad.values import MANAGER_BOT_ID, Incoming, Scope, Screen

log = structlog.get_logger()

MOST_LISTED = 10
_MOST_USER_ID = 2**52
_USERNAME = re.compile(r"(?:https?://)?(?:t\.me/|@)?([A-Za-z]\w{0,31})", re.ASCII)


async def top(desk: Desk, visit: Visit, kind: str) -> Outcome:
    """Those who spent most today."""
    wanted = _kind(kind)
    scope = Scope.BOT if wanted is Kind.BOT else Scope.USER
    period = period_of(scope, desk.clock())

    def read(connection: Connection) -> list[Listed]:
        spent = purses.top(connection, scope, period, MOST_LISTED)
        names = _names(connection, wanted, [holder for holder, _ in spent])
        return [Listed(kind=wanted, named=names[holder], spent=each) for holder, each in spent if holder in names]

    listed = await desk.db.read(read)
    return Outcome(screen=screens.top(visit.words, wanted, listed, desk.operating.limits.most(scope)))


def _names(connection: Connection, kind: Kind, ids: Sequence[int]) -> dict[int, Named]:
    if kind is Kind.BOT:
        return cards.bots_named(connection, ids)
    known = cards.users_named(connection, ids)
    return {each: known.get(each) or Named(id=each, name=str(each), is_stopped=False) for each in ids}


async def stopped(desk: Desk, visit: Visit, page: str) -> Outcome:
    """Everything and everybody stopped; bots that are so only with their owners are told of there."""

    def read(connection: Connection) -> list[Listed]:
        people = [
            Listed(kind=Kind.USER, named=Named(id=each.id, name=each.name, is_stopped=True))
            for each in stops.list_users(connection)
        ]
        return people + [
            Listed(kind=Kind.BOT, named=Named(id=each.id, name=f"@{each.username}", is_stopped=True))
            for each in stops.list_bots(connection)
            if not each.with_owner
        ]

    return Outcome(screen=screens.stopped(visit.words, await desk.db.read(read), number(page)))


async def card(desk: Desk, visit: Visit, kind: str, holder: str) -> Outcome:
    return Outcome(screen=await _card(desk, visit, _kind(kind), number(holder)))


async def ask(desk: Desk, visit: Visit, kind: str, holder: str) -> Outcome:
    wanted, who = _kind(kind), number(holder)
    if wanted is Kind.BOT:
        bot = await desk.db.read(lambda c: cards.bot(c, who))
        return Outcome(screen=screens.bot_question(visit.words, bot))
    _refuse_operator(desk, who)
    user = await desk.db.read(lambda c: cards.user(c, who))
    return Outcome(screen=screens.user_question(visit.words, user))


async def stop(desk: Desk, visit: Visit, kind: str, holder: str) -> Outcome:
    wanted, who, now = _kind(kind), number(holder), desk.clock()
    if wanted is Kind.BOT:
        await desk.db.write(lambda c: stops.stop_bot(c, who, now=now))
    else:
        _refuse_operator(desk, who)
        await desk.db.write(lambda c: stops.stop_user(c, who, language=desk.default_language, now=now))
    log.warning("operator_stopped", kind=wanted.name.lower(), id=who, operator=visit.user.id)
    return await _switched(desk, visit, wanted, who, visit.words.get("toast.stopped"))


async def allow(desk: Desk, visit: Visit, kind: str, holder: str) -> Outcome:
    wanted, who, now, words = _kind(kind), number(holder), desk.clock(), visit.words
    if wanted is Kind.BOT:
        goes_on = await desk.db.write(lambda c: stops.let_bot(c, who, now=now))
    else:
        goes_on = True
        await desk.db.write(lambda c: stops.let_user(c, who, now=now))
    log.warning("operator_allowed", kind=wanted.name.lower(), id=who, operator=visit.user.id)
    toast = words.get("toast.allowed") if goes_on else words.get("toast.owner_stopped")
    return await _switched(desk, visit, wanted, who, toast)


async def _switched(desk: Desk, visit: Visit, kind: Kind, who: int, notice: str) -> Outcome:
    desk.operating.on_stops_changed()
    return Outcome(screen=await _card(desk, visit, kind, who), notice=notice)


async def ask_whom(desk: Desk, visit: Visit) -> Outcome:
    await desk.db.write(lambda c: forms.begin(c, visit.user.id, Finding(), now=desk.clock()))
    return Outcome(screen=screens.ask_whom(visit.words))


async def leave(desk: Desk, visit: Visit) -> Outcome:
    await desk.db.write(lambda c: forms.leave(c, visit.user.id, Finding(), now=desk.clock()))
    return await admin.show(desk, visit)


async def take_wanted(desk: Desk, visit: Visit, message: Incoming) -> Screen:
    """A message that names a bot or a person. Raises AlreadySeen."""

    def find(connection: Connection) -> list[Listed]:
        seen.once(connection, MANAGER_BOT_ID, visit.update_id, now=desk.clock())
        found = _find(connection, message)
        forms.end(connection, visit.user.id, now=desk.clock())
        return found

    try:
        found = await desk.db.write(find)
    except Unfit as problem:
        return screens.ask_whom(visit.words, first=visit.words.html(problem.key, **problem.values))
    if len(found) > 1:
        return screens.several(visit.words, found)
    return await _card(desk, visit, found[0].kind, found[0].named.id)


def _find(connection: Connection, message: Incoming) -> list[Listed]:
    """A number may also be that of a bot here. Raises Unfit."""
    kind, who = _meant(connection, message)
    text = message.text.strip()
    numbers = {who: kind} if kind is Kind.BOT else {}
    if message.forwarded_from is None and text.isdecimal():
        numbers[int(text)] = Kind.BOT
    bots = [Listed(kind=Kind.BOT, named=each) for each in cards.bots_named(connection, numbers).values()]
    return bots if kind is Kind.BOT else [*bots, Listed(kind=kind, named=_names(connection, kind, [who])[who])]


def _meant(connection: Connection, message: Incoming) -> tuple[Kind, int]:
    """The author of what was forwarded, an id at Telegram, or a @username. Raises Unfit."""
    author, text = message.forwarded_from, message.text.strip()
    if author is not None and author.id > 0:
        return _at_telegram(connection, author.id)
    if text.isdecimal() and 0 < int(text[:17]) < _MOST_USER_ID:
        return _at_telegram(connection, int(text))
    username = _USERNAME.fullmatch(text)
    if username is None:
        raise Unfit("admin.find_unclear")
    bot_id = cards.bot_named(connection, username.group(1))
    if bot_id is not None:
        return Kind.BOT, bot_id
    found = users.find_by_username(connection, username.group(1))
    return (Kind.USER, found.id) if found is not None else _unknown(username.group(1))


def _at_telegram(connection: Connection, telegram_id: int) -> tuple[Kind, int]:
    bot_id = cards.bot_at_telegram(connection, telegram_id)
    return (Kind.USER, telegram_id) if bot_id is None else (Kind.BOT, bot_id)


def _unknown(username: str) -> NoReturn:
    raise Unfit("admin.find_unknown", username=username)


async def _card(desk: Desk, visit: Visit, kind: Kind, who: int) -> Screen:
    """Raises NotFound."""
    now, operating = desk.clock(), desk.operating
    day, month = period_of(Scope.BOT, now), period_of(Scope.OWNER, now)
    if kind is Kind.BOT:
        bot, spent = await desk.db.read(lambda c: (cards.bot(c, who), purses.spent(c, Scope.BOT, who, day)))
        return screens.bot_card(visit.words, bot, spent, operating.limits, now)
    user, own = await desk.db.read(lambda c: (cards.user(c, who), spending.of_person(c, who, day=day, month=month)))
    is_operator = who in operating.operators
    return screens.user_card(visit.words, user, own.given, own.month, operating.limits, now, is_operator=is_operator)


def _refuse_operator(desk: Desk, user_id: int) -> None:
    """Raises Unfit: whoever stops an operator locks somebody out who could let them in again."""
    if user_id in desk.operating.operators:
        raise Unfit("problem.is_operator")


def _kind(argument: str) -> Kind:
    """Raises NotFound."""
    if argument not in set(Kind):
        raise NotFound("nothing of that kind can be stopped")
    return Kind(argument)
