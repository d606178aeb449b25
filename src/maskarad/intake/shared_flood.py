"""Who asks too fast, counted over all processes: the windows of `flood.py`, kept in Redis."""

from typing import TYPE_CHECKING

from maskarad.intake.flood import CHAT_MOST, REMEMBERED_SECONDS, window_kept
from maskarad.values import Incoming

if TYPE_CHECKING:
    from maskarad.redis_scripts import RedisScripts

_ASK = """
-- KEYS: the message, what its sender has asked here, what everybody has (when it was sent, the newest first).
-- ARGV: how much one may ask, how much everybody may, within how many seconds, when the message was sent, 1 when only
-- its sender counts, for how many seconds a message and a window are kept. Returns 1 for one too many.
local known = redis.call('GET', KEYS[1])
if known then return {tonumber(known)} end

local function too_many(key, most)
  local first = redis.call('LINDEX', key, most - 1)
  redis.call('LPUSH', key, ARGV[4])
  redis.call('LTRIM', key, 0, most - 1)
  redis.call('EXPIRE', key, ARGV[7])
  return first and tonumber(first) > ARGV[4] - ARGV[3]
end

local result = '0'
if too_many(KEYS[2], ARGV[1]) then
  result = '1'
elseif too_many(KEYS[3], ARGV[2]) and ARGV[5] == '0' then
  result = '1'
end
redis.call('SET', KEYS[1], result, 'EX', ARGV[6])
return {tonumber(result)}
"""


class RedisFloods:
    """Nothing of a message goes to Redis: ids of bots, chats and people, and times."""

    def __init__(self, scripts: "RedisScripts") -> None:
        self._ask = scripts.script(_ASK)

    async def asks(self, message: Incoming, *, most: int, seconds: float, alone: bool) -> bool | None:
        """As `flood.SharedFloods.asks`."""
        chat = f"{message.bot_id}:{message.chat.id}"
        keys = (f"counted:{chat}:{message.message_id}", f"asked:{chat}:{message.sender.id}", f"asked:{chat}")
        kept = round(REMEMBERED_SECONDS), round(window_kept(seconds))
        values = (most, CHAT_MOST * most, seconds, message.sent_at, int(alone), *kept)
        answer = await self._ask(keys, values)
        return None if answer is None else answer[0] == 1
