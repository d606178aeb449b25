"""The human side as a client: what tests, the demonstration and the benchmarks do in the sandbox."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import aiohttp
import msgspec
import orjson

Event = dict[str, Any]
Object = dict[str, Any]

_LONGEST_WAIT = 30.0
_FROM_NOW = 2**53


class SandboxRefused(Exception):
    """The sandbox answered a human-side call with an error; the text is its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status


class Heard(msgspec.Struct, frozen=True):
    """A message that appeared or changed. `seq` is the event's number: wait `after` it for what comes next."""

    seq: int
    chat: str
    message: Object

    @property
    def id(self) -> int:
        return int(self.message["message_id"])

    @property
    def text(self) -> str:
        return str(self.message.get("text", self.message.get("caption", "")))

    @property
    def silent(self) -> bool:
        """It came without a sound."""
        return bool(self.message["silent"])

    @property
    def file_id(self) -> str | None:
        """Of its picture or document, for `Sandbox.file`."""
        pictures = self.message.get("photo")
        file = pictures[-1] if pictures else self.message.get("document")
        return None if file is None else str(file["file_id"])

    @property
    def buttons(self) -> list[str]:
        rows = self.message.get("reply_markup", {}).get("inline_keyboard", [])
        return [button["text"] for row in rows for button in row]


class Sandbox:
    """Every call raises `SandboxRefused` when the sandbox says no. Chats are named by key, see `private`."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        self.address = address.rstrip("/")
        self._session = session

    @classmethod
    @asynccontextmanager
    async def at(cls, address: str) -> "AsyncIterator[Sandbox]":
        """A client with a session of its own."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            yield cls(address, session)

    @staticmethod
    def private(user: int, bot: int) -> str:
        """The key of a private chat."""
        return f"{user}:{bot}"

    async def reset(self) -> None:
        await self._call("POST", "reset")

    async def add_user(self, first_name: str, **more: Any) -> Object:
        """`more`: last_name, username, language_code, id."""
        return await self._object("POST", "users", {"first_name": first_name, **more})

    async def users(self) -> list[Object]:
        return await self._list("users")

    async def add_bot(self, name: str, username: str, **more: Any) -> Object:
        """`more`: token, privacy, can_join_groups, talks_to_bots. The answer holds `id` and `token`."""
        return await self._object("POST", "bots", {"name": name, "username": username, **more})

    async def bots(self) -> list[Object]:
        return await self._list("bots")

    async def change_bot(self, bot: int, **change: Any) -> Object:
        """`change`: privacy, talks_to_bots, name."""
        return await self._object("PATCH", f"bots/{bot}", change)

    async def revoke_token(self, bot: int) -> Object:
        return await self._object("POST", f"bots/{bot}/revoke")

    async def add_group(self, title: str, creator: int, type: str = "supergroup") -> Object:
        return await self._object("POST", "groups", {"title": title, "creator": creator, "type": type})

    async def migrate(self, group: str) -> Object:
        return await self._object("POST", f"groups/{group}/migrate")

    async def join(self, chat: str, user: int, by: int | None = None) -> Object:
        return await self._object("POST", f"chats/{chat}/join", _given(user=user, by=by))

    async def leave(self, chat: str, user: int, by: int | None = None) -> Object:
        """Leaves or is removed; in a private chat the person blocks the bot."""
        return await self._object("POST", f"chats/{chat}/leave", _given(user=user, by=by))

    async def set_role(self, chat: str, user: int, status: str) -> Object:
        return await self._object("POST", f"chats/{chat}/role", {"user": user, "status": status})

    async def say(self, chat: str, user: int, text: str | None = None, **more: Any) -> Object:
        """`more`: reply_to, entities, forward_from, media, caption, emoji. Answers the Message."""
        return await self._object("POST", f"chats/{chat}/messages", {"from": user, **_given(text=text, **more)})

    async def send_file(self, chat: str, user: int, name: str, content: bytes, **more: Any) -> Object:
        """A document of a person, whatever its content. `more`: media "photo", caption, mime_type, reply_to."""
        query = {"from": user, "name": name, **more}
        return dict(await self._call("POST", f"chats/{chat}/files", content, query))

    async def file(self, file_id: str) -> bytes:
        """What people see or save of a message's file."""
        return bytes(await self._call("GET", f"files/{file_id}", read=bytes))

    async def edit(self, chat: str, user: int, message: int, text: str) -> Object:
        return await self._object("PATCH", f"chats/{chat}/messages/{message}", {"from": user, "text": text})

    async def delete(self, chat: str, message: int) -> None:
        await self._call("DELETE", f"chats/{chat}/messages/{message}")

    async def press(
        self,
        chat: str,
        user: int,
        message: int,
        label: str | None = None,
        *,
        data: str | None = None,
        wait: float = 10.0,
    ) -> Object:
        """Presses a button by label, or sends any `data`; waits for the bot's answer."""
        body = {"from": user, **_given(label=label, data=data, wait=wait)}
        return await self._object("POST", f"chats/{chat}/messages/{message}/press", body)

    async def react(self, chat: str, user: int, message: int, emoji: str | None) -> Object:
        return await self._object("POST", f"chats/{chat}/messages/{message}/react", {"from": user, "emoji": emoji})

    async def chats(self, user: int | None = None) -> list[Object]:
        return await self._list("chats", _given(**{"for": user}))

    async def chat(self, chat: str, limit: int | None = None) -> Object:
        """`{chat, members, messages}`, newest message last."""
        found = await self._call("GET", f"chats/{chat}", query=_given(limit=limit))
        return dict(found)

    async def calls(self, *, bot: int | None = None, method: str | None = None, after: int = 0) -> list[Object]:
        """Bot API calls that bots made."""
        return await self._list("calls", _given(bot=bot, method=method, after=after))

    async def order_fault(self, kind: str, **more: Any) -> int:
        """`more`: method, bot, chat, retry_after, seconds, times, after, lasting, share."""
        found = await self._object("POST", "faults", {"kind": kind, **more})
        return int(found["id"])

    async def clear_faults(self) -> None:
        await self._call("DELETE", "faults")

    async def order_disorder(self, lasting: float, **more: Any) -> None:
        """For so many seconds. `more`: shares `twice` and `late`, `within`, seed."""
        await self._call("POST", "disorder", {"lasting": lasting, **more})

    async def deliveries(self, after: int = 0) -> list[Object]:
        """Tries to deliver an update to a webhook, with their outcome."""
        return await self._list("deliveries", {"after": after})

    async def inject_update(self, bot: int, update: Object) -> Object:
        return await self._object("POST", f"updates/{bot}", update)

    async def redeliver(self, bot: int, update_id: int | None = None) -> Object:
        return await self._object("POST", f"updates/{bot}/redeliver", _given(update_id=update_id))

    async def direct_model(self, **direction: Any) -> None:
        """`direction`: delay, chunk_delay, replies, faults, script, temper, prices, cost, clear."""
        await self._call("POST", "model", direction)

    async def model_requests(self, after: int = 0, wait: float = 0.0) -> list[Object]:
        """What the model was asked after that number; waits up to `wait` seconds for the first."""
        return await self._list("model/requests", {"after": after, "wait": wait})

    async def position(self) -> int:
        """The number of the latest event: take it before an act, wait `after` it for what the act brings."""
        found = await self._call("GET", "events.json", query={"after": _FROM_NOW})
        return int(found["next"])

    async def events(self, after: int, wait: float = 0.0) -> tuple[list[Event], int]:
        """Events after that number and the number to go on from; waits up to `wait` seconds for the first."""
        found = await self._call("GET", "events.json", query={"after": after, "wait": wait})
        return found["events"], int(found["next"])

    async def wait_for(self, wanted: Callable[[Event], bool], timeout: float = 10.0, *, after: int = 0) -> Event:
        """The first event after that number which is `wanted`. Raises `TimeoutError`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            left = max(deadline - loop.time(), 0.0)
            found, after = await self.events(after, min(left, _LONGEST_WAIT))
            for event in found:
                if wanted(event):
                    return event
            if not found and loop.time() >= deadline:
                raise TimeoutError(f"nothing wanted happened within {timeout:g} s")

    async def next_message(
        self, chat: str | None = None, *, after: int, from_bot: bool | None = True, timeout: float = 10.0
    ) -> Heard:
        """The next message in a chat (None: in any); `from_bot` None takes anybody's. Raises `TimeoutError`."""

        def wanted(event: Event) -> bool:
            if event["kind"] != "message" or chat not in (None, event["chat"]):
                return False
            return from_bot is None or event["message"]["from"]["is_bot"] is from_bot

        event = await self.wait_for(wanted, timeout, after=after)
        return Heard(event["seq"], event["chat"], event["message"])

    async def next_edit(self, chat: str, *, after: int, timeout: float = 10.0) -> Heard:
        """The next message of the chat that is edited. Raises `TimeoutError`."""

        def wanted(event: Event) -> bool:
            return bool(event["kind"] == "edited" and event["chat"] == chat)

        event = await self.wait_for(wanted, timeout, after=after)
        return Heard(event["seq"], chat, event["edited"])

    async def ask(self, chat: str, user: int, text: str, timeout: float = 10.0, **more: Any) -> Heard:
        """Says something and waits for the bot's next message there. Raises `TimeoutError`."""
        before = await self.position()
        await self.say(chat, user, text, **more)
        return await self.next_message(chat, after=before, timeout=timeout)

    async def _object(self, verb: str, path: str, body: Object | None = None) -> Object:
        return dict(await self._call(verb, path, body))

    async def _list(self, path: str, query: dict[str, Any] | None = None) -> list[Object]:
        return list(await self._call("GET", path, query=query))

    async def _call(
        self,
        verb: str,
        path: str,
        body: Object | bytes | None = None,
        query: dict[str, Any] | None = None,
        *,
        read: Callable[[bytes], Any] = orjson.loads,
    ) -> Any:
        data = BytesIO(body) if isinstance(body, bytes) else None if body is None else orjson.dumps(body)
        async with self._session.request(
            verb,
            f"{self.address}/sandbox/{path}",
            data=data,
            params={name: str(value) for name, value in (query or {}).items()},
            headers={"Content-Type": "application/json"},
        ) as response:
            answer = await response.read()
            if response.status >= 400:
                raise SandboxRefused(response.status, orjson.loads(answer)["error"])
            return read(answer)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
