"""What is asked of the database when a persona speaks unasked, as it asks it (`crowd`)."""

from typing import Any

from sqlalchemy import Connection

from maskarad.db import stirring
from maskarad.db.purses import Bill
from maskarad.db.stirring import Candidate
from maskarad.jobs.leases import LEASE
from maskarad.life.starter import LINES
from maskarad.values import (
    Chat,
    ChatType,
    ClaimedLink,
    Completion,
    Manners,
    PartDraft,
    PartKind,
    Purpose,
    Usage,
)
from tests.support.plans.calls import HOLDER, SHARES
from tests.support.plans.crowd import OWNER, STIRRED
from tests.support.rows import NOW

CANDIDATE = Candidate(
    link_id=STIRRED,
    bot_id=1,
    chat=Chat(id=1_000_000 + STIRRED, type=ChatType.PRIVATE),
    welcome=True,
    busy=False,
    stir_at=NOW - 1,
    last_message_at=0.0,
    spoke_at=0.0,
    stirred_at=0.0,
    stirs=0,
    stirs_day=0,
    ignored=0,
    liking=0.0,
    liking_at=0.0,
    manners=Manners(),
)
HELD_LINK = ClaimedLink(
    claim=HOLDER,
    bot_id=1,
    chat=Chat(id=1_000_003, type=ChatType.PRIVATE),
    asked=4,
    parts=0,
    failures=0,
    history=(),
)


def stir(connection: Connection) -> Any:
    return stirring.claim_to_stir(
        connection, CANDIDATE, "token", next_at=NOW + 1, still_since=NOW, lease=LEASE, history_lines=LINES, now=NOW
    )


def finish(connection: Connection) -> Any:
    completion = Completion(text="", model="a/model", prompt_tokens=500, completion_tokens=30, latency=0.8)
    paid = Usage(
        owner_id=OWNER,
        persona_id=1,
        bot_id=1,
        user_id=0,
        completion=completion,
        created_at=NOW,
        purpose=Purpose.SPONTANEOUS,
    )
    tea = PartDraft(kind=PartKind.TEXT, text="tea?", silent=True)
    return stirring.finish(connection, HELD_LINK, [tea], Bill(differences=SHARES, usage=paid), day=1, now=NOW)
