"""What an export holds, whichever form it has."""

from maskarad.values import Value

SUPERGROUPS = frozenset({"private_supergroup", "public_supergroup"})
NAMELESS = -(2**54)
"""Below it are the ids that `id_of_name` makes; no id of Telegram's reaches so far."""


class ExportedChat(Value, frozen=True):
    """`id` is Telegram Desktop's: positive, without the Bot API's -100; 0 where the export does not tell it (HTML).
    `type` is its word for the kind of chat, "" where it does not tell it."""

    id: int
    name: str
    type: str


class ExportedMessage(Value, frozen=True):
    """`id` orders the chat; below zero it is a message from before a basic group became this supergroup. `sender_id` is
    in the Bot API's form, or made of the name (`id_of_name`). `text` is never empty; `html` is the same as Telegram
    HTML where it is formatted. `media` is the Bot API's name of what was sent."""

    id: int
    sent_at: float
    sender_id: int
    sender_name: str
    text: str
    edited_at: float | None = None
    html: str | None = None
    reply_to: int | None = None
    forwarded_from: str | None = None
    media: str | None = None


class FoundChat(Value, frozen=True):
    """A chat of an export. `messages` counts all entries, `skipped` those of them that say nothing. `part` and `number`
    tell where it stands: in which document of the export, and as which chat of it."""

    chat: ExportedChat
    messages: int
    skipped: int
    part: int
    number: int
