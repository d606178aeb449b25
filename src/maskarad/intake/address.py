"""To whom is a sentence said? By where a name stands in it, and in which case."""

import re

from maskarad.memory.language import is_common

_LEADING = (
    "агов авжеж ало бачите блін боже буває взагалі видно вибач вибачте вітаю власне вочевидь годі горе господи ґвалт "
    "даруйте дивіться дивно дівчата друзі звичайно звісно здається зрозуміло значить капець клас класно колеги "
    "коротше круто мабуть можливо молодець народ наприклад напевно нарешті ого окей отаке отже отож панове "
    "перепрошую підкажіть погоджуюсь подивись пожди почекай почекайте правда прикро прошу скажи скажіть слава "
    "слухайте смішно спершу справді спокійно стоп стривай супер тобто точно тоді удачі усім ура факт хлопці цікаво "
    "чекай чекайте чесно чуєте чуєш шкода щиро ясно бывает верно вернее видимо видишь внимание вообще впрочем "
    "девочки девчата девушки действительно дорогие друзья жаль ждите забавно здорово здравствуйте значит интересно "
    "конечно коллеги кажется класс мальчики молодец надеюсь например наверно наверное наконец нормально парни пацаны "
    "погоди погодите подожди подождите подскажите пойми понимаешь понятно похоже правильно прикольно прости простите "
    "разумеется ребят ребята серьёзно серьезно скажите слушайте смешно смотрите сначала согласен согласна спокойно "
    "странно тогда удачи чёрт черт честно actually afternoon agreed alas alright anyway apparently basically besides "
    "boys bro btw certainly clearly congrats cool course damn dear definitely dude everybody everyone evening "
    "exactly fair fact fine finally first folks friends frankly funny generally girls god good goodness great guess "
    "guys hmm honestly however huh imho indeed instead interesting interestingly ladies later lately listen look "
    "lucky man maybe meanwhile morning nah naturally nice obviously oddly otherwise oops people perfect perhaps "
    "personally possibly probably right sad sadly seriously similarly sometimes somehow soon sorry strange surely "
    "surprisingly team therefore though tonight true unfortunately usually wait welcome whatever wow yet"
)
_LEADS = frozenset(_LEADING.split())
"""Beside the commonest words, what stands before a comma at the beginning and is nobody's name."""

_LEAD = re.compile(r"\W*(?P<name>[^\W\d_]{3,}(?:[-'’][^\W\d_]+)?)(?: [^\W\d_a-zа-яёєіїґ][^\W\d_]+)?\s*,")
_TO_ONE = re.compile(
    r"\b(?:ти|тебе|тобі|тобою|твій|твоя|твоє|твої|твого|твою|ты|тебя|тебе|тобой|твой|твоё|твое|твои|твоего|you|your|u)\b",
    re.I,
)
_PLEASE = re.compile(
    r"\b(?:роз?кажи|скажи|спитай|запитай|спроси|поклич|позови|порадь|посоветуй|підкажи|подскажи|поясни|объясни|"
    r"допоможи|помоги|передай|нагадай|напомни|дай|tell|say|ask|call|explain|help)(?:те)?\b",
    re.I,
)
_ASKS = re.compile(
    r"\?|\A\W*+(?:(?:а|і|и|and)\s*+)?(?:хто|що|як|де|коли|чому|кто|что|как|где|когда|почему|чи|ли)\b", re.I
)
_BEGINS = re.compile(r"(?:^|[.!?…\n])\W*$")
_STOPS_BEFORE = re.compile(r"[,.!?:;…()«»\"“”\n—–-]\s*$")
_STOPS_AFTER = re.compile(r"\s*(?:[,.!?:;…()«»\"“”\n—–-]|$)")
_NEAR = 20
"""Letters beside a name that are looked at."""
_OF_SOMEBODY = re.compile(
    r"\b(?:without|about|with|like|from|of|than|by|без|про|о|об|від|от|з|із|с|для|у|в|до)\s+$", re.I
)


def calls_another(text: str) -> bool:
    """Whether it begins with somebody's name and a comma. Whose, is not known here: not the persona's."""
    found = _LEAD.match(text)
    if found is None or (lead := found["name"].lower()) in _LEADS or is_common(lead):
        return False
    return found["name"][0].isupper() or _TO_ONE.search(text, found.end()) is not None


def may_call(text: str) -> bool:
    """Whether it asks or tells somebody something, so that whoever is named in it may be meant."""
    return any(sign.search(text) for sign in (_ASKS, _TO_ONE, _PLEASE))


def is_spoken_of(found: re.Match[str], oblique: frozenset[str]) -> bool:
    """Whether nobody would call like that: the name is not at a sentence's beginning nor set off by commas, and stands
    in a case in which one is spoken of, or behind a word that asks for it. In doubt the persona is called."""
    before = found.string[max(0, found.start() - _NEAR) : found.start()]
    after = found.string[found.end() : found.end() + _NEAR]
    if _BEGINS.search(before) or (_STOPS_BEFORE.search(before) and _STOPS_AFTER.match(after)):
        return False
    return found[0] in oblique or _OF_SOMEBODY.search(before) is not None or after.startswith(("'s ", "’s "))
