"""The health card, as this process knows the bot, and asked anew from Telegram."""

from maskarad.db import Connection, bots
from maskarad.errors import TelegramError, TokenInvalid, WrongSecretKey
from maskarad.manager.callbacks import number
from maskarad.manager.desk import Desk, Outcome, Visit
from maskarad.manager.screens.health import health_card
from maskarad.values import Bot, BotProfile, BotState, Screen


async def show(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    _, bot = visit.owned_bot(number(persona_id))
    return Outcome(screen=await _screen(desk, visit, bot))


async def refresh(desk: Desk, visit: Visit, persona_id: str) -> Outcome:
    """Ask Telegram whose token it is. What it says is stored: a name, the privacy mode, a token that came to life
    again or died."""
    _, bot = visit.owned_bot(number(persona_id))
    desk.groups.drop(bot.id)
    sealed = await desk.db.read(lambda c: bots.token_of_own(c, visit.user.id, bot.id))
    problem = ""
    try:
        profile = await desk.sender.get_me(desk.vault.open(sealed))
        await _note_profile(desk, visit, bot, profile)
    except TokenInvalid:
        await _note_invalid(desk, visit, bot)
    except WrongSecretKey:
        problem = visit.words.html("health.unreadable")
    except TelegramError:
        problem = visit.words.html("health.unreachable")
    _, fresh = (await desk.again(visit)).owned_bot(bot.persona_id)
    return Outcome(screen=await _screen(desk, visit, fresh, first=problem))


async def _note_profile(desk: Desk, visit: Visit, bot: Bot, profile: BotProfile) -> None:
    known = BotProfile(
        telegram_id=bot.telegram_id,
        name=bot.name,
        username=bot.username,
        sees_all_group_messages=bot.sees_all_group_messages,
    )
    if profile == known and bot.state is BotState.WORKING:
        return

    def write(connection: Connection) -> None:
        # As it is stored by now: Telegram takes seconds, in which it may be sealed with another key, or be another one.
        sealed = bots.token_of_own(connection, visit.user.id, bot.id)
        bots.bind(
            connection,
            bot.persona_id,
            profile,
            token=sealed,
            webhook=desk.new_webhook(),
            access=bot.access,
            now=desk.clock(),
        )

    await desk.db.write(write)
    desk.bot_changed(visit.user.id, bot.id)


async def _note_invalid(desk: Desk, visit: Visit, bot: Bot) -> None:
    def write(connection: Connection) -> bool:
        bots.token_of_own(connection, visit.user.id, bot.id)
        return bots.mark_invalid(connection, bot.id, version=bot.version, now=desk.clock())

    if await desk.db.write(write):
        desk.bot_changed(visit.user.id, bot.id)


async def _screen(desk: Desk, visit: Visit, bot: Bot, *, first: str = "") -> Screen:
    groups = await desk.groups.get(bot.id)
    return health_card(visit.words, bot, desk.bot_health(bot.id), groups, desk.clock(), first=first)
