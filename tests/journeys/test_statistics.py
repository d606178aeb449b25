"""/stats and /analytics through the front door: a real picture arrives in the chat."""

from io import BytesIO

from PIL import Image

from tests.journeys.stage import FRIEND, OWNER, Stage


async def test_a_picture_of_a_private_chat_arrives(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "привіт")
        await stage.settled(actor)
        told = await stage.ask(actor, "/stats")
        picture = await stage.ask(actor, "/analytics")
    assert "Повідомлень: 2, з них моїх: 1" in told.text
    with Image.open(BytesIO(await stage.sandbox.file(picture.file_id or ""))) as image:
        assert image.width == 1080


async def test_in_a_group_only_administrators_see_statistics(stage: Stage) -> None:
    actor = await stage.actor()
    async with stage.playing():
        group = await stage.group(actor, FRIEND)
        said = await stage.sandbox.ask(group, FRIEND, "/analytics")
        picture = await stage.sandbox.ask(group, OWNER, "/analytics")
    assert said.text == "Only the group's administrators can do that."
    assert picture.file_id is not None
