"""Who lives in the replayed chat, and how each of them writes."""

from collections.abc import Mapping

from maskarad.values import Value

OWNER = "Оксана"
PERSONA = "Устим"
PERSONA_USERNAME = "ustym_replay_bot"
BULLETIN = "Вісник"
BULLETIN_USERNAME = "visnyk_replay_bot"
NAMES = {"uk": ("Устиме", "Устима"), "ru": ("Устим", "Устима"), "en": (PERSONA, PERSONA)}
"""Of the persona, by language: how it is called, and how it is spoken of."""

_MORNING = tuple(range(6, 12))
_DAY = tuple(range(9, 18))
_EVENING = tuple(range(17, 23))
_NIGHT = (22, 23, 0, 1, 2)


class Person(Value, frozen=True):
    """`languages` are shares of what the person writes, `hours` those in which they mostly write, by the chat's clock;
    `talkative` is how likely they are to be heard beside the others. Shares are 0 to 1."""

    id: int
    name: str
    languages: Mapping[str, float]
    hours: tuple[int, ...]
    talkative: float
    feminine: bool = False
    emoji: str = ""
    emoji_share: float = 0.0
    careless: float = 0.3
    """How often the first letter is small and the full stop is left out."""
    wordy: float = 0.2
    """How often one sentence is not enough."""
    likes: tuple[str, ...] = ()
    """Topics they start on more than on others."""


PEOPLE = (
    Person(
        id=2001,
        name=OWNER,
        languages={"uk": 1.0},
        hours=(*_MORNING, *_EVENING),
        talkative=1.4,
        feminine=True,
        emoji="🙂🌿☕",
        emoji_share=0.2,
        likes=("tea", "food"),
    ),
    Person(id=2002, name="Bob", languages={"en": 1.0}, hours=_DAY, talkative=0.9, careless=0.2, likes=("mountains",)),
    Person(
        id=2003,
        name="Тарас",
        languages={"uk": 1.0},
        hours=(*_EVENING, *_NIGHT),
        talkative=1.5,
        emoji="😂🤣",
        emoji_share=0.25,
        careless=0.6,
        likes=("films", "football"),
    ),
    Person(
        id=2004,
        name="Марина",
        languages={"ru": 1.0},
        hours=(*_DAY, *_EVENING),
        talkative=1.2,
        feminine=True,
        emoji="❤️🥰😊",
        emoji_share=0.5,
        likes=("cats", "food"),
    ),
    Person(
        id=2005,
        name="Діма",
        languages={"uk": 0.6, "ru": 0.4},
        hours=(*_DAY, *_NIGHT),
        talkative=1.3,
        careless=0.95,
        wordy=0.05,
        likes=("work",),
    ),
    Person(
        id=2006,
        name="Светлана",
        languages={"ru": 1.0},
        hours=_MORNING,
        talkative=0.7,
        feminine=True,
        careless=0.0,
        wordy=0.5,
        likes=("tea", "city"),
    ),
    Person(
        id=2007,
        name="Emma",
        languages={"en": 0.9, "uk": 0.1},
        hours=(*_DAY, 18, 19),
        talkative=0.8,
        feminine=True,
        emoji="✨😄🎉",
        emoji_share=0.4,
        likes=("music", "cats"),
    ),
    Person(
        id=2008,
        name="Павло",
        languages={"uk": 0.9, "ru": 0.1},
        hours=(*_DAY, *_EVENING),
        talkative=1.0,
        careless=0.5,
        likes=("city", "work"),
    ),
    Person(
        id=2009,
        name="Ігор",
        languages={"ru": 0.7, "uk": 0.3},
        hours=_EVENING,
        talkative=0.9,
        careless=0.4,
        likes=("football",),
    ),
    Person(
        id=2010,
        name="Леся",
        languages={"uk": 1.0},
        hours=(*_MORNING, *_EVENING),
        talkative=0.9,
        feminine=True,
        emoji="🎶💛",
        emoji_share=0.2,
        wordy=0.5,
        likes=("music", "mountains"),
    ),
    Person(
        id=2011,
        name="Женя",
        languages={"ru": 0.8, "en": 0.2},
        hours=(*_EVENING, *_NIGHT),
        talkative=0.5,
        careless=0.9,
        wordy=0.0,
        likes=("films",),
    ),
)
SPAMMERS = (
    Person(id=2901, name="Crypto Anna", languages={"en": 0.4, "ru": 0.6}, hours=_DAY, talkative=0.0, careless=0.0),
    Person(id=2902, name="Легкі гроші", languages={"uk": 1.0}, hours=_NIGHT, talkative=0.0, careless=0.0),
)
BOT = Person(id=2999, name=BULLETIN, languages={"uk": 1.0}, hours=(), talkative=0.0, careless=0.0)
ALL = {person.id: person for person in (*PEOPLE, *SPAMMERS, BOT)}
