"""Webhooks: the platform's route for every bot, and telling Telegram of it."""

import hmac

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.before.database import GetDb
from benchmarks.before.dispatch import Dispatcher
from benchmarks.before.polling import ALLOWED_UPDATES
from benchmarks.before.queries import get_bot_by_public_id, get_running_bots
from benchmarks.before.settings import Settings
from maskarad.telegram.bots import webhook_identity
from maskarad.values import Token
from maskarad.vault import Vault

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Webhooks:
    def __init__(self, settings: Settings, get_db: GetDb, vault: Vault, dispatcher: Dispatcher) -> None:
        self._settings = settings
        self._get_db = get_db
        self._vault = vault
        self._dispatcher = dispatcher
        self._manager = webhook_identity(Token(settings.token))

    def build_app(self) -> Starlette:
        return Starlette(routes=[Route("/telegram/{public_id}", self._receive, methods=["POST"])])

    async def register(self) -> None:
        """setWebhook for the manager bot and every bot that runs."""
        with self._get_db() as db:
            bots = [(self._vault.open(bot.token).reveal(), bot.public_id, bot.secret) for bot in get_running_bots(db)]
        manager = (self._settings.token, self._manager.public_id, self._manager.secret)
        for token, public_id, secret in (manager, *bots):
            await self._dispatcher.pooled_bot(token).set_webhook(
                f"{self._settings.webhook_url_base}/telegram/{public_id}",
                secret_token=secret,
                allowed_updates=ALLOWED_UPDATES,
            )

    async def _receive(self, request: Request) -> Response:
        """200 as soon as the update is in hand, as python-telegram-bot's own server does it."""
        found = self._find(request.path_params["public_id"])
        if found is None:
            return Response(status_code=404)
        token, secret = found
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(), secret.encode()):
            return Response(status_code=401)
        self._dispatcher.take(token, await request.json())
        return Response()

    def _find(self, public_id: str) -> tuple[str, str] | None:
        """Token and secret."""
        if public_id == self._manager.public_id:
            return self._settings.token, self._manager.secret
        with self._get_db() as db:
            bot = get_bot_by_public_id(db, public_id)
            return None if bot is None else (self._vault.open(bot.token).reveal(), bot.secret)
