"""How a bot is doing, in words its owner can act on."""

from collections.abc import Sequence

from maskarad.manager.callbacks import button
from maskarad.manager.ports import Health
from maskarad.manager.screens.parts import back, built_once, shortened
from maskarad.texts import Words, ago
from maskarad.values import Bot, BotState, Chat, Keyboard, Screen

MOST_GROUPS = 15
SHOWN_TITLE = 60


def health_card(
    words: Words, bot: Bot, health: Health | None, groups: Sequence[Chat], now: float, *, first: str = ""
) -> Screen:
    """`now` is Unix seconds; `first` is Telegram HTML put above."""
    lines = (
        first,
        words.html("health.title", bot=bot.username),
        words.html("health.token_invalid" if bot.state is BotState.INVALID else "health.token_valid"),
        words.html("health.privacy_off" if bot.sees_all_group_messages else "health.privacy_on"),
        _last_update(words, health, now),
        words.html("health.conflict") if health and health.conflict_since is not None else "",
        words.html("admin.bot_is_stopped") if bot.is_stopped else "" if bot.enabled else words.html("bot.muted"),
        _groups(words, groups),
    )
    return Screen(html="\n\n".join(filter(None, lines)), keyboard=_keyboard(words, bot.persona_id))


@built_once
def _keyboard(words: Words, persona_id: int) -> Keyboard:
    return ((button(words.get("button.refresh"), "ir", persona_id),), back(words, "b", persona_id))


def _last_update(words: Words, health: Health | None, now: float) -> str:
    if health is None or health.last_update_at is None:
        return words.html("health.no_update")
    return words.html("health.last_update", ago=ago(words, now - health.last_update_at))


def _groups(words: Words, groups: Sequence[Chat]) -> str:
    if not groups:
        return words.html("health.no_groups")
    titles = "\n".join(
        words.html("health.group", title=shortened(each.title, SHOWN_TITLE)) for each in groups[:MOST_GROUPS]
    )
    more = len(groups) - MOST_GROUPS
    rest = "\n" + words.html("health.more_groups", count=more) if more > 0 else ""
    return f"{words.html('health.groups', count=len(groups))}\n{titles}{rest}"
