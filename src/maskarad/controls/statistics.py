"""/stats and /analytics: a chat in numbers and as a picture, for those who are in charge of it."""

from collections.abc import Awaitable, Callable, Mapping

from maskarad.analytics.figures import days_until, glance, zone_of
from maskarad.analytics.orders import OfChat, Orders, Picture, Place
from maskarad.analytics.wording import chat_in_words
from maskarad.controls.desk import Answer, ControlDesk, React
from maskarad.db import Connection, statistics
from maskarad.memory.stats import ChatStats, DayOfChat
from maskarad.texts import Words
from maskarad.values import Bot, ChatType, Incoming, Screen


class Statistics:
    """`learn` brings what was said last in a link into its statistics; `zone` is the clock (an IANA name) of chats that
    have chosen none."""

    def __init__(
        self, desk: ControlDesk, orders: Orders, *, learn: Callable[[int], Awaitable[object]], zone: str
    ) -> None:
        self._desk = desk
        self._orders = orders
        self._learn = learn
        self._zone = zone
        self.commands: Mapping[str, Answer] = {"stats": self._stats, "analytics": self._analytics}
        self.buttons: Mapping[str, React] = {}

    async def _stats(self, bot: Bot, message: Incoming, words: Words) -> Screen | None:
        desk = self._desk
        if not await desk.is_in_charge(bot, message.chat, message.sender):
            return Screen(html=words.html("persona.administrators_only"))
        persona = await desk.persona(bot.persona_id)
        link = await desk.links.ensure(bot, message.chat)
        await self._learn(link.id)
        first, today = days_until(desk.clock())

        def read(connection: Connection) -> tuple[ChatStats, dict[int, DayOfChat], str | None]:
            return (
                statistics.chat_stats(connection, link.id),
                statistics.days(connection, link.id, first, today),
                statistics.time_zone(connection, link.id),
            )

        stats, days, chosen = await desk.database.read(read)
        zone = zone_of(chosen or self._zone)
        title = message.chat.title or stats.title or persona.name
        return Screen(html=chat_in_words(words, title, stats, glance(days, zone, today), zone))

    async def _analytics(self, bot: Bot, message: Incoming, words: Words) -> Screen | None:
        """The picture follows when it is drawn."""
        desk = self._desk
        if not await desk.is_in_charge(bot, message.chat, message.sender):
            return Screen(html=words.html("persona.administrators_only"))
        persona = await desk.persona(bot.persona_id)
        link = await desk.links.ensure(bot, message.chat)
        reply_to = None if message.chat.type is ChatType.PRIVATE else message.message_id
        picture = Picture(
            place=Place(bot_id=bot.id, chat_id=message.chat.id, reply_to=reply_to),
            subject=OfChat(link_id=link.id, persona=persona.name, title=message.chat.title or persona.name),
            language=words.language,
        )
        taken = await self._orders.take(picture, owner_id=bot.owner_id)
        return None if taken else Screen(html=words.html("analytics.still_drawing"))
