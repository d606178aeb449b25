"""Contents page of the human side."""

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from maskarad.sandbox.events import EventFeed
from maskarad.sandbox.human import attachments, levers, people, rooms, speech
from maskarad.sandbox.human.ask import MAX_BODY_BYTES, Ask, HumanCall
from maskarad.sandbox.parse import read_body
from maskarad.sandbox.refusal import HumanError, Refused
from maskarad.sandbox.telegram import Telegram
from maskarad.sandbox.wire import Json

Endpoint = Callable[[Request], Awaitable[Response]]
_CHAT = "/sandbox/chats/{key}"
_MESSAGE = f"{_CHAT}/messages/{{message_id}}"


def routes(telegram: Telegram, at: levers.Levers, feed: EventFeed) -> list[Route]:
    calls: list[tuple[str, str, HumanCall]] = [
        ("POST", "/sandbox/reset", at.reset),
        ("POST", "/sandbox/users", people.make_user),
        ("GET", "/sandbox/users", people.list_users),
        ("POST", "/sandbox/bots", people.make_bot),
        ("GET", "/sandbox/bots", people.list_bots),
        ("PATCH", "/sandbox/bots/{id}", people.change_bot),
        ("POST", "/sandbox/bots/{id}/revoke", people.revoke_token),
        ("POST", "/sandbox/groups", rooms.make_group),
        ("POST", "/sandbox/groups/{key}/migrate", rooms.migrate),
        ("POST", f"{_CHAT}/join", rooms.join),
        ("POST", f"{_CHAT}/leave", rooms.leave),
        ("POST", f"{_CHAT}/role", rooms.set_role),
        ("POST", f"{_CHAT}/messages", speech.say),
        ("GET", "/sandbox/files/{file_id}", attachments.show_file),
        ("PATCH", _MESSAGE, speech.edit),
        ("DELETE", _MESSAGE, speech.delete),
        ("POST", f"{_MESSAGE}/press", speech.press),
        ("POST", f"{_MESSAGE}/react", speech.react),
        ("GET", "/sandbox/chats", rooms.list_chats),
        ("GET", _CHAT, rooms.show_chat),
        ("GET", "/sandbox/calls", at.list_calls),
        ("POST", "/sandbox/faults", at.order_fault),
        ("DELETE", "/sandbox/faults", at.clear_faults),
        ("POST", "/sandbox/disorder", at.order_disorder),
        ("GET", "/sandbox/deliveries", at.list_deliveries),
        ("POST", "/sandbox/updates/{bot_id}", levers.inject_update),
        ("POST", "/sandbox/updates/{bot_id}/redeliver", levers.redeliver_update),
        ("POST", "/sandbox/model", at.direct_model),
        ("GET", "/sandbox/model/requests", at.list_model_requests),
    ]
    made = [Route(path, _endpoint(telegram, call), methods=[method]) for method, path, call in calls]
    sending = _endpoint(telegram, attachments.send_file, attachments.MAX_FILE_BYTES)
    made.append(Route(f"{_CHAT}/files", sending, methods=["POST"]))
    made.append(Route("/sandbox/events", feed.stream, methods=["GET"]))
    made.append(Route("/sandbox/events.json", feed.long_poll, methods=["GET"]))
    return made


def _endpoint(telegram: Telegram, call: HumanCall, most_bytes: int = MAX_BODY_BYTES) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            raw = await read_body(request, most_bytes)
        except Refused as refusal:
            raise HumanError(refusal.code, "the body is too large") from None
        ask = Ask(telegram, request.path_params, dict(request.query_params), raw)
        found: Any = call(ask)
        answer = await found if isawaitable(found) else found
        return answer if isinstance(answer, Response) else Json(answer)

    return endpoint
