"""Every error that crosses a module border, worded by what the catcher should do about it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskarad.db.purses import Purse
    from maskarad.values import Taken


class MaskaradError(Exception):
    """Root of our own errors. Its text is one sentence fit for a log line: no token, no key, no message text."""


class SettingsError(MaskaradError):
    """A setting has a wrong value; the text names the variable."""


class SchemaOutdated(MaskaradError):
    """The database's schema is not the one this version needs; `maskarad db upgrade` mends it."""


class BadInput(MaskaradError):
    """A person (command line, wizard) gave something unusable; the text says what to do instead."""


class ExportRefused(MaskaradError):
    """A chat's export cannot be read, and nothing of it was stored. `reason` is the key of the sentence that tells it
    (`importing.refused.…`), `values` fill it: `place` says where in the export, the others are its own."""

    def __init__(self, reason: str, place: str, **values: str) -> None:
        super().__init__(f"export refused: {reason} ({place})")
        self.reason = reason
        self.values = {"place": place, **values}


class NotFound(MaskaradError):
    """The thing asked for does not exist, or is not for the asker to know about."""


class NotServed(MaskaradError):
    """The bot is not served here (now): it is disabled or stopped, its token is refused, or it is not known (any
    more)."""


class NameTaken(MaskaradError):
    """The owner already has a persona of that name."""


class TokenTaken(MaskaradError):
    """The token's bot is already bound; the text never says by whom."""


class PersonaHasBot(MaskaradError):
    """A persona has one bot at most; the one it has must be unbound first."""


class LimitReached(MaskaradError):
    """The owner has as many personas as the platform allows."""


class PurseEmpty(MaskaradError):
    """There is too little left in a purse for this call: the model is not to be asked."""

    def __init__(self, purse: "Purse") -> None:
        super().__init__(f"the {purse.scope.value}'s purse is empty")
        self.purse = purse


class AlreadySeen(MaskaradError):
    """The update was stored before; the transaction that found this out is rolled back whole."""


class ClaimLost(MaskaradError):
    """Another process took the link over: everything done under the old claim is to be dropped."""


class DatabaseUnavailable(MaskaradError):
    """The database did not answer; nothing was committed. Telegram is to keep the update."""


class StatementTimedOut(DatabaseUnavailable):
    """The database was there, and did not get through with what it was asked. Asked again and again it may never:
    where attempts are counted this is one."""


class TablesInUse(DatabaseUnavailable):
    """A change of tables would have kept everybody out for too long; nothing was changed. Later it may come through."""


class IntakeFull(MaskaradError):
    """Too much waits in this process already; nothing was stored. Telegram is to keep the update."""


class WrongSecretKey(MaskaradError):
    """A stored secret cannot be read with the keys at hand."""


class MalformedUpdate(MaskaradError):
    """An update that is not what Telegram documents; skipping it loses nothing."""


class TelegramError(MaskaradError):
    """Telegram did not do what was asked."""


class TelegramUnreachable(TelegramError):
    """No answer, or 5xx: it may or may not have happened. Worth another try."""


class NothingSent(TelegramUnreachable):
    """No connection came about: it certainly did not happen, so another try cannot do it twice."""


class Flooded(TelegramError):
    """429: nothing happened; try again no sooner than `retry_after` seconds from now."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"Telegram asks to wait {retry_after:g} s")
        self.retry_after = retry_after


class TokenInvalid(TelegramError):
    """401 or 404 on the token: the bot is dead until its owner gives a new one."""


class ChatGone(TelegramError):
    """403, or 400 "chat not found": this bot cannot write to this chat any more."""


class ChatMoved(TelegramError):
    """The group became a supergroup: everything goes to `new_chat_id` from now on."""

    def __init__(self, new_chat_id: int) -> None:
        super().__init__("the group became a supergroup")
        self.new_chat_id = new_chat_id


class Conflict(TelegramError):
    """409: another program polls with this token, or a webhook is set."""


class WebhookActive(Conflict):
    """409 "can't use getUpdates method while webhook is active": deleteWebhook ends it."""


class MarkupRefused(TelegramError):
    """400 "can't parse entities": the same text without markup will pass."""


class Unchanged(TelegramError):
    """400 "message is not modified": it already looks as asked."""


class TelegramRefused(TelegramError):
    """Any other 4xx: asking again will not help."""


class FileTooBig(TelegramRefused):
    """The file is above `most_bytes`. `telegrams`: that limit is Telegram's for bots, which only a Bot API server of
    one's own lifts; else it is the caller's own."""

    def __init__(self, most_bytes: int, *, telegrams: bool) -> None:
        whose = "Telegram gives to bots" if telegrams else "are taken"
        super().__init__(f"the file is larger than the {most_bytes:,} bytes that {whose}")
        self.most_bytes = most_bytes
        self.telegrams = telegrams


class ModelError(MaskaradError):
    """The language model gave no usable answer. `reason` is a word for owners and metrics:
    rate_limited, unavailable, timeout, unauthorized, no_credit, refused, empty. `taken` is what has to be paid for all
    the same: a try that the provider began to answer, or that nobody waited for any longer."""

    def __init__(self, reason: str, detail: str = "", *, taken: "tuple[Taken, ...]" = ()) -> None:
        super().__init__(f"model: {reason}{f' ({detail})' if detail else ''}")
        self.reason = reason
        self.taken = taken


class ModelRetryable(ModelError):
    """Worth another try, no sooner than `retry_after` seconds when the provider said so."""

    def __init__(
        self,
        reason: str,
        detail: str = "",
        retry_after: float | None = None,
        *,
        taken: "tuple[Taken, ...]" = (),
    ) -> None:
        super().__init__(reason, detail, taken=taken)
        self.retry_after = retry_after


class ModelKeyRejected(ModelError):
    """This API key is no good (401, 402, 403); another one may be."""


class ModelRejected(ModelError):
    """This model will not take this request (400, 404, 422); another model may."""
