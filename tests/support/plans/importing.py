"""What an import asks of the database for each batch of an export's messages."""

from typing import Any

from sqlalchemy import Connection

from maskarad.db import imports
from maskarad.db.imports import Counted, Row
from tests.support.plans.crowd import LONG, OWNER
from tests.support.plans.hot import Hot
from tests.support.rows import NOW

SOURCE = "export-0"
"""Of the long link."""
ORDER = 10**6
LINE = Row(
    chat_bot_instance_id=LONG,
    message_order=ORDER,
    chat_id=1_000_000 + LONG,
    user_id=OWNER,
    user_name="Bob",
    from_persona=False,
    text="hello",
    timestamp=NOW,
    reply_to=None,
    forwarded_from=None,
    edited_at=None,
    html=None,
    media=None,
)


def take_batch(connection: Connection) -> Any:
    imports.hold(connection, LONG, erasures=0)
    assert not imports.state(connection, LONG, SOURCE).finished
    assert imports.known(connection, LONG, [1, ORDER]) == {1}
    imports.told(connection, LONG, [NOW])
    imports.add(connection, [LINE])
    imports.count(connection, LONG, Counted(messages=1, own_messages=0, first_at=NOW, last_heard_at=NOW))
    imports.note(connection, LONG, SOURCE, read=1, added=1, skipped=0)


IMPORTING = (
    Hot(
        name="imports: a batch",
        purpose="In one transaction: is the chat as it was, how far has this import come, which messages are there "
        "already, by their numbers and (where a group became a supergroup) by their moments; then the new ones, the "
        "counters, and how far it has come now. Days and people are learned as live lines are; `history.reopen` has "
        "the words indexed.",
        cheap="The link's key and the import's. Of a batch's numbers each is looked up by `ix_context_chat_order`, of "
        "its moments each by the index of times: the history is not read.",
        run=take_batch,
    ),
)
