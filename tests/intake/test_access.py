"""Who may talk to a bot."""

import msgspec
import pytest

from maskarad.intake.access import may_talk
from maskarad.values import Access
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.remarks import USTYM


@pytest.mark.parametrize(
    ("access", "alice", "bob", "charlie"),
    [
        (Access.PUBLIC, True, True, True),
        (Access.WHITELIST, True, True, False),
        (Access.OWNER_ONLY, True, False, False),
    ],
)
def test_who_may_talk(access: Access, alice: bool, bob: bool, charlie: bool) -> None:
    guarded = msgspec.structs.replace(USTYM, access=access, whitelist=frozenset({BOB.id}))
    assert [may_talk(guarded, person) for person in (ALICE, BOB, CHARLIE)] == [alice, bob, charlie]
