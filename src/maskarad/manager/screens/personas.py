"""The list of personas, a persona's card, and the question before it is deleted."""

from maskarad.manager.callbacks import button
from maskarad.manager.screens.fixed import Fixed
from maskarad.manager.screens.parts import back, built_once, page_of, pager, shortened
from maskarad.texts import Words
from maskarad.values import CHARACTER_FIELDS, READY_MOODS, Account, Keyboard, Mood, OwnedPersona, PersonaDraft, Screen

PAGE_SIZE = 6
SHOWN_DESCRIPTION = 600


def persona_list(fixed: Fixed, account: Account, page: int) -> Screen:
    if not account.owned:
        return fixed.no_personas
    words = fixed.words
    page, shown = page_of(account.owned, page, PAGE_SIZE)
    rows = tuple((button(_list_label(each), "p", each.persona.id),) for each in shown)
    keyboard = (
        *rows,
        *pager(page, len(account.owned), PAGE_SIZE, "ps"),
        (button(words.get("button.create"), "wz"),),
        back(words, "m"),
    )
    return Screen(html=words.html("personas.title", count=len(account.owned)), keyboard=keyboard)


def _list_label(owned: OwnedPersona) -> str:
    return f"🎭 {owned.persona.name} · @{owned.bot.username}" if owned.bot else f"🎭 {owned.persona.name}"


def card(words: Words, owned: OwnedPersona) -> Screen:
    persona, bot = owned.persona, owned.bot
    about_bot = words.html("card.bot", bot=bot.username) if bot else words.html("card.no_bot")
    keyboard = _card_keyboard(words, persona.id, bot is not None)
    return Screen(html=f"{described(words, persona.content)}\n\n{about_bot}", keyboard=keyboard)


@built_once
def _card_keyboard(words: Words, persona_id: int, has_bot: bool) -> Keyboard:
    to_bot = ("button.bot", "b") if has_bot else ("button.bind", "bn")
    return (
        (button(words.get(to_bot[0]), to_bot[1], persona_id),),
        (button(words.get("button.edit"), "e", persona_id), button(words.get("button.delete"), "pd", persona_id)),
        back(words, "ps", 0),
    )


def delete_question(words: Words, owned: OwnedPersona) -> Screen:
    persona = owned.persona
    key = "delete.question_with_bot" if owned.bot else "delete.question"
    return Screen(html=words.html(key, name=persona.name), keyboard=_delete_keyboard(words, persona.id))


@built_once
def _delete_keyboard(words: Words, persona_id: int) -> Keyboard:
    return ((button(words.get("button.delete_yes"), "py", persona_id),), back(words, "p", persona_id))


def described(words: Words, draft: PersonaDraft) -> str:
    """All of a persona in a few lines of Telegram HTML."""
    told = sum(bool(getattr(draft.character, field)) for field in CHARACTER_FIELDS)
    about = words.html(
        "card.text",
        style=words.get(f"style.{draft.style}"),
        verbosity=words.get(f"verbosity.{draft.verbosity}"),
        group_reply=words.get(f"group_reply.{draft.group_reply}"),
        reply_messages=draft.reply_messages,
        spontaneity=words.get(f"spontaneity.{draft.spontaneity}"),
        moods=", ".join(mood_name(words, mood) for mood in draft.moods) or words.get("word.none"),
        model=draft.model or words.get("word.default"),
        temperature=draft.temperature,
        told=told,
        fields=len(CHARACTER_FIELDS),
    )
    description = words.html("card.description", text=shortened(draft.description, SHOWN_DESCRIPTION))
    parts = (words.html("card.name", name=draft.name), description if draft.description else "", about)
    return "\n\n".join(filter(None, parts))


def mood_name(words: Words, mood: Mood) -> str:
    return words.get(f"mood.{mood.key}.name") if mood.key in READY_MOODS else mood.name
