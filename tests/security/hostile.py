"""Updates as Telegram sends them, and what becomes of them in hostile or broken hands."""

import copy
import json
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

Json = Any
Place = tuple[Any, Any]
"""A container and the key or index in it."""

STRANGERS = (1003, 900_001, 900_002)
GROUP = -1_002_000_000_001

_DEEP = "@deep@"
_LONG = "x" * 70_000
_NUMBERS = [0, -1, 1, 2**31, -(2**31) - 1, 2**52, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**400, 0.5, -0.0]
_TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff!",
    "я" * 9_000,
    "👩‍👩‍👧" * 500,
    "\u202egro",
    "<b>&amp;",
    "{name} %s",
    "'; DROP TABLE users; --",
    "/start",
    "/forget_me@actor1_test_bot",
    "/me",
    "/mood",
    "/export_me",
    "/createpersona",
    "private",
    "channel",
    "1:p:1",
    _LONG,
    _DEEP,
]
HOSTILE: st.SearchStrategy[Json] = st.one_of(
    st.sampled_from([None, True, False, *_NUMBERS, float("nan"), float("inf"), 1e308]),
    st.sampled_from(_TEXTS),
    st.integers(),
    st.text(max_size=30),
    st.sampled_from([[], {}, [[]], [None], {"id": None}, {"": 0}]),
)


def person(user_id: int = STRANGERS[0], **more: Json) -> Json:
    return {"id": user_id, "is_bot": False, "first_name": "Charlie", "language_code": "en", **more}


def private(user_id: int = STRANGERS[0]) -> Json:
    return {"id": user_id, "type": "private", "first_name": "Charlie"}


def _message(**more: Json) -> Json:
    return {"message_id": 7, "date": 1_795_300_000, "chat": private(), "from": person(), **more}


_IN_GROUP = {"chat": {"id": GROUP, "type": "supergroup", "title": "Tea"}}
UPDATES: Sequence[Json] = (
    {"message": _message(text="hello there")},
    {"message": _message(text="/mood", entities=[{"type": "bot_command", "offset": 0, "length": 5}])},
    {"message": _message(text="/createpersona", entities=[{"type": "bot_command", "offset": 0, "length": 14}])},
    {"message": _message(text="/forget_me", entities=[{"type": "bot_command", "offset": 0, "length": 10}])},
    {"message": _message(text="7654321:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw")},
    {
        "message": _message(
            **_IN_GROUP,
            text="@actor1_test_bot what do you think, Устим?",
            entities=[
                {"type": "mention", "offset": 0, "length": 16},
                {"type": "text_mention", "offset": 36, "length": 5, "user": person(900_002)},
                {"type": "bold", "offset": 3, "length": 9},
            ],
            reply_to_message=_message(**_IN_GROUP, text="earlier", message_id=3),
        )
    },
    {"message": _message(caption="look", photo=[{"file_id": "p", "file_unique_id": "p", "width": 9, "height": 9}])},
    {"message": _message(document={"file_id": "d", "file_name": "result.json", "file_size": 90}, caption="my chat")},
    {"message": _message(sticker={"file_id": "s", "emoji": "🙂"})},
    {
        "message": _message(
            text="they said",
            forward_origin={"type": "user", "date": 1, "sender_user": person(900_001, last_name="F", username="f")},
        )
    },
    {"message": _message(chat={"id": -77, "type": "group", "title": "Old"}, migrate_to_chat_id=GROUP - 1)},
    {"edited_message": _message(text="hello, I meant", edit_date=1_795_300_060)},
    {"callback_query": {"id": "41", "from": person(), "message": _message(), "chat_instance": "1", "data": "1:m"}},
    {
        "my_chat_member": {
            "chat": private(),
            "from": person(),
            "date": 1_795_300_000,
            "old_chat_member": {"status": "member", "user": person(1, is_bot=True)},
            "new_chat_member": {"status": "kicked", "user": person(1, is_bot=True), "until_date": 0},
        }
    },
    {
        "message_reaction": {
            **_IN_GROUP,
            "message_id": 3,
            "user": person(),
            "date": 1_795_300_000,
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": "👍"}],
        }
    },
)


def _places(value: Json) -> list[Place]:
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


def _replace(draw: Callable[..., Json], update: Json, place: Place) -> None:
    container, key = place
    container[key] = copy.deepcopy(draw(HOSTILE))  # the next change must not spoil what is drawn from


def _remove(_draw: Callable[..., Json], _update: Json, place: Place) -> None:
    container, key = place
    del container[key]


def _wrap(draw: Callable[..., Json], _update: Json, place: Place) -> None:
    container, key = place
    container[key] = draw(st.sampled_from([[container[key]], {str(key): container[key]}, [container[key]] * 50]))


def _exchange(draw: Callable[..., Json], update: Json, place: Place) -> None:
    container, key = place
    other, other_key = draw(st.sampled_from(_places(update)))
    container[key] = copy.deepcopy(other[other_key])


def _graft(draw: Callable[..., Json], update: Json, _place: Place) -> None:
    """Two kinds of update in one."""
    update.update(copy.deepcopy(draw(st.sampled_from(UPDATES))))


@st.composite
def updates(draw: Callable[..., Json]) -> Json:
    """A real update with up to four things wrong in it."""
    made = {"update_id": draw(st.integers(1, 2**40)), **copy.deepcopy(draw(st.sampled_from(UPDATES)))}
    for _ in range(draw(st.integers(0, 4))):
        places = _places(made)
        if places:
            change = draw(st.sampled_from([_replace, _replace, _replace, _remove, _wrap, _exchange, _graft]))
            change(draw, made, draw(st.sampled_from(places)))
    return made


@st.composite
def bodies(draw: Callable[..., Json]) -> bytes:
    """What stands in a request: an update, a part of one, one with bytes changed, or anything."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))  # type: ignore[no-any-return]
    body = written(draw(updates()), ascii_only=draw(st.booleans()))
    damage = draw(st.integers(0, 9))
    if damage == 0:
        return body[: int(draw(st.integers(0, len(body))))]
    if damage == 1 and body:
        at = draw(st.integers(0, len(body) - 1))
        return body[:at] + bytes(draw(st.binary(min_size=1, max_size=3))) + body[at + 1 :]
    return body


def written(update: Json, *, ascii_only: bool = True) -> bytes:
    """As JSON, also what no honest sender would write: lone surrogates, NaN, a thousand brackets."""
    text = json.dumps(update, ensure_ascii=ascii_only)
    return text.replace(f'"{_DEEP}"', "[" * 3_000 + "]" * 3_000).encode("utf-8", "surrogatepass")


def callback_data(real: Sequence[str], ids: Sequence[int]) -> st.SearchStrategy[str]:
    """Of buttons that were really shown, to others: as it is, with another id, another word, broken or made up."""
    parts = st.sampled_from([*map(str, ids), "0", "-1", "9" * 18, "9" * 40, "n", "n0", "x", "", "owner_only", "public"])

    @st.composite
    def mutated(draw: Callable[..., Json]) -> str:
        data = draw(st.sampled_from(real))
        pieces = data.split(":")
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(pieces) - 1))
            pieces[at] = draw(parts | st.text(max_size=8))
        if draw(st.integers(0, 5)) == 0:
            pieces.append(draw(parts))
        return ":".join(pieces)

    return st.one_of(st.sampled_from(real), mutated(), mutated(), st.text(max_size=70), st.just("1:" + "z" * 80))


def press(update_id: int, user_id: int, data: str, message_id: int) -> Json:
    query = {
        "id": str(update_id),
        "from": person(user_id),
        "chat_instance": "1",
        "message": {"message_id": message_id, "date": 1_795_300_000, "chat": private(user_id)},
        "data": data,
    }
    return {"update_id": update_id, "callback_query": query}
