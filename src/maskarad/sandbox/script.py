"""The scripted persona: the same request gives the same answer, in the language it was spoken to."""

import re
from zlib import crc32

import msgspec

from maskarad.sandbox.facts import OWN_NAME, Fact, asked_thing, recall, told_facts
from maskarad.sandbox.prompt_reading import Line, Prompt, language


class Spoken(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the platform asks a model for."""

    response: list[str] | tuple[str, ...] = msgspec.field(default_factory=tuple)
    reaction: str | None = None


_WHO = re.compile(
    r"who are you|your name|хто ти|як тебе зв|кто ты|как тебя зовут|як вас зв|как вас зовут", re.IGNORECASE
)
_HOW = re.compile(
    r"how are you|how do you feel|як справи|як ти\b|як настрій|как дела|как ты\b|как настроение", re.IGNORECASE
)
_HELLO = re.compile(
    r"\b(?:hello|hi|hey|good morning|привіт|вітаю|добрий день|привет|здравствуй\w*|/start)\b|^/start", re.IGNORECASE
)
_THANKS = re.compile(r"\b(?:thanks|thank you|дякую|спасибі|спасибо)\b", re.IGNORECASE)
_LAUGH = re.compile(r"\b(?:haha\w*|lol|хаха\w*|ахах\w*)\b|😂|🤣", re.IGNORECASE)
_QUESTION = re.compile(
    r"\?|^\s*(?:what|who|where|when|why|how|which|do|does|did|is|are|can|could|will|would|що|хто|де|коли|чому|як|який|яка|яке|"
    r"чи|что|кто|где|когда|почему|как|какой|какая|какое)\b",
    re.IGNORECASE,
)
_TOPIC = re.compile(r"[^\W\d_]{4,}")

_SAY: dict[str, dict[str, str]] = {
    "en": {
        "hello": "Hello{comma_speaker}! Good to see you.",
        "who": "I am {persona}.",
        "who_more": "Ask me anything.",
        "how": "My mood: {mood}. And you?",
        "how_plain": "I am fine, thank you. And you?",
        "thanks": "You are welcome!",
        "laugh": "Ha, good one!",
        "told_name": "Nice to meet you, {value}!",
        "told_naming": "I will remember: {whose} {thing} is called {value}.",
        "told_thing": "I will remember: {whose} {thing} — {value}.",
        "know_name": "Your name is {value}.",
        "know_naming": "{whose} {thing} is called {value}.",
        "know_thing": "I remember: {whose} {thing} — {value}.",
        "unknown": "I don't know. You have not told me yet.",
        "question0": "Let me think… I would say yes.",
        "question1": "Hard to say for sure. What do you think?",
        "question2": "Good question! I believe the answer is simpler than it looks.",
        "remark0": "I see. Tell me more about “{topic}”.",
        "remark1": "Interesting, “{topic}”… And then?",
        "remark2": "I like how you put it. What about “{topic}” matters most to you?",
        "remark_bare": "I am listening.",
    },
    "uk": {
        "hello": "Привіт{comma_speaker}! Радо поговорю з тобою.",
        "who": "Я — {persona}.",
        "who_more": "Питай про що завгодно.",
        "how": "Мій настрій: {mood}. А в тебе?",
        "how_plain": "У мене все добре, дякую. А в тебе?",
        "thanks": "Будь ласка!",
        "laugh": "Ха, добре сказано!",
        "told_name": "Приємно познайомитися, {value}!",
        "told_naming": "Запам'ятаю: {whose} {thing} звати {value}.",
        "told_thing": "Запам'ятаю: {whose} {thing} — {value}.",
        "know_name": "Тебе звати {value}.",
        "know_naming": "{whose} {thing} звати {value}.",
        "know_thing": "Пам'ятаю: {whose} {thing} — {value}.",
        "unknown": "Я не знаю. Про це ще не було мови.",
        "question0": "Дай подумати… Мабуть, так.",
        "question1": "Важко сказати напевно. А ти як гадаєш?",
        "question2": "Гарне питання! Думаю, відповідь простіша, ніж здається.",
        "remark0": "Розумію. Розкажи більше про «{topic}».",
        "remark1": "Цікаво, «{topic}»… І що далі?",
        "remark2": "Гарно сказано. Що для тебе тут найважливіше: «{topic}»?",
        "remark_bare": "Я слухаю.",
    },
    "ru": {
        "hello": "Привет{comma_speaker}! С радостью поговорю с тобой.",
        "who": "Я — {persona}.",
        "who_more": "Спрашивай о чём угодно.",
        "how": "Моё настроение: {mood}. А у тебя?",
        "how_plain": "У меня всё хорошо, спасибо. А у тебя?",
        "thanks": "Пожалуйста!",
        "laugh": "Ха, хорошо сказано!",
        "told_name": "Приятно познакомиться, {value}!",
        "told_naming": "Запомню: {whose} {thing} зовут {value}.",
        "told_thing": "Запомню: {whose} {thing} — {value}.",
        "know_name": "Тебя зовут {value}.",
        "know_naming": "{whose} {thing} зовут {value}.",
        "know_thing": "Помню: {whose} {thing} — {value}.",
        "unknown": "Я не знаю. Об этом ещё не было речи.",
        "question0": "Дай подумать… Пожалуй, да.",
        "question1": "Трудно сказать наверняка. А ты как думаешь?",
        "question2": "Хороший вопрос! Думаю, ответ проще, чем кажется.",
        "remark0": "Понимаю. Расскажи больше про «{topic}».",
        "remark1": "Интересно, «{topic}»… И что дальше?",
        "remark2": "Хорошо сказано. Что для тебя здесь важнее всего: «{topic}»?",
        "remark_bare": "Я слушаю.",
    },
}  # fmt: skip


def speak(prompt: Prompt) -> Spoken:
    """The persona's answer to the last line, knowing the others."""
    if prompt.may_be_silent and not _concerns(prompt):
        return Spoken()
    say = _SAY[language(prompt.lines, prompt.own_language)]
    told = told_facts([prompt.last])
    asked = asked_thing(prompt.last.text)
    if asked is not None:
        fact = recall(told_facts(prompt.lines), prompt.last.speaker, *asked)
        return Spoken([*([] if fact in told else _taken_in(say, told)), _recalled(say, fact)])
    other = _small_talk(prompt, say)
    if other is None and (not told or "?" in prompt.last.text):
        other = _other(prompt.last, say)
    return Spoken([*_taken_in(say, told), *(other.response if other else ())], other.reaction if other else None)


def _concerns(prompt: Prompt) -> bool:
    """Plainly not a question, and nobody named: then it is not for the persona."""
    text = prompt.last.text
    named = bool(prompt.persona) and prompt.persona.lower() in text.lower()
    return named or "@" in text or bool(_QUESTION.search(text))


def _recalled(say: dict[str, str], fact: Fact | None) -> str:
    if fact is None:
        return say["unknown"]
    if fact.thing == OWN_NAME:
        return say["know_name"].format(value=fact.value)
    said = say["know_naming" if fact.naming else "know_thing"]
    answer = said.format(whose=fact.whose, thing=fact.thing, value=fact.value)
    return answer[0].upper() + answer[1:]


def _small_talk(prompt: Prompt, say: dict[str, str]) -> Spoken | None:
    text = prompt.last.text
    if _WHO.search(text):
        return Spoken([say["who"].format(persona=prompt.persona or "Maskarad"), say["who_more"]])
    if _HOW.search(text):
        return Spoken([say["how"].format(mood=prompt.mood) if prompt.mood else say["how_plain"]])
    if _THANKS.search(text):
        return Spoken([say["thanks"]], reaction="❤")
    if _LAUGH.search(text):
        return Spoken([say["laugh"]], reaction="😁")
    return None


def _taken_in(say: dict[str, str], told: list[Fact]) -> list[str]:
    """A word on the last of what was told."""
    if not told:
        return []
    fact = told[-1]
    kind = "told_name" if fact.thing == OWN_NAME else "told_naming" if fact.naming else "told_thing"
    return [say[kind].format(whose=fact.whose, thing=fact.thing, value=fact.value)]


def _other(line: Line, say: dict[str, str]) -> Spoken:
    if _HELLO.search(line.text):
        return Spoken([say["hello"].format(comma_speaker=f", {line.speaker}" if line.speaker else "")])
    choice = crc32(line.text.encode("utf-8", "ignore")) % 3
    if _QUESTION.search(line.text):
        return Spoken([say[f"question{choice}"]])
    topics = _TOPIC.findall(line.text)
    if not topics:
        return Spoken([say["remark_bare"]])
    return Spoken([say[f"remark{choice}"].format(topic=max(topics, key=len))])
