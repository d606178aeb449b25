"""Who is meant by a group message, judged from the message alone."""

import pytest

from maskarad.intake.access import may_talk
from maskarad.intake.attention import Verdict, judge
from maskarad.intake.names import Names
from maskarad.values import Access, Bot, BotState, Chat, ChatType, GroupReply, Incoming, Sender
from tests.support.people import ALICE, BOB, CHARLIE

GROUP = Chat(id=-1001, type=ChatType.SUPERGROUP, title="Tea")
CONTEXTUAL = GroupReply.MENTIONED_OR_CONTEXTUAL


def bot(access: Access = Access.PUBLIC, whitelist: frozenset[int] = frozenset()) -> Bot:
    return Bot(
        id=1,
        persona_id=1,
        owner_id=ALICE.id,
        telegram_id=77,
        username="Ustym_bot",
        name="Устим",
        access=access,
        enabled=True,
        state=BotState.WORKING,
        sees_all_group_messages=True,
        whitelist=whitelist,
    )


def said(text: str, **more: object) -> Incoming:
    fields: dict[str, object] = {
        "bot_id": 1,
        "update_id": 1,
        "chat": GROUP,
        "message_id": 5,
        "sender": BOB,
        "text": text,
        "sent_at": 0.0,
    }
    return Incoming(**(fields | more))  # type: ignore[arg-type]


def verdict(message: Incoming, policy: GroupReply = CONTEXTUAL) -> Verdict:
    return judge(message, bot(), policy, Names("Устим"))


@pytest.mark.parametrize(
    "message",
    [
        said("Устиме, ходи сюди"),
        said("ну що там", mentions=frozenset({"ustym_bot"})),
        said("ну що там", mentioned_ids=frozenset({77})),
        said("і я", reply_to_user_id=77),
        said("it is nice", chat=Chat(id=1002, type=ChatType.PRIVATE)),
    ],
)
@pytest.mark.parametrize("policy", [GroupReply.MENTIONED_ONLY, CONTEXTUAL, GroupReply.ALWAYS])
def test_what_is_addressed_is_answered(message: Incoming, policy: GroupReply) -> None:
    assert verdict(message, policy) is Verdict.ANSWER


@pytest.mark.parametrize(
    "message",
    [
        said("а ти як гадаєш?", reply_to_user_id=1001),
        said("@alice, ти йдеш завтра?", mentions=frozenset({"alice"})),
        said("ок"),
        said("[photo]", has_text=False),
        said("Чому небо синє?", forwarded_from=CHARLIE),
        said("Устиме, я теж бот", sender=Sender(id=88, name="Other", is_bot=True)),
    ],
)
def test_what_is_between_others_is_only_heard(message: Incoming) -> None:
    assert verdict(message) is Verdict.LISTEN


def test_questions_and_remarks_to_nobody_are_told_apart() -> None:
    assert verdict(said("хто сьогодні варить каву")) is Verdict.CONSIDER_QUESTION
    assert verdict(said("we need more coffee, right? 🙂")) is Verdict.CONSIDER_QUESTION
    assert verdict(said("кава вже майже скінчилась")) is Verdict.CONSIDER_FOLLOW_UP
    assert verdict(said("кава вже майже скінчилась"), GroupReply.MENTIONED_ONLY) is Verdict.LISTEN


def test_never_means_never_even_when_called() -> None:
    assert verdict(said("Устиме!"), GroupReply.NEVER) is Verdict.LISTEN


@pytest.mark.parametrize(
    ("access", "alice", "bob", "charlie"),
    [
        (Access.PUBLIC, True, True, True),
        (Access.WHITELIST, True, True, False),
        (Access.OWNER_ONLY, True, False, False),
    ],
)
def test_who_may_talk(access: Access, alice: bool, bob: bool, charlie: bool) -> None:
    guarded = bot(access, frozenset({BOB.id}))
    assert [may_talk(guarded, person) for person in (ALICE, BOB, CHARLIE)] == [alice, bob, charlie]
