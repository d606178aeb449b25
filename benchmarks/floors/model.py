"""The model as both stock bots ask it: one shared client of the `openai` SDK on its aiohttp backend, not streamed."""

import os

from openai import AsyncOpenAI, DefaultAioHttpClient

MODEL = "openai/gpt-4o-mini"


class Model:
    """To be made inside the event loop that uses it."""

    def __init__(self) -> None:
        self._client = AsyncOpenAI(
            base_url=os.environ["LLM_BASE_URL"],
            api_key=os.environ["LLM_API_KEY"],
            http_client=DefaultAioHttpClient(),
        )

    async def answer(self, text: str) -> str:
        completion = await self._client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": text}]
        )
        return completion.choices[0].message.content or ""

    async def close(self) -> None:
        await self._client.close()
