"""Raw updates as Telegram sends them."""

import time

JsonObject = dict[str, object]

FIRST_PERSON = 50_000
FIRST_GROUP = -1_001_234_567_890
GROUPS = 10
FIRST_QUERY = 10**17
SENTENCE = "Привіт! Сьогодні так гарно за вікном, що я пішов пішки; а ти як, що робила зранку? (line {})"


def person(number: int) -> int:
    """The Telegram id of the n-th person, which is also the id of the private chat with them."""
    return FIRST_PERSON + number


def private_message(person_id: int, line: int) -> JsonObject:
    """Says the numbered line."""
    chat: JsonObject = {"id": person_id, "type": "private", "first_name": "Оксана", "username": f"person{person_id}"}
    return {"message": _message(person_id, line, chat, SENTENCE.format(line))}


def group_message(group: int, person_id: int, line: int) -> JsonObject:
    """Small talk between others: neither a question nor anybody's name."""
    chat: JsonObject = {"id": FIRST_GROUP - group, "type": "supergroup", "title": "Вечірній чай"}
    text = f"Вчора були на озері, вода ще холодна, але діти все одно купалися (line {line})"
    return {"message": _message(person_id, line, chat, text)}


def press(person_id: int, number: int, data: str) -> JsonObject:
    """The numbered press of all, on a message of that number."""
    chat: JsonObject = {"id": person_id, "type": "private", "first_name": "Оксана"}
    bot = {"id": 1, "is_bot": True, "first_name": "Maskarad", "username": "maskarad_bot"}
    shown = {"message_id": number, "date": int(time.time()), "chat": chat, "from": bot, "text": "Maskarad"}
    query = {
        "id": str(FIRST_QUERY + number),
        "from": _user(person_id),
        "chat_instance": "-3141592653589793238",
        "message": shown,
        "data": data,
    }
    return {"callback_query": query}


def mention(group: int, person_id: int, line: int, username: str) -> JsonObject:
    """Says the numbered line in a group to the bot of that name."""
    chat: JsonObject = {"id": FIRST_GROUP - group, "type": "supergroup", "title": "Вечірній чай"}
    message = _message(person_id, line, chat, f"@{username} {SENTENCE.format(line)}")
    message["entities"] = [{"type": "mention", "offset": 0, "length": len(username) + 1}]
    return {"message": message}


def _message(person_id: int, line: int, chat: JsonObject, text: str) -> JsonObject:
    return {"message_id": line, "date": int(time.time()), "from": _user(person_id), "chat": chat, "text": text}


def _user(person_id: int) -> JsonObject:
    return {
        "id": person_id,
        "is_bot": False,
        "first_name": "Оксана",
        "username": f"person{person_id}",
        "language_code": "uk",
    }
