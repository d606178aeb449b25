"""What a press of a button, and a command to a persona bot, asks of the database."""

from maskarad.db import bots, decisions, links, seen, spending, users, wizards
from maskarad.values import MANAGER_BOT_ID, Chattiness, Manners
from tests.support.plans import calls
from tests.support.plans.crowd import LONG, OWNER
from tests.support.plans.hot import Hot
from tests.support.rows import NOW

PRESS = (
    Hot(
        name="users.load_account",
        purpose="The one read of a cold press: a user with personas and bots. Kept in memory afterwards.",
        cheap="One key, then one entry a persona in the index of each joined table; a user's personas are limited.",
        run=lambda c: users.load_account(c, OWNER),
        may_sort=True,
    ),
    Hot(
        name="spending.of_person",
        purpose="The profile's look into a person's purses and their bots'. Kept in memory for ten seconds.",
        cheap="Each purse is found by its key: two of the person's, one of each bot; those are limited.",
        run=lambda c: spending.of_person(c, OWNER, day=20_000, month=600),
    ),
    Hot(
        name="bots.whitelist",
        purpose="Whom a bot's owner has let in, for the list screen; kept in memory for ten seconds.",
        cheap="The first column of the key finds one bot's rows; only those are sorted.",
        run=lambda c: bots.whitelist(c, 1),
        may_sort=True,
    ),
    Hot(
        name="bots.groups",
        purpose="The groups that a bot is in, for its health card; kept in memory for ten seconds.",
        cheap="The index finds one bot's active links. Its private chats are among them: a bot with many thousands "
        "of these pays for each, once in ten seconds at most, while its owner looks at this card.",
        run=lambda c: bots.groups(c, 1),
        may_sort=True,
    ),
    Hot(
        name="decisions.latest",
        purpose="Why a bot answered in its groups, or did not: the last ten decisions.",
        cheap="The bot's links by index, as above; of its groups the ten that people wrote in last are taken, for none "
        "of the decisions shown can be of another. Of each the decisions of a day, by `ix_context_decision`: these are "
        "sorted.",
        run=lambda c: decisions.latest(c, 1, since=NOW - decisions.KEPT),
        may_scan=frozenset({"anon_1"}),
        may_sort=True,
    ),
    Hot(
        name="wizards.load",
        purpose="What a person is being asked, read when that person writes to the manager bot.",
        cheap="The whole key.",
        run=lambda c: wizards.load(c, MANAGER_BOT_ID, OWNER),
    ),
    Hot(
        name="wizards.load_for_change",
        purpose="The same at the start of a step; on PostgreSQL another process waits for the step to end.",
        cheap="The whole key.",
        run=lambda c: wizards.load_for_change(c, MANAGER_BOT_ID, OWNER),
    ),
    Hot(
        name="wizards.save",
        purpose="Where the person stands now.",
        cheap="One row by the whole key, added or replaced.",
        run=lambda c: wizards.save(c, MANAGER_BOT_ID, OWNER, "{}", now=NOW),
    ),
    Hot(
        name="wizards.clear",
        purpose="The wizard is over.",
        cheap="The whole key.",
        run=lambda c: wizards.clear(c, MANAGER_BOT_ID, OWNER),
    ),
    Hot(
        name="seen.is_seen",
        purpose="Whether a command was acted on before.",
        cheap="The whole key.",
        run=lambda c: seen.is_seen(c, 1, 10**6),
    ),
    Hot(
        name="seen.once",
        purpose="Marks an update that is not a message as handled, in the transaction that acts on it.",
        cheap="One row is added; the key itself refuses the same update a second time.",
        run=lambda c: seen.once(c, 1, 10**6, now=NOW),
    ),
    Hot(
        name="personas.get_for_change, personas.change",
        purpose="A button or an answer that changes a persona.",
        cheap="The persona's key; the owner is compared on the one row found.",
        run=calls.change_persona,
    ),
    Hot(
        name="bots.token_of_own, bots.set_access",
        purpose="A button that changes a bot: is it the presser's own, then the change.",
        cheap="The bot's key, then its persona's.",
        run=calls.change_bot,
    ),
    Hot(
        name="bots.set_enabled",
        purpose="Switches a bot on or off.",
        cheap="The bot's key.",
        run=lambda c: bots.set_enabled(c, 1, True, now=NOW),
    ),
    Hot(
        name="users.set_language",
        purpose="A language is chosen.",
        cheap="The user's key.",
        run=lambda c: users.set_language(c, OWNER, "uk"),
    ),
)

COMMAND = (
    Hot(
        name="links.set_muted",
        purpose="/mute and /unmute.",
        cheap="The link's key.",
        run=lambda c: links.set_muted(c, LONG, True),
    ),
    Hot(
        name="links.mood",
        purpose="/mood, and /stats beside it: the mood as it was last changed.",
        cheap="The link's key.",
        run=lambda c: links.mood(c, LONG),
    ),
    Hot(
        name="links.set_mood",
        purpose="A mood is chosen under /mood.",
        cheap="The link's key.",
        run=lambda c: links.set_mood(c, LONG, "happy", held_until=NOW, now=NOW),
    ),
    Hot(
        name="links.manners",
        purpose="/chattiness: what a group's administrators have chosen.",
        cheap="The link's key.",
        run=lambda c: links.manners(c, LONG),
    ),
    Hot(
        name="links.set_manners",
        purpose="A button under /chattiness.",
        cheap="The link's key.",
        run=lambda c: links.set_manners(c, LONG, Manners(chattiness=Chattiness.QUIET)),
    ),
    Hot(
        name="links.forget",
        purpose="/reset: outbox, state and history of one link, and all that was made of it.",
        cheap="Each by its index, and all rows found are to go: the work is that of the history erased. Only what "
        "people wish is looked for among all that one persona was told.",
        run=lambda c: links.forget(c, LONG, now=NOW),
    ),
)
