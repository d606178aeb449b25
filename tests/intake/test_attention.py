"""What becomes of a group message: from the message and what the link knows, without a database."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskarad.db.hearing import CONSIDERED_WINDOW
from maskarad.intake.flood import Floods
from maskarad.intake.judging import Certain, Judging
from maskarad.life.reactions import Reactions
from maskarad.memory.analyzer import analyze
from maskarad.values import (
    Character,
    Chat,
    Chattiness,
    ChatType,
    Decision,
    GroupReply,
    Incoming,
    LinkState,
    Manners,
    MoodState,
    PartKind,
    Persona,
    PersonaDraft,
    Sender,
    Verdict,
)
from tests.support.people import ALICE, BOB, CHARLIE
from tests.support.remarks import USTYM, known, said
from tests.support.rows import NOW

ANSWER, CONSIDER, LISTEN = Verdict.ANSWER, Verdict.CONSIDER, Verdict.LISTEN
CONTEXTUAL = GroupReply.MENTIONED_OR_CONTEXTUAL
OTHER_BOT = Sender(id=88, name="Other", is_bot=True)
JUST_SPOKE = known(spoke_at=NOW - 5, recent_own=0b10)
LIKES = "чай, пісні біля вогню"
QUESTION = said("Хтось бачив мої ключі?")
PARTNER = known(spoke_at=NOW - 5, recent_own=0b10, spoke_to=BOB.id)
"""Bob has just been answered."""


class Mind:
    """A persona who likes tea and songs, and judges what it hears; `analysed` are the messages it looked at closely."""

    def __init__(self, policy: GroupReply = CONTEXTUAL, **more: Any) -> None:
        self.analysed: list[str] = []
        draft = PersonaDraft(
            name="Устим",
            description="Старий мольфар з Карпат.",
            language="uk",
            group_reply=policy,
            character=Character(likes=LIKES, biography="Пас овець на полонині."),
        )
        persona = Persona(id=1, owner_id=ALICE.id, version=1, content=draft)

        async def find(_persona_id: int) -> Persona:
            return persona

        given: dict[str, Any] = {
            "persona": find,
            "analyse": self._analyse,
            "floods": Floods(most=8, seconds=30.0, clock=lambda: NOW),
            "flood_remark": lambda language: f"slower ({language})",
            "answer_within": 600.0,
            "mood_half_life": 1800.0,
            "time_zone": "UTC",
        }
        self.judging = Judging(**(given | more))

    def _analyse(self, text: str) -> Any:
        if text not in LIKES:
            self.analysed.append(text)
        return analyze(text)

    async def hears(self, message: Incoming, state: LinkState | None = None, *, now: float = NOW) -> Decision:
        judged = await self.judging.judge(USTYM, message, now)
        if isinstance(judged, Certain):
            return judged.decision or Decision(verdict=ANSWER, reason="private")
        decision = judged(known() if state is None else state)
        assert isinstance(decision, Decision)
        return decision


def dialled(chattiness: Chattiness | None, **more: Any) -> LinkState:
    return known(manners=Manners(chattiness=chattiness), **more)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (said("Устиме, ходи сюди"), "named"),
        (said("ну що там", mentions=frozenset({"ustym_bot"})), "mentioned"),
        (said("ну що там", mentioned_ids=frozenset({77})), "mentioned"),
        (said("і я", reply_to_user_id=77), "replied"),
    ],
)
@pytest.mark.parametrize("policy", [GroupReply.MENTIONED_ONLY, CONTEXTUAL, GroupReply.ALWAYS])
async def test_who_calls_it_is_answered_and_it_knows_how_it_was_called(
    message: Incoming, reason: str, policy: GroupReply
) -> None:
    mind = Mind(policy)
    decision = await mind.hears(message)
    assert (decision.verdict, decision.reason) == (ANSWER, reason)
    assert mind.analysed == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (said("а ти як гадаєш?", reply_to_user_id=1001), "between_others"),
        (said("@alice, ти йдеш завтра?", mentions=frozenset({"alice"})), "between_others"),
        (said("/start@alice_bot", command="start", command_for="alice_bot"), "between_others"),
        (said("ок"), "wordless"),
        (said("[photo]", has_text=False), "wordless"),
        (said("Чому небо синє?", forwarded_from=CHARLIE), "wordless"),
        (said("кава вже майже скінчилась"), "unconvinced"),
    ],
)
async def test_what_is_between_others_is_only_heard_and_never_analysed(message: Incoming, reason: str) -> None:
    mind = Mind()
    decision = await mind.hears(message)
    assert (decision.verdict, decision.reason) == (LISTEN, reason)
    assert mind.analysed == []


async def test_a_question_to_all_is_for_the_model_to_judge() -> None:
    mind = Mind()
    decision = await mind.hears(QUESTION)
    assert (decision.verdict, decision.reason) == (CONSIDER, "perhaps")
    assert decision.score is not None
    assert decision.threshold is not None
    assert abs(decision.score - decision.threshold) <= 0.2
    assert mind.analysed == [QUESTION.text]


async def test_a_question_to_all_about_what_it_likes_is_answered_and_the_word_is_kept() -> None:
    decision = await Mind().hears(said("Хтось знає, де купити доброго чаю?"))
    assert (decision.verdict, decision.reason) == (ANSWER, "joins_in")
    assert decision.features["interest:чай"] == 1.0


async def test_a_topic_it_likes_counts_where_none_of_its_words_is_said() -> None:
    decision = await Mind().hears(said("хто сьогодні слухав новий альбом?"))
    assert decision.features["topic:music"] == 1.0


async def test_what_merely_belongs_to_its_life_counts_half_and_only_where_two_words_do() -> None:
    decision = await Mind().hears(said("Хтось бачив овець на полонині?"))
    assert decision.features["interest:овець"] == 0.5
    one = await Mind().hears(said("Хтось бував на полонині?"))
    assert not any(name.startswith("interest") for name in one.features)


@pytest.mark.parametrize("text", ["Кто забил?", "Який рахунок?", "Скинеш посилання?", "where do you get it?"])
async def test_a_plain_question_between_others_is_left_to_them(text: str) -> None:
    assert (await Mind().hears(said(text))).verdict is LISTEN
    assert (await Mind().hears(said(text, sender=CHARLIE), PARTNER)).verdict is LISTEN


@pytest.mark.parametrize(
    "text", ["Як на мене, чай кращий", "как по мне, нормально", "Як завжди, дощить", "What a day", "Как обычно, пробки"]
)
async def test_what_begins_like_a_question_need_not_be_one(text: str) -> None:
    decision = await Mind().hears(said(text))
    assert "question" not in decision.features


@pytest.mark.parametrize("text", ["як це зветься", "where is it", "Як на мене глянув, бачили?", "що далі"])
async def test_a_question_is_one_without_its_mark_too(text: str) -> None:
    assert (await Mind().hears(said(text))).features["question"] == 0.4


@pytest.mark.parametrize("text", ["Женя, ти де?", "Тарас, where are you?", "женя, ти вже купив квитки?"])
async def test_who_calls_somebody_else_by_name_does_not_ask_everybody(text: str) -> None:
    for state in (known(), PARTNER):
        decision = await Mind().hears(said(text), state)
        assert (decision.verdict, decision.reason) == (LISTEN, "between_others")


async def test_a_remark_right_after_its_own_words_is_perhaps_an_answer_to_them() -> None:
    assert (await Mind().hears(said("кава вже майже скінчилась"), JUST_SPOKE)).verdict is CONSIDER
    assert (await Mind().hears(said("а яка саме?"), JUST_SPOKE)).verdict is CONSIDER


@pytest.mark.parametrize("text", ["А чому саме так?", "Цікаво. А далі?", "а почему именно так?", "And without honey?"])
async def test_the_one_it_has_just_answered_goes_on_and_others_hardly(text: str) -> None:
    decision = await Mind().hears(said(text), PARTNER)
    assert (decision.verdict, decision.reason) == (ANSWER, "joins_in")
    assert "just_spoke" not in decision.features
    assert (await Mind().hears(said(text, sender=CHARLIE), PARTNER)).verdict is LISTEN
    assert (await Mind().hears(said("сніг уже майже розтанув"), PARTNER)).verdict is CONSIDER


async def test_the_one_it_talks_with_need_not_wait_and_the_last_of_the_share_is_theirs() -> None:
    text = "А чому саме так?"
    had = {"pondered_at": NOW - 5, "recent_considered": 0b110, "spoke_at": NOW - 5, "recent_own": 0b10}
    assert (await Mind().hears(said(text), known(**had, spoke_to=BOB.id))).verdict is ANSWER
    assert (await Mind().hears(QUESTION, known(recent_considered=0b110))).reason == "often_enough"
    assert (await Mind().hears(QUESTION, known(**had, spoke_to=BOB.id))).reason == "considered_lately"
    later = known(**(had | {"spoke_at": NOW - 121}), spoke_to=BOB.id)
    assert (await Mind().hears(QUESTION, later)).reason == "considered_lately"
    full = known(**(had | {"recent_considered": 0b1110}), spoke_to=BOB.id)
    assert (await Mind().hears(said(text), full)).reason == "often_enough"


@pytest.mark.parametrize("text", ["дякую!", "спасибо большое", "ахахах", "okay, cool"])
async def test_what_closes_a_talk_is_not_taken_up(text: str) -> None:
    assert (await Mind().hears(said(text), PARTNER)).reason == "wordless"


async def test_spoken_of_it_need_not_wait() -> None:
    text = "Без Устима тут нудно"
    assert (await Mind().hears(said(text), known(pondered_at=NOW - 5, recent_considered=0b110))).verdict is CONSIDER
    assert (await Mind().hears(said(text), known(recent_considered=0b1110))).reason == "often_enough"


@pytest.mark.parametrize("text", ["Без Устима тут нудно", "вчора Устима довели питаннями", "I like Устим's stories"])
async def test_spoken_of_and_not_called_it_considers(text: str) -> None:
    for policy in (CONTEXTUAL, GroupReply.MENTIONED_ONLY):
        decision = await Mind(policy).hears(said(text))
        assert (decision.verdict, decision.features["spoken_of"]) == (CONSIDER, 1.0)
    assert (await Mind().hears(said(text, reply_to_user_id=CHARLIE.id))).verdict is CONSIDER
    assert (await Mind().hears(said(text), dialled(Chattiness.QUIET))).verdict is LISTEN
    assert (await Mind(GroupReply.ALWAYS).hears(said(text))).verdict is ANSWER
    assert (await Mind().hears(said(text, sender=OTHER_BOT))).reason == "other_bot"
    assert (await Mind().hears(said(text, reply_to_user_id=77))).reason == "replied"
    assert (await Mind().hears(said(text, mentions=frozenset({"ustym_bot"})))).reason == "mentioned"


@pytest.mark.parametrize(
    "later", [known(spoke_at=NOW - 200, recent_own=0b10), known(spoke_at=NOW - 20, recent_own=0b10000)]
)
async def test_later_or_after_others_have_spoken_it_is_not(later: LinkState) -> None:
    assert (await Mind().hears(said("кава вже майже скінчилась"), later)).verdict is LISTEN


async def test_a_reply_to_somebody_who_talks_with_it_may_be_for_it() -> None:
    reply = said("я теж так думаю, до речі", reply_to_user_id=CHARLIE.id, reply_to_message_id=3)
    assert (await Mind().hears(reply)).verdict is LISTEN
    decision = await Mind().hears(reply, known(replies_to_asker=True))
    assert (decision.verdict, decision.features["chain"]) == (CONSIDER, 1.0)


@pytest.mark.parametrize(
    "against",
    [
        known(spoke_at=NOW - 5, recent_own=0b101010101010),
        known(recent_own=0b10101010101010101010),
        known(liking=-1.0, liking_at=NOW, mood=MoodState(key="sadness", strength=1.0, set_at=NOW)),
    ],
    ids=["it has just spoken, and often", "it has said half of it", "nobody likes it and it is sad"],
)
async def test_a_question_it_might_have_taken_up_is_left_to_others(against: LinkState) -> None:
    assert (await Mind().hears(QUESTION, against)).verdict is LISTEN


ABOUT_TEA = said("Хтось знає, де купити доброго чаю?")
NIGHT: dict[str, Any] = {"time_zone": "Europe/Kyiv", "quiet_from": 0, "quiet_until": 23}


@pytest.mark.parametrize("message", [ABOUT_TEA, said("кава вже майже скінчилась"), said("Без Устима тут нудно")])
@pytest.mark.parametrize("policy", [GroupReply.MENTIONED_ONLY, CONTEXTUAL, GroupReply.ALWAYS])
@pytest.mark.parametrize("dial", [None, Chattiness.CHATTY])
async def test_in_quiet_hours_it_speaks_only_when_it_is_called(
    policy: GroupReply, dial: Chattiness | None, message: Incoming
) -> None:
    night = known(manners=Manners(chattiness=dial, **NIGHT), spoke_at=NOW - 5, recent_own=0b10, spoke_to=BOB.id)
    mind = Mind(policy)
    decision = await mind.hears(message, night)
    assert (decision.verdict, decision.reason) == (LISTEN, "quiet_hours")
    assert mind.analysed == []
    assert (await mind.hears(said("Устиме, ходи сюди"), night)).verdict is ANSWER


async def test_what_it_likes_is_compiled_before_the_transaction_and_only_where_it_is_looked_for() -> None:
    looked_at: list[str] = []

    def analyse(text: str) -> Any:
        looked_at.append(text)
        return analyze(text)

    for policy in (GroupReply.NEVER, GroupReply.MENTIONED_ONLY, GroupReply.ALWAYS):
        await Mind(policy, analyse=analyse).judging.judge(USTYM, ABOUT_TEA, NOW)
    assert looked_at == []
    mind = Mind(analyse=analyse)
    judged = await mind.judging.judge(USTYM, ABOUT_TEA, NOW)
    assert looked_at == ["чай", " пісні біля вогню"]
    assert not isinstance(judged, Certain)
    decision = judged(known())
    assert isinstance(decision, Decision)
    assert decision.verdict is ANSWER
    assert set(looked_at) <= {"чай", " пісні біля вогню", ABOUT_TEA.text}


async def test_a_glad_persona_that_people_like_takes_up_more() -> None:
    remark = said("сьогодні заварила нового чаю")
    assert (await Mind().hears(remark)).verdict is LISTEN
    glad = known(liking=1.0, liking_at=NOW, mood=MoodState(key="joy", strength=1.0, set_at=NOW))
    assert (await Mind().hears(remark, glad)).verdict is CONSIDER


async def test_spam_is_not_answered_unless_it_calls_the_persona() -> None:
    spam = "🔥🔥🔥 ЗАРОБІТОК БЕЗ ВКЛАДЕНЬ!!! Пиши мені https://t.me/xxx http://bit.ly/aaa ЗАРОБІТОК БЕЗ ВКЛАДЕНЬ?"
    assert analyze(spam).spam >= 0.6
    for policy in (CONTEXTUAL, GroupReply.ALWAYS):
        decision = await Mind(policy).hears(said(spam))
        assert (decision.verdict, decision.reason) == (LISTEN, "spam")
    assert (await Mind().hears(said(f"Устиме! {spam}"))).verdict is ANSWER


@pytest.mark.parametrize(
    ("dial", "called", "question"),
    [
        (None, ANSWER, CONSIDER),
        (Chattiness.SILENT, LISTEN, LISTEN),
        (Chattiness.QUIET, ANSWER, LISTEN),
        (Chattiness.NORMAL, ANSWER, CONSIDER),
        (Chattiness.CHATTY, ANSWER, ANSWER),
    ],
)
async def test_the_dial_goes_from_silent_to_chatty(dial: Chattiness | None, called: Verdict, question: Verdict) -> None:
    # A mention goes by the statement that asks; that one keeps a silenced group silent itself (db/test_hearing.py).
    if dial is not Chattiness.SILENT:
        assert (await Mind().hears(said("Устиме!"), dialled(dial))).verdict is called
    assert (await Mind().hears(said("does anybody know why?"), dialled(dial))).verdict is question


async def test_chatty_it_takes_up_what_it_would_have_let_go() -> None:
    remark = said("сьогодні заварила нового чаю")
    assert (await Mind().hears(remark, dialled(Chattiness.NORMAL))).verdict is LISTEN
    assert (await Mind().hears(remark, dialled(Chattiness.CHATTY))).verdict is CONSIDER


@pytest.mark.parametrize(
    ("policy", "reason"), [(GroupReply.NEVER, "never"), (GroupReply.MENTIONED_ONLY, "only_called")]
)
async def test_chatty_does_not_make_it_say_what_its_owner_does_not_want(policy: GroupReply, reason: str) -> None:
    decision = await Mind(policy).hears(QUESTION, dialled(Chattiness.CHATTY))
    assert (decision.verdict, decision.reason) == (LISTEN, reason)


async def test_never_means_never_even_when_called() -> None:
    assert (await Mind(GroupReply.NEVER).hears(said("Устиме!"))).verdict is LISTEN


async def test_always_obeys_the_dial() -> None:
    mind = Mind(GroupReply.ALWAYS)
    remark = said("кава вже майже скінчилась")
    assert (await mind.hears(remark)).verdict is ANSWER
    assert (await mind.hears(remark, dialled(Chattiness.SILENT))).reason == "silent"
    assert (await mind.hears(remark, dialled(Chattiness.QUIET))).reason == "quiet_dial"


@pytest.mark.parametrize("policy", [CONTEXTUAL, GroupReply.ALWAYS])
async def test_another_bot_is_answered_twice_in_a_row_and_only_when_it_calls(policy: GroupReply) -> None:
    mind = Mind(policy)
    call = said("Устиме, я теж бот", sender=OTHER_BOT)
    assert [(await mind.hears(call, known(bot_exchanges=had))).verdict for had in (0, 1, 2)] == [ANSWER, ANSWER, LISTEN]
    alone = said("я теж бот", sender=OTHER_BOT, chat=Chat(id=88, type=ChatType.PRIVATE))
    assert (await mind.hears(alone, known(bot_exchanges=2))).verdict is LISTEN
    decision = await mind.hears(said("хто взяв мої ключі?", sender=OTHER_BOT))
    assert (decision.verdict, decision.reason) == (LISTEN, "other_bot")


@pytest.mark.parametrize("chat", [said("").chat, Chat(id=1002, type=ChatType.PRIVATE)], ids=["group", "private"])
async def test_what_comes_ten_minutes_late_is_not_answered(chat: Chat) -> None:
    mind = Mind(GroupReply.ALWAYS)
    decision = await mind.hears(said("Устиме, ти де?", chat=chat), now=NOW + 601)
    assert (decision.verdict, decision.reason) == (LISTEN, "old")
    assert (await mind.hears(said("Устиме, ти де?", chat=chat), now=NOW + 599)).verdict is ANSWER


async def test_what_was_thought_of_lately_is_not_thought_of_again() -> None:
    mind = Mind()
    decision = await mind.hears(QUESTION, known(pondered_at=NOW - 44))
    assert (decision.verdict, decision.reason, mind.analysed) == (LISTEN, "considered_lately", [])
    assert (await mind.hears(QUESTION, known(pondered_at=NOW - 46))).verdict is CONSIDER


REMARKS = st.sampled_from(
    [
        said("хто взяв мої ключі?"),
        said("Хтось знає, де купити доброго чаю?"),
        said("а яка саме?"),
        said("а чому саме?", sender=CHARLIE),
        said("без Устима тут нудно"),
        said("ок"),
        said("сьогодні заварила нового чаю"),
        said("я теж так думаю, до речі", reply_to_user_id=CHARLIE.id, reply_to_message_id=3),
        said("Устиме, а ти як гадаєш?"),
    ]
)


@settings(max_examples=30, deadline=None)
@given(
    stream=st.lists(st.tuples(REMARKS, st.floats(0, 4000), st.booleans()), min_size=60, max_size=240),
    readily=st.booleans(),
)
def test_whatever_is_said_five_percent_at_most_is_taken_up_unasked(
    stream: list[tuple[Incoming, float, bool]], readily: bool
) -> None:
    mind, taken_up = Mind(), []
    now, spoke_at, spoke_to, pondered_at, considered, own = NOW, 0.0, 0, 0.0, 0, 0
    mood = MoodState(key="joy", strength=1.0, held_until=NOW * 2) if readily else MoodState()
    for remark, pause, answers in stream:
        now += pause
        considered = considered << 1 & 2**CONSIDERED_WINDOW - 1
        own = own << 1 & 2**20 - 1
        state = known(
            spoke_at=spoke_at,
            spoke_to=spoke_to,
            pondered_at=pondered_at,
            recent_considered=considered,
            recent_own=own,
            replies_to_asker=readily,
            mood=mood,
        )
        decision = run(mind.hears(moved(remark, now), state, now=now))
        taken_up.append(decision.is_unasked)
        if decision.is_unasked:
            considered, pondered_at = considered | 1, now
        if decision.verdict is not LISTEN and answers:
            spoke_at, spoke_to, own = now, remark.sender.id, own << 1 | 1
    assert all(
        sum(taken_up[first : first + CONSIDERED_WINDOW]) <= 0.05 * CONSIDERED_WINDOW for first in range(len(taken_up))
    )


def moved(message: Incoming, now: float) -> Incoming:
    fields = {name: getattr(message, name) for name in message.__struct_fields__}
    return Incoming(**(fields | {"sent_at": now}))


def run(hearing: Any) -> Decision:
    """`hears` waits for nothing here."""
    try:
        hearing.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("it waited")


def reactions(draw: float = 0.0) -> Reactions:
    """Of a persona who reacts whenever it may."""

    async def declines(_bot: Any, _sender: Any) -> bool:
        return False

    return Reactions(most_per_hour=6, mood_half_life=1800.0, declines=declines, clock=lambda: NOW, chance=lambda: draw)


GLAD = said("ура, я така щаслива сьогодні, це чудово!")


async def test_a_message_that_gets_no_answer_may_get_a_reaction() -> None:
    mind = Mind(reactions=reactions())
    decision = await mind.hears(GLAD)
    assert decision.verdict is LISTEN
    assert decision.part is not None
    assert (decision.part.kind, decision.part.reply_to) == (PartKind.REACTION, GLAD.message_id)
    assert (await mind.hears(said("чаю вже майже не лишилось"))).part is None
    assert (await mind.hears(GLAD, dialled(Chattiness.SILENT))).part is None
    assert (await Mind(GroupReply.NEVER, reactions=reactions()).hears(GLAD)).part is None


async def test_most_get_none_and_are_not_analysed_for_one() -> None:
    mind = Mind(reactions=reactions(draw=0.99))
    assert (await mind.hears(GLAD)).part is None
    assert mind.analysed == []


@pytest.mark.parametrize(
    "message", [said("дякую", reply_to_user_id=77), said("дякую", chat=Chat(id=1002, type=ChatType.PRIVATE))]
)
async def test_thanks_may_be_answered_by_a_reaction(message: Incoming) -> None:
    decision = await Mind(reactions=reactions()).hears(message)
    assert (decision.verdict, decision.reason) == (LISTEN, "enough")
    assert decision.part is not None
    assert (await Mind(reactions=reactions(draw=0.99)).hears(message)).verdict is ANSWER
    assert (await Mind().hears(message)).verdict is ANSWER


@pytest.mark.parametrize("text", ["дякую, а де мій чай?", "розкажи щось"])
async def test_what_takes_words_gets_them(text: str) -> None:
    decision = await Mind(reactions=reactions()).hears(said(text, reply_to_user_id=77))
    assert (decision.verdict, decision.part) == (ANSWER, None)
