"""What the model is asked, put together from the rows for every answer."""

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.before.models import BotInstance, ChatBotInstance, ChatContext

TITLES = {
    "biography": "Your story",
    "traits": "Your character",
    "speech": "How you speak",
    "likes": "You like",
    "dislikes": "You dislike",
    "goals": "You want",
    "taboos": "You never talk about",
}

Message = dict[str, str]


def build_messages(bot: BotInstance, link: ChatBotInstance, history: Sequence[ChatContext]) -> list[Message]:
    return [{"role": "system", "content": _system(bot, link)}, *map(_said, history)]


def _system(bot: BotInstance, link: ChatBotInstance) -> str:
    persona = bot.persona_config
    content: dict[str, Any] = json.loads(persona.content)
    lines = [f"You are {persona.name}, a fictional character in a Telegram chat. Never leave the role."]
    if content["description"]:
        lines.append(f"About {persona.name}: {content['description']}")
    lines += [
        f"{title}: {content['character'][field]}" for field, title in TITLES.items() if content["character"][field]
    ]
    lines.append(f"Tone: {content['style']}. Length: {content['verbosity']}. Language: {content['language']}.")
    lines.append(f"Moods you know: {', '.join(mood['name'] or mood['key'] for mood in content['moods'])}.")
    if link.chat_type != "private":
        lines.append(f"This is the group {link.title!r}. People call you {persona.name} or @{bot.username}.")
    lines.append(
        'Answer with one JSON object, {"response": ["first message", "second message"]}, '
        f"of at most {content['reply_messages']} messages."
    )
    return "\n".join(lines)


def _said(line: ChatContext) -> Message:
    if line.from_persona:
        return {"role": "assistant", "content": line.text}
    return {"role": "user", "content": f"{line.user_name}: {line.text}"}
