import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskarad.errors import MalformedUpdate
from maskarad.telegram.read import ALLOWED_UPDATES, read_update
from maskarad.values import Chat, ChatType, Document, Incoming, Membership, Migration, Press, ReactionChange, Sender

BOT = 3
ALICE = {"id": 42, "is_bot": False, "first_name": "Аліса", "last_name": "К", "username": "Alice", "language_code": "uk"}
GROUP = {"id": -1001, "type": "supergroup", "title": "Друзі"}
PRIVATE = {"id": 42, "type": "private", "first_name": "Аліса"}


def message(**fields: Any) -> dict[str, Any]:
    base = {"message_id": 7, "date": 1_700_000_000, "chat": GROUP, "from": ALICE}
    return {"update_id": 100, "message": {**base, **fields}}


def read(update: dict[str, Any]) -> Incoming:
    event = read_update(update, BOT)
    assert isinstance(event, Incoming)
    return event


def test_a_plain_message() -> None:
    assert read_update(message(text="Привіт"), BOT) == Incoming(
        bot_id=BOT,
        update_id=100,
        chat=Chat(id=-1001, type=ChatType.SUPERGROUP, title="Друзі"),
        message_id=7,
        sender=Sender(id=42, name="Аліса К", username="Alice", language="uk"),
        text="Привіт",
        sent_at=1_700_000_000.0,
    )


def test_an_edit_keeps_when_it_was_first_sent() -> None:
    update = {"update_id": 1, "edited_message": {**message(text="нове")["message"], "edit_date": 1_700_000_900}}
    event = read(update)
    assert (event.edited, event.text, event.sent_at) == (True, "нове", 1_700_000_000.0)
    assert event.edited_at == 1_700_000_900.0


def test_offsets_count_utf16_units() -> None:
    text = "😀 @My_Bot, і Bob 👍 @other"
    entities = [
        {"type": "mention", "offset": 3, "length": 7},
        {"type": "text_mention", "offset": 14, "length": 3, "user": {**ALICE, "id": 77}},
        {"type": "mention", "offset": 21, "length": 6},
        {"type": "bold", "offset": 0, "length": 2},
    ]
    event = read(message(text=text, entities=entities))
    assert event.mentions == {"my_bot", "other"}
    assert event.mentioned_ids == {77}


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("/mood", 5, ("mood", None)),
        ("/Mood@My_Bot  very happy ", 12, ("mood", "my_bot")),
        ("/start a\nb", 6, ("start", None)),
    ],
)
def test_a_command(text: str, length: int, expected: tuple[str, str | None]) -> None:
    event = read(message(text=text, entities=[{"type": "bot_command", "offset": 0, "length": length}]))
    assert (event.command, event.command_for) == expected


def test_a_command_inside_a_sentence_is_none() -> None:
    event = read(message(text="use /mood", entities=[{"type": "bot_command", "offset": 4, "length": 5}]))
    assert event.command is None


PHOTO = [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]
FILE = {"file_id": "a", "file_unique_id": "b"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"photo": PHOTO}, "[photo]"),
        ({"voice": {**FILE, "duration": 3}}, "[voice]"),
        ({"video": {**FILE, "duration": 3, "width": 1, "height": 1}}, "[video]"),
        (
            {"sticker": {**FILE, "type": "regular", "width": 1, "height": 1, "is_animated": False, "is_video": False}},
            "[sticker]",
        ),
        ({"document": {"file_name": "without an id"}}, "[document: without an id]"),
        ({"document": {**FILE, "file_name": "a\x00b\nreport.pdf"}}, "[document: a b report.pdf]"),
        ({"dice": {"emoji": "🎲", "value": 4}}, "[dice 🎲]"),
        ({"location": {"latitude": 1.0, "longitude": 2.0}}, "[location]"),
    ],
)
def test_media_without_words_become_a_word(fields: dict[str, Any], text: str) -> None:
    event = read(message(**fields))
    assert (event.text, event.has_text) == (text, False)


def test_a_caption_is_the_text() -> None:
    event = read(message(photo=PHOTO, caption="море @ann", caption_entities=[mention(5, 4)]))
    assert (event.text, event.has_text, event.mentions) == ("море @ann", True, frozenset({"ann"}))


def test_a_document_can_be_fetched() -> None:
    file = {**FILE, "file_name": "../a\x00b\nresult.json", "file_size": 5}
    event = read(message(document=file, caption="our chat"))
    assert (event.text, event.document) == ("our chat", Document(file_id="a", name="../a b result.json", size=5))
    assert read(message(document=FILE)).document == Document(file_id="a", name="", size=None)


@pytest.mark.parametrize("fields", [{"text": "x"}, {"photo": PHOTO}, {"document": FILE, "animation": FILE}])
def test_what_is_no_document(fields: dict[str, Any]) -> None:
    assert read(message(**fields)).document is None


def mention(offset: int, length: int) -> dict[str, Any]:
    return {"type": "mention", "offset": offset, "length": length}


def test_who_is_answered() -> None:
    original = message(text="hi")["message"] | {"message_id": 3, "from": {"id": 9, "is_bot": True, "first_name": "B"}}
    event = read(message(text="yes", reply_to_message=original))
    assert (event.reply_to_user_id, event.reply_to_message_id) == (9, 3)
    assert read(message(text="no")).reply_to_message_id is None


def test_a_forums_topic_is_not_a_message_that_is_answered() -> None:
    start = message(forum_topic_created={"name": "t", "icon_color": 1})["message"] | {"message_id": 3}
    event = read(message(text="yes", reply_to_message=start, is_topic_message=True, message_thread_id=3))
    assert (event.reply_to_user_id, event.reply_to_message_id) == (None, None)


def test_a_chat_may_speak_as_itself() -> None:
    event = read(message(text="rules", sender_chat=GROUP | {"username": "druzi"}))
    assert event.sender == Sender(id=-1001, name="Друзі", username="druzi")


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ({"type": "user", "sender_user": ALICE}, (42, "Аліса К")),
        ({"type": "hidden_user", "sender_user_name": "Хтось"}, (0, "Хтось")),
        ({"type": "chat", "sender_chat": GROUP}, (-1001, "Друзі")),
        ({"type": "channel", "chat": {"id": -5, "type": "channel", "title": "Ч"}, "message_id": 1}, (-5, "Ч")),
    ],
)
def test_where_a_forward_comes_from(origin: dict[str, Any], expected: tuple[int, str]) -> None:
    event = read(message(text="x", forward_origin={"date": 1_600_000_000, **origin}))
    assert event.forwarded_from is not None
    assert (event.forwarded_from.id, event.forwarded_from.name) == expected


@pytest.mark.parametrize(
    "fields",
    [{"migrate_to_chat_id": -1001, "chat": {"id": -5, "type": "group", "title": "g"}}, {"migrate_from_chat_id": -5}],
)
def test_both_ends_tell_of_a_migration(fields: dict[str, Any]) -> None:
    assert read_update(message(**fields), BOT) == Migration(
        bot_id=BOT, update_id=100, old_chat_id=-5, new_chat_id=-1001
    )


def test_a_press() -> None:
    query = {"id": "55", "from": ALICE, "chat_instance": "1", "data": "v1:x", "message": message(text="m")["message"]}
    event = read_update({"update_id": 4, "callback_query": query}, BOT)
    assert isinstance(event, Press)
    assert (event.callback_query_id, event.data, event.message_id, event.chat.id) == ("55", "v1:x", 7, -1001)


def test_a_press_under_a_message_telegram_no_longer_shows() -> None:
    old = {"chat": GROUP, "message_id": 7, "date": 0}
    query = {"id": "55", "from": ALICE, "chat_instance": "1", "data": "v1:x", "message": old}
    event = read_update({"update_id": 4, "callback_query": query}, BOT)
    assert isinstance(event, Press)
    assert event.message_id == 7


def test_forged_data_that_telegram_would_never_carry() -> None:
    query = {"id": "5", "from": ALICE, "chat_instance": "1", "data": "я" * 33, "message": message(text="m")["message"]}
    with pytest.raises(MalformedUpdate):
        read_update({"update_id": 4, "callback_query": query}, BOT)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({"status": "member"}, (True, True)),
        ({"status": "left"}, (False, False)),
        ({"status": "kicked", "until_date": 0}, (False, False)),
        ({"status": "administrator"}, (True, True)),
        ({"status": "restricted", "is_member": True, "can_send_messages": True}, (True, True)),
        ({"status": "restricted", "is_member": True, "can_send_messages": False}, (True, False)),
        ({"status": "restricted", "is_member": False, "can_send_messages": False}, (False, False)),
    ],
)
def test_membership(new: dict[str, Any], expected: tuple[bool, bool]) -> None:
    me = {"id": 9, "is_bot": True, "first_name": "B"}
    change = {
        "chat": GROUP,
        "from": ALICE,
        "date": 1_700_000_000,
        "old_chat_member": {"status": "left", "user": me},
        "new_chat_member": {"user": me, **new},
    }
    event = read_update({"update_id": 4, "my_chat_member": change}, BOT)
    assert isinstance(event, Membership)
    assert (event.is_member, event.may_write) == expected


def reaction(**fields: Any) -> dict[str, Any]:
    base = {"chat": GROUP, "message_id": 7, "date": 1, "old_reaction": [], "new_reaction": []}
    return {"update_id": 4, "message_reaction": {**base, **fields}}


def test_a_reaction() -> None:
    given_now = [{"type": "emoji", "emoji": "👍"}, {"type": "custom_emoji", "custom_emoji_id": "1"}]
    event = read_update(reaction(user=ALICE, new_reaction=given_now), BOT)
    assert isinstance(event, ReactionChange)
    assert (event.emoji, event.sender.id) == (("👍",), 42)


def test_a_reaction_of_an_anonymous_administrator() -> None:
    event = read_update(reaction(actor_chat=GROUP), BOT)
    assert isinstance(event, ReactionChange)
    assert (event.emoji, event.sender.id) == ((), -1001)


def test_what_is_not_read_may_be_missing_or_new() -> None:
    """Another server's version of the Bot API has other fields."""
    sent = message(text="x", sticker={"brand": "new"}, photo=[{}], from_the_future={"a": [1]})
    assert read(sent).text == "x"


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1, "channel_post": {"nonsense": 1}},
        {"update_id": 1, "poll": 5},
        {"update_id": 1},
        message(text="x", chat={"id": -5, "type": "channel", "title": "c"}),
        message(new_chat_members=[ALICE]),
        message(left_chat_member=ALICE),
        message(pinned_message=message(text="x")["message"]),
        message(new_chat_title="t"),
        message(text="\x00\x07 \ud800"),
    ],
    ids=str,
)
def test_what_is_of_no_use_is_passed_over(update: dict[str, Any]) -> None:
    assert read_update(update, BOT) is None


def test_control_characters_go_and_writing_systems_stay() -> None:
    kept = "שלום \u200f\u202b 👨\u200d👩\u200d👧 \u200c a\tb\nc"
    assert read(message(text=f"\x00{kept}\x1b\x7f\ud83d\x85\ufffe".replace("\ufffe", ""))).text == kept


def test_broken_surrogates_before_a_mention_do_not_move_it() -> None:
    assert read(message(text="\ud83d\ud83d @ann", entities=[mention(3, 4)])).mentions == {"ann"}


def test_lengths_are_bounded() -> None:
    long = "я" * 1_000_000
    event = read(
        message(text=long, **{"from": ALICE | {"first_name": long, "username": long}, "chat": GROUP | {"title": long}})
    )
    assert len(event.text) == 8_192
    assert len(event.sender.name) == len(event.sender.username or "") == len(event.chat.title) == 128


def test_names_are_one_line_and_never_empty() -> None:
    odd = read(message(text="x", **{"from": {"id": 42, "is_bot": False, "first_name": "\x00 \n", "username": "al"}}))
    assert odd.sender.name == "al"
    nameless = read(message(text="x", **{"from": {"id": 42, "is_bot": False, "first_name": "\n"}}))
    assert nameless.sender.name == "42"


@pytest.mark.parametrize(
    "update",
    [
        message(text=5),
        message(text="x", date="yesterday"),
        message(text="x", date=10**18),
        message(text="x", message_id="7"),
        message(text="x", message_id=2**60),
        message(text="x", message_id=True),
        message(text="x", chat=None),
        message(text="x", chat={"id": 1, "type": "secret"}),
        message(text="x", **{"from": None}),
        message(text="x", entities=[mention(-1, 5)]),
        message(text="x", entities=[{"type": "mention"}]),
        {"message": message(text="x")["message"]},
        {"update_id": None, "message": message(text="x")["message"]},
        {"update_id": 1, "message": "text"},
        {"update_id": 1, "message": [1]},
    ],
    ids=str,
)
def test_what_telegram_would_never_send(update: dict[str, Any]) -> None:
    with pytest.raises(MalformedUpdate):
        read_update(update, BOT)


def test_a_thousand_replies_inside_each_other() -> None:
    deep: dict[str, Any] = message(text="x")["message"]
    for _ in range(3_000):
        deep = {**deep, "reply_to_message": deep}
    with pytest.raises(MalformedUpdate):
        read_update({"update_id": 1, "message": deep}, BOT)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)

REAL = [
    message(text="😀 @My_Bot /x", entities=[mention(3, 7)], reply_to_message=message(text="a")["message"]),
    message(photo=PHOTO, caption="c", forward_origin={"type": "user", "sender_user": ALICE, "date": 1}),
    {"update_id": 1, "edited_message": message(text="x")["message"]},
    {
        "update_id": 1,
        "callback_query": {
            "id": "5",
            "from": ALICE,
            "chat_instance": "1",
            "data": "d",
            "message": message(text="m")["message"],
        },
    },
    reaction(user=ALICE, new_reaction=[{"type": "emoji", "emoji": "👍"}]),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """A real update with one to three of its parts replaced or removed."""
    update = copy.deepcopy(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([place for place in places(update) if place] or [("update_id",)]))
        parent = update
        for step in way:
            parent = parent[step]
        if draw(st.booleans()):
            parent[last] = draw(json_values)
        else:
            parent.pop(last, None) if isinstance(parent, dict) else parent.pop(last)
    return update


def assert_clean(event: object) -> None:
    if isinstance(event, Incoming):
        assert event.text
        assert not any(ord(each) < 32 and each not in "\n\t" for each in event.text)
        event.text.encode()
        event.sender.name.encode()


@given(spoiled())
@settings(max_examples=600, deadline=None)
def test_a_spoiled_update_is_read_or_refused(update: Any) -> None:
    try:
        event = read_update(update, BOT)
    except MalformedUpdate:
        return
    assert_clean(event)


kinds = st.dictionaries(st.sampled_from(["update_id", *ALLOWED_UPDATES]), json_values, max_size=3)


@given(json_values | kinds)
@settings(max_examples=300, deadline=None)
def test_arbitrary_json_is_read_or_refused(update: Any) -> None:
    try:
        event = read_update(update, BOT)
    except MalformedUpdate:
        return
    assert event is None or event.update_id == update["update_id"]
