"""Money, tokens and bytes as people read them, and what was spent against its limits."""

from maskarad.analytics.figures import grouped
from maskarad.db.purses import NO_LIMIT, Most, Spent
from maskarad.purse.limits import MILLIONTHS
from maskarad.texts import Words

CENT = MILLIONTHS // 100
_TOKENS = ((1_000_000, "millions"), (1_000, "thousands"))
_BYTES = ((2**30, "gigabytes"), (2**20, "megabytes"))


def money(words: Words, millionths: int) -> str:
    """To the cent; less than one is said so."""
    if 0 < millionths < CENT:
        return words.get("spend.below_a_cent", money=_dollars(words, CENT))
    return _dollars(words, millionths)


def _dollars(words: Words, millionths: int) -> str:
    return words.get("spend.dollars", amount=_decimal(words, f"{millionths / MILLIONTHS:.2f}"))


def tokens(words: Words, count: int) -> str:
    """In millions or thousands, where they are so many."""
    return _scaled(words, count, _TOKENS) or grouped(count)


def size(words: Words, count: int) -> str:
    return _scaled(words, count, _BYTES) or words.get("spend.kilobytes", amount=grouped(max(count // 1024, 1)))


def _scaled(words: Words, count: int, units: tuple[tuple[int, str], ...]) -> str:
    for unit, name in units:
        if count >= unit:
            amount = f"{count / unit:.1f}".removesuffix(".0") if count < 100 * unit else grouped(round(count / unit))
            return words.get(f"spend.{name}", amount=_decimal(words, amount))
    return ""


def _decimal(words: Words, number: str) -> str:
    return number.replace(".", words.get("spend.decimal"))


def against(words: Words, spent: Spent, most: Most) -> str:
    """Telegram HTML, three lines: answers, tokens and money, each against its limit where it has one."""
    pairs = (
        ("spend.answers", grouped(spent.messages), grouped(most.messages), most.messages),
        ("spend.tokens", tokens(words, spent.tokens), tokens(words, most.tokens), most.tokens),
        ("spend.money", money(words, spent.money), money(words, most.money), most.money),
    )
    return "\n".join(
        words.html(key, amount=words.get("spend.of", spent=have, most=limit) if bound < NO_LIMIT else have)
        for key, have, limit, bound in pairs
    )


def share(spent: Spent, most: Most) -> int:
    """How full the fullest of a purse's three limits is, in percent; 0 where there is none."""
    pairs = ((spent.messages, most.messages), (spent.tokens, most.tokens), (spent.money, most.money))
    return max(100 * have // limit for have, limit in pairs)
