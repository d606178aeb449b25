"""The flood limits of all processes: the windows and pauses of `limits.py`, kept in Redis by Redis' own clock."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from maskarad.telegram.limits import Rate, Wait

if TYPE_CHECKING:
    from maskarad.redis_scripts import RedisScripts

_TAKE = """
-- KEYS: the chat's pause, what was sent to the chat, what the bot has sent (microseconds, the newest first).
-- ARGV: how many windows the chat has, then of each window its count and microseconds, the chat's first.
-- Returns the microseconds of the pause, of the chat's windows and of the bot's; all 0: one message is counted.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local first_of_bot = 2 + 2 * ARGV[1]

local function wait(key, first, last)
  local longest = 0
  for i = first, last, 2 do
    local at = tonumber(redis.call('LINDEX', key, ARGV[i] - 1) or 0)
    -- What lies in the future was counted by a clock that has been set back since.
    if at <= now then longest = math.max(longest, at + ARGV[i + 1] - now) end
  end
  return longest
end

local function count(key, first, last)
  local most, longest = 0, 0
  for i = first, last, 2 do
    most = math.max(most, tonumber(ARGV[i]))
    longest = math.max(longest, tonumber(ARGV[i + 1]))
  end
  if most > 0 then
    redis.call('LPUSH', key, string.format('%.0f', now))
    redis.call('LTRIM', key, 0, most - 1)
    redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(longest / 1000)))
  end
end

local pause = math.max(0, redis.call('PTTL', KEYS[1])) * 1000
local chat = wait(KEYS[2], 2, first_of_bot - 1)
local bot = wait(KEYS[3], first_of_bot, #ARGV)
if pause == 0 and chat <= 0 and bot <= 0 then
  count(KEYS[2], 2, first_of_bot - 1)
  count(KEYS[3], first_of_bot, #ARGV)
end
return {pause, chat, bot}
"""

_PAUSE = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
end
return {0}
"""

_PAUSED = """
return {math.max(0, redis.call('PTTL', KEYS[1]))}
"""


class RedisLimits:
    """Nothing of a message goes to Redis: ids of bots and chats, and times."""

    def __init__(self, scripts: "RedisScripts") -> None:
        self._take = scripts.script(_TAKE)
        self._pause = scripts.script(_PAUSE)
        self._paused = scripts.script(_PAUSED)

    async def take(self, bot_id: int, chat_id: int, *, of_bot: Sequence[Rate], of_chat: Sequence[Rate]) -> Wait | None:
        """As `limits.Shared.take`."""
        values = [len(of_chat), *_numbers(of_chat), *_numbers(of_bot)]
        answer = await self._take((_pause_key(bot_id, chat_id), _chat_key(bot_id, chat_id), _bot_key(bot_id)), values)
        return None if answer is None else Wait(*(microseconds / 1e6 for microseconds in answer))

    async def paused_for(self, bot_id: int, chat_id: int) -> float:
        """As `limits.Shared.paused_for`."""
        answer = await self._paused((_pause_key(bot_id, chat_id),), ())
        return 0.0 if answer is None else answer[0] / 1e3

    def pause(self, bot_id: int, chat_id: int, seconds: float) -> None:
        """As `limits.Shared.pause`."""
        self._pause.tell((_pause_key(bot_id, chat_id),), (max(1, round(seconds * 1e3)),))


def _numbers(rates: Sequence[Rate]) -> list[int]:
    return [number for rate in rates for number in (rate.messages, round(rate.seconds * 1e6))]


def _bot_key(bot_id: int) -> str:
    return f"sent:{bot_id}"


def _chat_key(bot_id: int, chat_id: int) -> str:
    return f"sent:{bot_id}:{chat_id}"


def _pause_key(bot_id: int, chat_id: int) -> str:
    return f"paused:{bot_id}:{chat_id}"
