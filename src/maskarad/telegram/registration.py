"""One thing to tell Telegram of a bot's webhook."""

import hashlib
import hmac
from typing import Any

import msgspec

from maskarad.values import JsonObject, Token


class Registration:
    """One call of `method`. The fingerprint tells it from every other one, and nothing of the token or the secret."""

    def __init__(self, bot_id: int, token: Token, method: str, params: JsonObject) -> None:
        self.bot_id = bot_id
        self.token = token
        self.method = method
        self.params = params
        whole = msgspec.json.encode(params, order="deterministic")
        self.fingerprint = hmac.new(token.reveal().encode(), whole, hashlib.sha256).hexdigest()

    @property
    def is_removal(self) -> bool:
        return self.method == "deleteWebhook"

    def is_what(self, found: Any) -> bool:
        """Whether Telegram's `getWebhookInfo` says that it is so; the secret it does not tell."""
        if not isinstance(found, dict) or found.get("url") != self.params["url"]:
            return False
        return set(found.get("allowed_updates", ())) == set(self.params["allowed_updates"])
