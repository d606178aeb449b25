"""Statistics of the owner's personas: sums, and the choice whose they are."""

from collections.abc import Mapping
from datetime import tzinfo

from maskarad.analytics.wording import owner_in_words
from maskarad.db.owned import OwnedTotals
from maskarad.manager.callbacks import button
from maskarad.manager.screens.parts import back, choice, page_of, pager
from maskarad.texts import Words
from maskarad.values import Account, Screen

PAGE_SIZE = 6
EVERYBODY = 0
"""In place of a persona's id: all of them together."""


def numbers(
    words: Words,
    account: Account,
    chosen: int,
    page: int,
    totals: OwnedTotals,
    by_persona: Mapping[int, int],
    zone: tzinfo,
) -> Screen:
    """`by_persona` are messages by the persona's id, shown where all are chosen."""
    names = {owned.persona.id: owned.persona.name for owned in account.owned}
    together = chosen == EVERYBODY
    title = words.get("analytics.all_personas") if together else names[chosen]
    counted = [(names[each], by_persona[each]) for each in names if together and each in by_persona]
    page, shown = page_of(account.owned, page, PAGE_SIZE)
    keyboard = (
        (button(words.get("button.picture"), "sp", chosen),),
        (choice(words.get("button.all_personas"), together, "s", EVERYBODY, page),),
        *(
            (choice(f"🎭 {each.persona.name}", each.persona.id == chosen, "s", each.persona.id, page),)
            for each in shown
        ),
        *pager(page, len(account.owned), PAGE_SIZE, "s", chosen),
        back(words, "m"),
    )
    return Screen(html=owner_in_words(words, title, totals, counted, zone), keyboard=keyboard)


def pictures(words: Words, account: Account, page: int) -> Screen:
    page, shown = page_of(account.owned, page, PAGE_SIZE)
    keyboard = (
        (button(words.get("button.all_personas"), "sp", EVERYBODY),),
        *((button(f"🎭 {each.persona.name}", "sp", each.persona.id),) for each in shown),
        *pager(page, len(account.owned), PAGE_SIZE, "sl"),
        back(words, "m"),
    )
    return Screen(html=words.html("analytics.choose_picture"), keyboard=keyboard)
