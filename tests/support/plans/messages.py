"""What a message asks of the database, from the door to the last part of its answer."""

from maskarad.db import hearing, history, links, outbox, personas, purses, turns, users
from tests.support.plans import calls
from tests.support.plans.calls import HOLDER, NEW_CHAT, PERSON
from tests.support.plans.crowd import BUSY, HELD, LONG
from tests.support.plans.hot import Hot
from tests.support.rows import NOW

INTAKE = (
    Hot(
        name="links.find",
        purpose="The link of a bot and a chat, when it is not in memory.",
        cheap="The chat's few links by index; in a private chat one, in a group one for each bot of ours in it.",
        run=lambda c: links.find(c, 1, 1_000_000),
    ),
    Hot(
        name="links.find_or_add",
        purpose="The first message of a chat makes its link.",
        cheap="One look by index, one row added; `_chat_bot_uc` settles it when two processes add at once.",
        run=lambda c: links.find_or_add(c, 1, NEW_CHAT, now=NOW),
    ),
    Hot(
        name="personas.get",
        purpose="The persona, when it is not in memory: whether a group message is for it, and who it is.",
        cheap="The persona's key.",
        run=lambda c: personas.get(c, 1),
    ),
    Hot(
        name="hearing.hear",
        purpose="A group message that the persona only listens to: two statements in one transaction.",
        cheap="The link's key, then one row added; `ix_context_chat_order` knows the same message when it comes again.",
        run=calls.listen,
    ),
    Hot(
        name="hearing.ask",
        purpose="A message to be answered: private, or to the persona in a group.",
        cheap="The link's key, then one row added.",
        run=lambda c: hearing.ask(c, LONG, calls.said(), due_at=NOW),
    ),
    Hot(
        name="hearing.hear, to be considered",
        purpose="A group message that might be for the persona.",
        cheap="The link's key, then one row added.",
        run=calls.consider,
    ),
    Hot(
        name="hearing.hear, to be answered",
        purpose="A group message that calls the persona, or that it takes to be for itself.",
        cheap="The link's key, then one row added.",
        run=calls.answer,
    ),
    Hot(
        name="hearing.hear, outbox.put: a remark",
        purpose="Somebody floods the chat: one short remark goes into the outbox, without the model.",
        cheap="The link's key; two rows are added.",
        run=calls.remark,
    ),
    Hot(
        name="hearing.hear, outbox.put: a reaction",
        purpose="A reaction instead of an answer goes into the outbox, without the model, and is counted.",
        cheap="The link's key; two rows are added.",
        run=calls.react,
    ),
    Hot(
        name="hearing.keep_own",
        purpose="What the persona said past its outbox.",
        cheap="The link's key, then one row added.",
        run=calls.keep_own,
    ),
    Hot(
        name="users.remember",
        purpose="The sender, when this process has not met that person lately, in the message's transaction.",
        cheap="Whoever had the username before, by index; one row by the user's key, added or brought up to date.",
        run=lambda c: users.remember(c, PERSON, language="en", now=NOW),
    ),
    Hot(
        name="history.edit",
        purpose="Somebody edited a message.",
        cheap="`ix_context_chat_order` leads to the one row.",
        run=lambda c: history.edit(c, LONG, calls.said(), edited_at=NOW),
    ),
)

TURN = (
    Hot(
        name="turns.claim",
        purpose="Takes a link and reads what the model is to see.",
        cheap="The link's key; then the newest forty lines from the index's end, already in order, so that the "
        "length of the history does not matter.",
        run=calls.claim(LONG),
    ),
    Hot(
        name="turns.claim, after much talk",
        purpose="The same where more was said since than a prompt holds: the unread lines are looked for.",
        cheap="The same index backwards, up to the first unread line: what was said since, not the history. Those "
        "found are sorted by their turn.",
        run=calls.claim(BUSY),
        may_scan=frozenset({"anon_1"}),
        may_sort=True,
    ),
    Hot(
        name="turns.hold, purses.reserve",
        purpose="What the model's answer may cost, from the purses of the user, the bot and its owner: all or none, "
        "and only while the claim holds: whoever is to pay may have been forgotten since.",
        cheap="The link's key, and three keys of purses.",
        run=calls.reserve,
    ),
    Hot(
        name="turns.finish",
        purpose="What the turn produced, in one transaction: cursor and mood, the outbox, the usage, and by how much "
        "its cost differs from what was reserved.",
        cheap="The link's key; then rows are added, and three are found by key.",
        run=calls.finish,
    ),
    Hot(
        name="purses.tell_chat",
        purpose="Where a purse is empty: whether this chat has heard of it.",
        cheap="A row is added, or not.",
        run=lambda c: purses.tell_chat(c, HELD, calls.SHARES[0].purse, now=NOW),
    ),
    Hot(
        name="purses.tell_owner",
        purpose="The same of the bot's owner.",
        cheap="One key.",
        run=lambda c: purses.tell_owner(c, calls.SHARES[1].purse, now=NOW),
    ),
    Hot(
        name="outbox.waiting",
        purpose="The outbox of a link that another process, or the one before, left unsent.",
        cheap="An index finds one link's unsent parts; only those are sorted.",
        run=lambda c: outbox.waiting(c, HELD),
        may_sort=True,
    ),
    Hot(
        name="turns.sent",
        purpose="A part became a message: out of the outbox, into the history, in one transaction.",
        cheap="The part's key, the link's key, one row added.",
        run=calls.sent,
    ),
    Hot(
        name="turns.renew",
        purpose="Every two seconds, while anything is being worked on: the claims of this process.",
        cheap="The links' keys.",
        run=lambda c: turns.renew(c, calls.HELD_CLAIMS, until=NOW + 8),
    ),
    Hot(
        name="turns.release",
        purpose="A turn is given back: this process is stopping.",
        cheap="The link's key.",
        run=lambda c: turns.release(c, HOLDER),
    ),
    Hot(
        name="turns.postpone",
        purpose="A turn or its delivery failed and is to be tried again later.",
        cheap="The link's key.",
        run=lambda c: turns.postpone(c, HOLDER, due_at=NOW + 1),
    ),
)
