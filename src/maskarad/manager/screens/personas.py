"""Profile, the list of personas, a persona's card, and the question before it is deleted."""

from maskarad.manager.callbacks import button
from maskarad.manager.screens.fixed import Fixed
from maskarad.manager.screens.parts import back, page_of, pager, shortened
from maskarad.texts import Words
from maskarad.values import CHARACTER_FIELDS, READY_MOODS, Account, Mood, OwnedPersona, PersonaDraft, Screen

PAGE_SIZE = 6
SHOWN_DESCRIPTION = 600


def profile(fixed: Fixed, account: Account, *, limit: int, calls: int) -> Screen:
    words = fixed.words
    html = words.html(
        "profile.text",
        name=account.user.name,
        used=len(account.owned),
        limit=limit,
        calls=calls,
        language=words.get(f"language.{words.language}"),
    )
    return Screen(html=html, keyboard=fixed.profile_keyboard)


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
    to_bot = (
        button(words.get("button.bot"), "b", persona.id) if bot else button(words.get("button.bind"), "bn", persona.id)
    )
    keyboard = (
        (to_bot,),
        (button(words.get("button.edit"), "e", persona.id), button(words.get("button.delete"), "pd", persona.id)),
        back(words, "ps", 0),
    )
    return Screen(html=f"{described(words, persona.content)}\n\n{about_bot}", keyboard=keyboard)


def delete_question(words: Words, owned: OwnedPersona) -> Screen:
    persona = owned.persona
    key = "delete.question_with_bot" if owned.bot else "delete.question"
    keyboard = ((button(words.get("button.delete_yes"), "py", persona.id),), back(words, "p", persona.id))
    return Screen(html=words.html(key, name=persona.name), keyboard=keyboard)


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
