"""Who somebody is here, and what they and their bots have used of what is allowed."""

from maskarad.analytics.figures import grouped
from maskarad.db.purses import Spent
from maskarad.db.spending import Spending
from maskarad.manager.screens.amounts import against, money, share, tokens
from maskarad.manager.screens.fixed import Fixed
from maskarad.purse.limits import Limits
from maskarad.texts import Words
from maskarad.values import Account, Bot, Screen

MOST_BOTS = 8


def profile(fixed: Fixed, account: Account, spending: Spending, limits: Limits, *, most_personas: int) -> Screen:
    words = fixed.words
    about = words.html(
        "profile.text",
        name=account.user.name,
        used=len(account.owned),
        limit=most_personas,
        language=words.get(f"language.{words.language}"),
    )
    given = f"{words.html('spend.given_today')}\n{against(words, spending.given, limits.user)}"
    own = _own(words, [each.bot for each in account.owned if each.bot is not None], spending, limits)
    return Screen(html="\n\n".join((about, given, *own)), keyboard=fixed.profile_keyboard)


def _own(words: Words, bots: list[Bot], spending: Spending, limits: Limits) -> tuple[str, ...]:
    """Nothing for somebody without bots."""
    if not bots:
        return ()
    found = [(each, spending.bots.get(each.id, Spent())) for each in bots]
    ranked = sorted(found, key=lambda each: -each[1].money)
    lines = [_line(words, bot, spent, limits) for bot, spent in ranked[:MOST_BOTS]]
    if more := len(ranked) - len(lines):
        lines.append(words.html("spend.more_bots", count=more))
    return (
        "\n".join((words.html("spend.bots_today"), *lines)),
        f"{words.html('spend.bots_month')}\n{against(words, spending.month, limits.owner)}",
    )


def _line(words: Words, bot: Bot, spent: Spent, limits: Limits) -> str:
    return words.html(
        "spend.bot",
        bot=bot.username,
        count=spent.messages,
        answers=grouped(spent.messages),
        tokens=tokens(words, spent.tokens),
        money=money(words, spent.money),
        share=share(spent, limits.bot),
    )
