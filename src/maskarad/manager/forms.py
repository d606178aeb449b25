"""What the manager bot has asked somebody and waits to hear: a row in `wizard_states`, so that any process goes on
with it after any restart."""

import msgspec

from maskarad.db import Connection, seen, wizards
from maskarad.errors import AlreadySeen
from maskarad.values import MANAGER_BOT_ID, Document, PersonaDraft, Value

VERSION = 1


class Stale(Exception):
    """What the button belongs to is over."""


class Form(Value, frozen=True, kw_only=True):
    """`version` grows when a field changes its meaning; a form of another version is forgotten."""

    version: int = VERSION


class Creating(Form, frozen=True, tag="creating"):
    """A persona in the making. `step` is the code of the step that was asked last."""

    number: int
    """Of the update that began it: tells its buttons from those of the user's other wizards."""
    step: str
    draft: PersonaDraft
    mood_name: str = ""
    """Of an own mood whose text is still to come."""
    then: str = ""
    """The step to go on with instead of the next one, after a single one had to be asked again."""


class Aside(Form, frozen=True, kw_only=True):
    """A question that is over with one answer."""

    persona_id: int
    unfinished: Creating | None = None
    """The persona in the making that waits until this is over."""

    @property
    def question(self) -> tuple[object, ...]:
        """The same for two forms that ask the same."""
        return type(self), self.persona_id


class Editing(Aside, frozen=True, tag="editing"):
    """One text of a persona is being asked anew."""

    step: str
    mood_name: str = ""

    @property
    def question(self) -> tuple[object, ...]:
        return type(self), self.persona_id, self.step


class Binding(Aside, frozen=True, tag="binding"):
    """A bot's token is awaited."""


class Inviting(Aside, frozen=True, tag="inviting"):
    """Somebody for the whitelist is awaited."""


class Finding(Aside, frozen=True, tag="finding"):
    """An operator is to name a bot or a person."""

    persona_id: int = 0


class ExportChat(Value, frozen=True):
    """A chat of an export that was sent; `messages` are those that say something."""

    id: int
    name: str
    messages: int


class Importing(Aside, frozen=True, tag="importing"):
    """The export of a chat is awaited, or into which chat it goes. `persona_id` is 0 as long as nobody has said whose
    bot is to remember it."""

    number: int
    """Of the update that began it: tells its buttons from those of the user's other imports."""
    document: Document | None = None
    chats: tuple[ExportChat, ...] = ()
    """What is in it, the longest first; empty until it is read."""

    @property
    def question(self) -> tuple[object, ...]:
        return type(self), self.number


AnyForm = Creating | Editing | Binding | Inviting | Finding | Importing

_decode = msgspec.json.Decoder(AnyForm).decode
_encode = msgspec.json.Encoder().encode


def load(connection: Connection, user_id: int) -> AnyForm | None:
    """The open form; None also for what this version of the program cannot read."""
    return _read(wizards.load(connection, MANAGER_BOT_ID, user_id))


def load_for_change(connection: Connection, user_id: int) -> AnyForm | None:
    """As `load`; on PostgreSQL nobody else changes it until the transaction ends."""
    return _read(wizards.load_for_change(connection, MANAGER_BOT_ID, user_id))


def load_unless_seen(connection: Connection, user_id: int, update_id: int) -> AnyForm | None:
    """As `load`, for a message. Raises AlreadySeen when the update was handled before."""
    if seen.is_seen(connection, MANAGER_BOT_ID, update_id):
        raise AlreadySeen(f"update {update_id} was handled before")
    return load(connection, user_id)


def save(connection: Connection, user_id: int, form: Form, *, now: float) -> None:
    wizards.save(connection, MANAGER_BOT_ID, user_id, _encode(form).decode(), now=now)


def begin(connection: Connection, user_id: int, aside: Aside, *, now: float) -> None:
    """Ask something else; an unfinished persona waits."""
    current = load_for_change(connection, user_id)
    unfinished = current.unfinished if isinstance(current, Aside) else current
    save(connection, user_id, msgspec.structs.replace(aside, unfinished=unfinished), now=now)


def end(connection: Connection, user_id: int, *, now: float) -> None:
    """Ask nothing any more, but go on with the persona that waited."""
    current = load_for_change(connection, user_id)
    if not isinstance(current, Aside):
        return
    if current.unfinished is None:
        discard(connection, user_id)
    else:
        save(connection, user_id, current.unfinished, now=now)


def leave(connection: Connection, user_id: int, asked: Aside, *, now: float) -> None:
    """As `end`, for one question. Raises Stale when it is not the one that is open."""
    current = load_for_change(connection, user_id)
    if not isinstance(current, Aside) or current.question != asked.question:
        raise Stale
    end(connection, user_id, now=now)


def give_up(connection: Connection, user_id: int, number: int, *, now: float) -> None:
    """Forget one persona in the making, also while it waits. Raises Stale when it is not there any more."""
    current = load_for_change(connection, user_id)
    unfinished = current.unfinished if isinstance(current, Aside) else current
    if unfinished is None or unfinished.number != number:
        raise Stale
    if isinstance(current, Aside):
        save(connection, user_id, msgspec.structs.replace(current, unfinished=None), now=now)
    else:
        discard(connection, user_id)


def cancel(connection: Connection, user_id: int, *, now: float) -> bool:
    """Give up the question that is open, else the persona in the making. False: nothing was awaited."""
    current = load_for_change(connection, user_id)
    if isinstance(current, Aside):
        end(connection, user_id, now=now)
    else:
        discard(connection, user_id)
    return current is not None


def discard(connection: Connection, user_id: int) -> None:
    wizards.clear(connection, MANAGER_BOT_ID, user_id)


def _read(state: str | None) -> AnyForm | None:
    if state is None:
        return None
    try:
        form: AnyForm = _decode(state)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None
    return form if form.version == VERSION else None
