"""Callback data from us comes back as it went; from anybody else it changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskarad.errors import NotFound
from maskarad.manager.actions.table import ACTIONS
from maskarad.manager.callbacks import MOST_BYTES, Call, decode, encode, number
from tests.manager.conftest import make_persona
from tests.manager.stage import Person

words = st.text("abcdefghijklmnopqrstuvwxyz0123456789_.-", min_size=1, max_size=20)
ids = st.integers(0, 2**63 - 1)


@given(st.sampled_from(sorted(ACTIONS)), st.lists(words, max_size=2), ids)
def test_what_is_encoded_is_decoded(action: str, arguments: list[str], persona_id: int) -> None:
    data = encode(action, persona_id, *arguments)
    assert len(data.encode()) <= MOST_BYTES
    assert decode(data) == Call(action=action, arguments=(str(persona_id), *arguments))
    assert number(str(persona_id)) == persona_id


@given(st.text() | st.from_regex(r"\A1:[a-z]{1,3}(:.{0,9}){0,5}\Z"))
def test_hostile_data_is_a_call_in_shape_or_nothing(data: str) -> None:
    call = decode(data)
    assert call is None or encode(call.action, *call.arguments) == data


@pytest.mark.parametrize("argument", ["", "-1", "x", "1.0", "²", "9" * 19, "9" * 40])
def test_a_forged_id_is_no_id(argument: str) -> None:
    with pytest.raises(NotFound):
        number(argument)


@pytest.mark.parametrize(
    "data", ["", "x", "0:m", "2:m", "1:", "1:zz", "1:m:1", "1:p", "1:p:1:2", "1:p:", "1:P:1", "1:p:1\n", "1:p:١", "👻"]
)
async def test_an_old_or_forged_button_gets_a_short_notice_and_changes_nothing(data: str, alice: Person) -> None:
    await alice.says("/start")
    before = alice.screen
    await alice.presses_data(data)
    assert alice.notice == "This button is out of date."
    assert alice.screen is before


async def every_button_of(owner: Person) -> set[str]:
    """The data of all buttons that show what is the owner's own."""
    await make_persona(owner)
    found = set(filter(lambda data: data.count(":") > 1, (owner.data(label) for label in owner.buttons)))
    await owner.presses("Edit")
    found |= {owner.data(label) for label in owner.buttons}
    for label in ("Style", "Moods", "Character"):
        await owner.presses(label)
        found |= {owner.data(each) for each in owner.buttons}
        await owner.presses("Back")
    return {data for data in found if not data.startswith("1:ps")}


async def test_everybody_elses_buttons_are_dead(alice: Person, bob: Person) -> None:
    stolen = await every_button_of(alice)
    assert len(stolen) > 25
    await bob.says("/start")
    before, shown = await alice.says("/mypersonas"), bob.screen
    for data in stolen:
        await bob.presses_data(data)
        assert bob.notice == "That is not there any more.", data
        assert bob.screen is shown
    assert await alice.says("/mypersonas") == before
    await alice.presses("Mira")
    assert "Style: Neutral" in alice.text


@pytest.mark.parametrize("code", sorted(ACTIONS))
async def test_no_action_breaks_on_any_argument(code: str, alice: Person) -> None:
    """Every answer is a notice or a screen, whatever the button names, a wizard open or not."""
    await make_persona(alice)
    persona_id = alice.data("Edit").split(":")[-1]
    for argument in ("0", "x", persona_id, "n", "n0", "nx", "9" * 19, "z", "mt", "c1", "-", "own_x"):
        for opening in ("/menu", "/createpersona"):
            await alice.says(opening)
            await alice.presses_data(encode(code, *[argument] * ACTIONS[code].arguments))
            await alice.presses_data(encode(code, *["n0", argument, "1"][: ACTIONS[code].arguments]))
            assert alice.notice is not None or alice.screen.html
