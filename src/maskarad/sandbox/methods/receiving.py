"""How a bot gets its updates: polling or a webhook, never both."""

import re
from typing import Any

from maskarad.sandbox.methods.call import Call, Described
from maskarad.sandbox.refusal import bad_request, conflict
from maskarad.sandbox.updates import UPDATE_KINDS
from maskarad.sandbox.world import Body, Webhook

_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s]*")


async def get_updates(call: Call) -> list[Body]:
    if call.bot.webhook is not None:
        raise conflict(
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        )
    mailbox = call.telegram.mailbox(call.bot)
    _remember_allowed(call)
    if offset := call.params.integer("offset"):
        mailbox.confirm(offset)
        call.telegram.touch()
    limit = min(max(call.params.integer("limit", 100), 1), 100)
    return await mailbox.poll(limit, max(call.params.integer("timeout"), 0))


def set_webhook(call: Call) -> Described:
    """Plain http is taken too, because the sandbox serves machines that talk to themselves."""
    url = call.params.text("url").strip()
    if not url:
        return delete_webhook(call)
    if not _ADDRESS.fullmatch(url):
        raise bad_request("bad webhook: invalid webhook URL specified")
    secret = call.params.text("secret_token")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    _remember_allowed(call)
    most = min(max(call.params.integer("max_connections", 40), 1), 100)
    _drop_if_asked(call)
    wanted, present = Webhook(url, secret or None, most), call.bot.webhook
    if present is not None and _same(wanted, present):
        return Described(True, "Webhook is already set")
    call.bot.webhook = wanted
    mailbox = call.telegram.mailbox(call.bot)
    mailbox.end_poll(conflict("terminated by setWebhook request"))
    call.telegram.touch()
    call.telegram.watch_webhook(mailbox)
    return Described(True, "Webhook was set")


def _same(one: Webhook, other: Webhook) -> bool:
    shape = (one.url, one.secret_token, one.max_connections)
    return shape == (other.url, other.secret_token, other.max_connections)


def delete_webhook(call: Call) -> Described:
    was_set = call.bot.webhook is not None
    call.bot.webhook = None
    _drop_if_asked(call)
    call.telegram.touch()
    mailbox = call.telegram.mailbox(call.bot)
    mailbox.bell.ring()
    return Described(True, "Webhook was deleted" if was_set else "Webhook is already deleted")


def get_webhook_info(call: Call) -> Body:
    hook = call.bot.webhook
    info: Body = {
        "url": hook.url if hook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(call.bot.pending),
    }
    if hook is not None:
        info["max_connections"] = hook.max_connections
        if hook.last_error_at is not None:
            info |= {"last_error_date": hook.last_error_at, "last_error_message": hook.last_error}
    if call.bot.allowed_updates:
        info["allowed_updates"] = call.bot.allowed_updates
    return info


def _drop_if_asked(call: Call) -> None:
    if call.params.flag("drop_pending_updates"):
        call.bot.pending.clear()


def _remember_allowed(call: Call) -> None:
    """An empty list means the default kinds again; unknown names are passed over."""
    given: list[Any] | None = call.params.array("allowed_updates", "allowed updates")
    if given is not None:
        known = [kind for kind in given if isinstance(kind, str) and kind in UPDATE_KINDS]
        call.bot.allowed_updates = known or None
