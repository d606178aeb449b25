"""/me, /export_me, /forget_me: what the persona knows of a person, shown to nobody but that person."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from maskarad.controls.about_me import (
    EXPORT,
    FORGET,
    HABITS,
    ME,
    MENU,
    SUMMARY,
    AboutMe,
    choices,
    main_screen,
    mark_of,
    said_in,
)
from maskarad.controls.desk import Answer, ControlDesk, React
from maskarad.controls.exporting import Exporting
from maskarad.db import kept
from maskarad.memory.forgetting import Forgetting
from maskarad.memory.personalization import Learn, Personalization
from maskarad.memory.preferences import CHOICES, Stated, Wish
from maskarad.texts import Words
from maskarad.values import Bot, Button, ChatType, Incoming, Press, Screen, Sender

_YES, _NO = "1:forget:", "1:remember:"
TO_FORGET = frozenset(("forget_me", _YES, _NO))
"""What is for everybody, also for those whom the persona does not talk to any more."""

OWED = TO_FORGET | {"me", "export_me", ME}
"""What somebody whom an operator has stopped keeps: to see what is known of them, to take it with them, to erase it."""


LEARNT_AT_ONCE = 2_000
"""Lines that somebody who asks what is known of them waits for; the rest is learnt in the background."""


class Personal:
    """`zone` is the clock (an IANA name) in which a person's hours are told."""

    def __init__(
        self,
        desk: ControlDesk,
        personalization: Personalization,
        learn: Learn,
        exporting: Exporting,
        forgetting: Forgetting,
        *,
        zone: str,
    ) -> None:
        self._desk = desk
        self._personalization = personalization
        self._learn = learn
        self._exporting = exporting
        self._forgetting = forgetting
        self._zone = zone
        self.commands: Mapping[str, Answer] = {
            "me": self._me,
            "export_me": self._export_me,
            "forget_me": self._ask_to_forget,
        }
        self.buttons: Mapping[str, React] = {ME: self._press, _YES: self._forget, _NO: self._remember}

    async def _me(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        if message.chat.type is not ChatType.PRIVATE:
            return _in_private_only(bot, words)
        return await self._main(bot, message.sender, words)

    async def _export_me(self, bot: Bot, message: Incoming, words: Words) -> Screen | None:
        if message.chat.type is not ChatType.PRIVATE:
            return _in_private_only(bot, words)
        taken = await self._exporting.take(bot, message.sender, words.language)
        return None if taken else Screen(html=words.html("me.file_under_way"))

    async def _ask_to_forget(self, bot: Bot, message: Incoming, words: Words) -> Screen:
        return _question(bot, message.sender, words)

    async def _press(self, bot: Bot, press: Press, words: Words) -> str | None:
        """Where the buttons are shown there is only one person to press them; elsewhere they are somebody's forgery."""
        if press.chat.type is not ChatType.PRIVATE or press.chat.id != press.sender.id:
            return words.get("me.not_yours")
        action, _, rest = press.data.removeprefix(ME).partition(":")
        act = self._actions().get(action)
        return words.get("persona.old_button") if act is None else await act(bot, press, words, rest)

    def _actions(self) -> Mapping[str, Callable[[Bot, Press, Words, str], Awaitable[str | None]]]:
        return {
            MENU: self._show_main,
            "ask": self._show_choices,
            "set": self._choose,
            "drop": self._take_back,
            HABITS: self._forget_habits,
            SUMMARY: self._forget_summary,
            EXPORT: self._send_export,
            FORGET: self._show_question,
        }

    async def _show_main(self, bot: Bot, press: Press, words: Words, _rest: str = "") -> None:
        await self._desk.show(bot, press, await self._main(bot, press.sender, words))

    async def _show_choices(self, bot: Bot, press: Press, words: Words, rest: str) -> str | None:
        if rest not in CHOICES:
            return words.get("persona.old_button")
        known = await self._personalization.known(bot.persona_id, press.sender.id)
        await self._desk.show(bot, press, choices(Wish(rest), known, words))
        return None

    async def _choose(self, bot: Bot, press: Press, words: Words, rest: str) -> str | None:
        name, _, value = rest.partition(":")
        if name not in CHOICES or (value and value not in CHOICES[Wish(name)]):
            return words.get("persona.old_button")
        chosen = Stated(wish=Wish(name), value=value, taken_back=not value)
        await self._personalization.state(bot.persona_id, press.sender.id, [chosen], link_id=0)
        await self._show_main(bot, press, words)
        return words.get("me.done")

    async def _take_back(self, bot: Bot, press: Press, words: Words, rest: str) -> str | None:
        """What was said in free words: `<wish>:<scope>:<mark of the value>`. Pressed twice it takes back one thing."""
        name, scope, mark = (*rest.split(":"), "", "")[:3]
        known = await self._personalization.known(bot.persona_id, press.sender.id)
        stored = next((each for each in known.preferences if (each.wish, str(each.scope)) == (name, scope)), None)
        said = said_in(stored) if stored is not None and stored.wish not in CHOICES else ()
        value = next((each for each in said if mark_of(each) == mark), None)
        if stored is None or value is None:
            return words.get("persona.old_button")
        taken_back = Stated(wish=stored.wish, value=value, taken_back=True)
        await self._personalization.state(bot.persona_id, press.sender.id, [taken_back], link_id=stored.scope)
        await self._show_main(bot, press, words)
        return words.get("me.done")

    async def _forget_habits(self, bot: Bot, press: Press, words: Words, _rest: str) -> str:
        await self._personalization.forget_habits(bot, press.sender.id)
        await self._show_main(bot, press, words)
        return words.get("me.done")

    async def _forget_summary(self, bot: Bot, press: Press, words: Words, _rest: str) -> str:
        await self._personalization.forget_summary(bot, press.sender.id)
        await self._show_main(bot, press, words)
        return words.get("me.done")

    async def _send_export(self, bot: Bot, press: Press, words: Words, _rest: str) -> str | None:
        taken = await self._exporting.take(bot, press.sender, words.language)
        return None if taken else words.get("me.file_under_way")

    async def _show_question(self, bot: Bot, press: Press, words: Words, _rest: str) -> None:
        await self._desk.show(bot, press, _question(bot, press.sender, words))

    async def _main(self, bot: Bot, person: Sender, words: Words) -> Screen:
        places = await self._places(bot, person)
        left = LEARNT_AT_ONCE
        for place in places:
            left -= await self._learn(place.link_id, most=left) if left > 0 else 0
        if left < LEARNT_AT_ONCE:
            self._personalization.drop(bot.persona_id, person.id)
        known = await self._personalization.known(bot.persona_id, person.id)
        return main_screen(AboutMe(known, places, zone=self._zone, now=self._desk.clock()), words)

    async def _places(self, bot: Bot, person: Sender) -> list[kept.Place]:
        return await self._desk.database.read(
            partial(kept.places, bot_id=bot.id, persona_id=bot.persona_id, user_id=person.id)
        )

    async def _forget(self, bot: Bot, press: Press, words: Words) -> str | None:
        """Not marked as seen: when the press comes once more, so may messages of before it, and all go again."""
        if press.data.removeprefix(_YES) != str(press.sender.id):
            return words.get("me.not_yours")
        count = await self._forgetting.forget(bot, press.sender.id)
        await self._desk.show(bot, press, Screen(html=words.html("me.forgotten", count=count)))
        return None

    async def _remember(self, bot: Bot, press: Press, words: Words) -> str | None:
        if press.data.removeprefix(_NO) != str(press.sender.id):
            return words.get("me.not_yours")
        await self._desk.show(bot, press, Screen(html=words.html("me.remembered")))
        return None


def _in_private_only(bot: Bot, words: Words) -> Screen:
    return Screen(html=words.html("me.in_private_only", username=bot.username))


def _question(bot: Bot, person: Sender, words: Words) -> Screen:
    return Screen(
        html=words.html("me.forget_question", name=bot.name),
        keyboard=(
            (Button(label=words.get("me.forget_yes"), data=f"{_YES}{person.id}"),),
            (Button(label=words.get("me.forget_no"), data=f"{_NO}{person.id}"),),
        ),
    )
