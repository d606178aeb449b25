"""Reply markup as Telegram takes it. Only inline keyboards become part of a message."""

from typing import Any

from maskarad.sandbox.params import Params
from maskarad.sandbox.refusal import bad_request
from maskarad.sandbox.world import Body

MAX_CALLBACK_DATA_BYTES = 64
MAX_BUTTONS = 100
_ACTIONS = frozenset(
    [
        "callback_data",
        "url",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
    ]
)
_OTHER_MARKUP = ("keyboard", "remove_keyboard", "force_reply")


def inline_keyboard(params: Params) -> Body | None:
    """The call's inline keyboard, checked; None when there is none or it is empty."""
    given = params.object("reply_markup", "reply markup")
    if given is None or ("inline_keyboard" not in given and any(name in given for name in _OTHER_MARKUP)):
        return None
    rows = given.get("inline_keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('can\'t parse inline keyboard: field "inline_keyboard" must be an Array of Arrays')
    checked = [[_button(button) for button in row] for row in rows if row]
    if sum(map(len, checked)) > MAX_BUTTONS:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return {"inline_keyboard": checked} if checked else None


def _button(button: Any) -> Body:
    if not isinstance(button, dict):
        raise bad_request("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    text, data = button.get("text"), button.get("callback_data")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("can't parse inline keyboard button: Can't find field \"text\"")
    if _ACTIONS.isdisjoint(name for name, value in button.items() if value is not None):
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if data is not None and not (isinstance(data, str) and 0 < len(data.encode()) <= MAX_CALLBACK_DATA_BYTES):
        raise bad_request("BUTTON_DATA_INVALID")
    url = button.get("url")
    if url is not None and not (isinstance(url, str) and ("://" in url or "." in url)):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    return {name: value for name, value in button.items() if value is not None}


def button_data(markup: Body | None, label: str) -> str | None:
    """The callback data of the button with that label; None when there is no such button."""
    rows = (markup or {}).get("inline_keyboard", [])
    labelled = (button for row in rows for button in row if button["text"] == label)
    return next((button["callback_data"] for button in labelled if "callback_data" in button), None)
