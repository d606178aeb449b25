"""What a provider's refusal means for us: the one place where status codes become our errors.

A provider's own words never go into an error's text: they can repeat the key ("Incorrect API key provided: …") or
the person's message. Only the status and a code word such as `model_not_found` do.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from maskarad.errors import ModelError, ModelKeyRejected, ModelRejected, ModelRetryable

DROPPED_UNNAMED = frozenset({"response_format", "stream_options"})
"""What is left out when a server refuses a request without naming what it dislikes."""
OPTIONAL = DROPPED_UNNAMED | {"temperature", "max_tokens"}
"""Parameters that a request can do without; each is refused by some server or model."""

_CODE_WORD = re.compile(r"[a-z_]{1,40}")


class OptionRefused(ModelRejected):
    """The server refuses optional parameters; without `options` the same request may pass."""

    def __init__(self, detail: str, options: frozenset[str]) -> None:
        super().__init__("refused", detail)
        self.options = options


def from_status(
    status: int, body: object, *, retry_after: float | None = None, sent: Collection[str] = ()
) -> ModelError:
    """The error for an HTTP status, or for the same number inside an event stream. `body` is the parsed answer or
    its `error` part, `sent` the names of the parameters that were in the request."""
    error = _error_part(body)
    detail = _detail(status, error)
    if status in (401, 402, 403):
        return _about_the_key(status, error, detail)
    if status == 429:
        if error.get("code") == "insufficient_quota":
            return ModelKeyRejected("no_credit", detail)
        return ModelRetryable("rate_limited", detail, retry_after)
    if status in (408, 504):
        return ModelRetryable("timeout", detail, retry_after)
    if status >= 500 or status in (409, 425):
        return ModelRetryable("unavailable", detail, retry_after)
    return _about_the_request(status, error, detail, sent)


def _about_the_key(status: int, error: Mapping[str, Any], detail: str) -> ModelError:
    if status == 402:
        return ModelKeyRejected("no_credit", detail)
    metadata = error.get("metadata")
    if status == 403 and isinstance(metadata, dict) and "reasons" in metadata:
        # OpenRouter's moderation: it is this text that is unwelcome, the key is fine.
        return ModelRejected("refused", detail)
    return ModelKeyRejected("unauthorized", detail)


def _about_the_request(status: int, error: Mapping[str, Any], detail: str, sent: Collection[str]) -> ModelError:
    words = f"{error.get('message')} {error.get('param')}"
    options = frozenset(option for option in OPTIONAL.intersection(sent) if option in words)
    if not options and status in (400, 422):
        options = DROPPED_UNNAMED.intersection(sent)
    return OptionRefused(detail, options) if options else ModelRejected("refused", detail)


def _error_part(body: object) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        return {"message": body}
    inner = body.get("error", body)
    return inner if isinstance(inner, dict) else {"message": inner}


def _detail(status: int, error: Mapping[str, Any]) -> str:
    code = error.get("code")
    return f"{status} {code}" if isinstance(code, str) and _CODE_WORD.fullmatch(code) else str(status)
