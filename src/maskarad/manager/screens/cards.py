"""Bots and people as operators see them, and the question before one of them is stopped."""

from collections.abc import Sequence
from enum import StrEnum

from maskarad.db.cards import Named, SeenBot, SeenUser
from maskarad.db.purses import Most, Spent
from maskarad.manager.callbacks import button
from maskarad.manager.screens.amounts import against, money, share
from maskarad.manager.screens.parts import back, page_of, pager, shortened
from maskarad.purse.limits import Limits
from maskarad.texts import Words, ago
from maskarad.values import BotState, Button, Screen, Value

PAGE_SIZE = 8
SHOWN_NAME = 40
MOST_BOTS = 6


class Kind(StrEnum):
    """What can be stopped, as callback data names it."""

    BOT = "b"
    USER = "u"


class Listed(Value, frozen=True):
    """A line of a list; `spent` is None where the list is not of what was spent."""

    kind: Kind
    named: Named
    spent: Spent | None = None


def top(words: Words, kind: Kind, listed: Sequence[Listed], most: Most) -> Screen:
    """Those who spent most today, the first of all first; `most` is what each of them may."""
    rows = tuple((_line(words, each, most),) for each in listed)
    title = words.html("admin.top_bots" if kind is Kind.BOT else "admin.top_users")
    said = words.html("admin.nobody_spent") if not listed else words.html("admin.choose")
    return Screen(html=f"{title}\n\n{said}", keyboard=(*rows, back(words, "a")))


def stopped(words: Words, listed: Sequence[Listed], page: int) -> Screen:
    page, shown = page_of(listed, page, PAGE_SIZE)
    keyboard = (
        *((_line(words, each, None),) for each in shown),
        *pager(page, len(listed), PAGE_SIZE, "al"),
        back(words, "a"),
    )
    said = words.html("admin.choose_stopped") if listed else words.html("admin.nothing_stopped")
    return Screen(html=f"{words.html('admin.stopped_title')}\n\n{said}", keyboard=keyboard)


def _line(words: Words, listed: Listed, most: Most | None) -> Button:
    sign = "⛔" if listed.named.is_stopped else "🤖" if listed.kind is Kind.BOT else "👤"
    label = f"{sign} {shortened(listed.named.name, SHOWN_NAME)}"
    if listed.spent is not None and most is not None:
        label = f"{label} · {money(words, listed.spent.money)} · {share(listed.spent, most)} %"
    return button(label, "ac", listed.kind.value, listed.named.id)


def bot_card(words: Words, bot: SeenBot, spent: Spent, limits: Limits, now: float) -> Screen:
    """`spent` is today's."""
    about = words.html(
        "admin.bot",
        name=bot.name,
        bot=bot.username,
        persona=bot.persona,
        owner=_known_as(bot.owner),
        id=bot.id,
        state=_state(words, bot, now),
    )
    html = f"{about}\n\n{words.html('admin.spent_today')}\n{against(words, spent, limits.bot)}"
    owner = button(words.get("button.owner"), "ac", Kind.USER.value, bot.owner.id)
    switch = _switch(words, Kind.BOT, bot.id, stopped=bot.stopped_at is not None and not bot.with_owner)
    return Screen(html=html, keyboard=((switch,), (owner,), _back(words, Kind.BOT, bot.stopped_at)))


def _state(words: Words, bot: SeenBot, now: float) -> str:
    if bot.stopped_at is not None:
        key = "admin.state.stopped_with_owner" if bot.with_owner else "admin.state.stopped"
        return words.get(key, ago=ago(words, now - bot.stopped_at))
    if bot.state is BotState.INVALID:
        return words.get("admin.state.invalid")
    return words.get("admin.state.working" if bot.enabled else "admin.state.resting")


def user_card(
    words: Words, user: SeenUser, given: Spent, month: Spent, limits: Limits, now: float, *, is_operator: bool
) -> Screen:
    """`given` is what all bots gave this person today, `month` what the own bots spent this month."""
    state = ""
    if user.stopped_at is not None:
        state = words.html("admin.user_stopped", ago=ago(words, now - user.stopped_at))
    elif is_operator:
        state = words.html("admin.user_operator")
    elif not user.known:
        state = words.html("admin.user_unknown")
    parts = (
        words.html("admin.user", name=_known_as(user), id=user.id, personas=user.personas, bots=len(user.bots)),
        state,
        f"{words.html('admin.given_today')}\n{against(words, given, limits.user)}",
        f"{words.html('admin.own_bots_month')}\n{against(words, month, limits.owner)}" if user.bots else "",
    )
    shown = ((button(f"🤖 @{name}", "ac", Kind.BOT.value, bot_id),) for bot_id, name in user.bots[:MOST_BOTS])
    may_be_switched = user.stopped_at is not None or not is_operator
    switch = (_switch(words, Kind.USER, user.id, stopped=user.stopped_at is not None),)
    keyboard = (*((switch,) if may_be_switched else ()), *shown, _back(words, Kind.USER, user.stopped_at))
    return Screen(html="\n\n".join(filter(None, parts)), keyboard=keyboard)


def _back(words: Words, kind: Kind, stopped_at: float | None) -> tuple[Button, ...]:
    """To a list that it stands on."""
    return back(words, "at", kind.value) if stopped_at is None else back(words, "al", 0)


def _known_as(user: SeenUser) -> str:
    return f"{user.name} (@{user.username})" if user.username else user.name


def _switch(words: Words, kind: Kind, holder: int, *, stopped: bool) -> Button:
    if stopped:
        return button(words.get("button.allow"), "ag", kind.value, holder)
    return button(words.get(f"button.stop_{kind.name.lower()}"), "as", kind.value, holder)


def bot_question(words: Words, bot: SeenBot) -> Screen:
    return _question(words, words.html("admin.stop_bot", bot=bot.username), Kind.BOT, bot.id)


def user_question(words: Words, user: SeenUser) -> Screen:
    html = words.html("admin.stop_user", name=_known_as(user))
    own = words.html("admin.stop_own_bots", count=len(user.bots)) if user.bots else ""
    return _question(words, "\n\n".join(filter(None, (html, own))), Kind.USER, user.id)


def _question(words: Words, html: str, kind: Kind, holder: int) -> Screen:
    yes = button(words.get("button.stop_yes"), "ay", kind.value, holder)
    return Screen(html=html, keyboard=((yes,), back(words, "ac", kind.value, holder)))


def several(words: Words, found: Sequence[Listed]) -> Screen:
    """A number may be a person's and a bot's."""
    rows = tuple((_line(words, each, None),) for each in found)
    return Screen(html=words.html("admin.find_several"), keyboard=(*rows, back(words, "a")))


def ask_whom(words: Words, *, first: str = "") -> Screen:
    html = "\n\n".join(filter(None, (first, words.html("admin.find_question"))))
    return Screen(html=html, keyboard=((button(words.get("button.cancel"), "aq"),),))
