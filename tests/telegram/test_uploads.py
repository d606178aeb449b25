"""Pictures and documents that bots send, as Telegram gets them."""

import asyncio

import pytest

from maskarad.errors import Flooded, TelegramRefused, TelegramUnreachable
from maskarad.metrics import Metrics
from maskarad.telegram.api import BotApi
from maskarad.telegram.background import BackgroundSender
from maskarad.telegram.bots import BotRegistry
from maskarad.telegram.limits import FloodLimits
from maskarad.telegram.send import Sender
from maskarad.telegram.transport import AiohttpRequest
from maskarad.values import Button, Piece, Screen
from tests.telegram.stub import Cut, Sent, Stub, refusal

PNG = b"\x89PNG\r\n--not a boundary\r\n\xff"
CAPTION = Screen(html="<b>Нині</b> &amp; <i>завжди</i> \ud83d", keyboard=((Button(label="Так", data="v1:yes"),),))


async def test_a_picture_with_everything(sender: Sender, stub: Stub) -> None:
    assert await sender.send_photo(2, 5, PNG, caption=CAPTION, reply_to=3, silent=True) == 77
    (call,) = stub.calls
    assert call.method == "sendPhoto"
    assert call.params == {
        "chat_id": "5",
        "photo": Sent("picture.png", "image/png", PNG),
        "caption": "<b>Нині</b> &amp; <i>завжди</i> ?",
        "parse_mode": "HTML",
        "reply_parameters": {"message_id": 3, "allow_sending_without_reply": True},
        "reply_markup": {"inline_keyboard": [[{"text": "Так", "callback_data": "v1:yes"}]]},
        "disable_notification": "true",
    }


async def test_a_document_keeps_its_name(sender: Sender, stub: Stub) -> None:
    assert await sender.send_document(2, 5, b"[]", "моя розмова;\n100%.json", caption=Screen(html="")) == 77
    assert stub.calls[0].params == {
        "chat_id": "5",
        "document": Sent("моя розмова; 100%.json", "application/json", b"[]"),
        "caption": "",
        "parse_mode": "HTML",
    }


async def test_a_text_without_a_sound(sender: Sender, stub: Stub) -> None:
    await sender.send_text(2, 5, Piece(text="psst"), silent=True)
    assert stub.calls[0].params == {"chat_id": 5, "text": "psst", "disable_notification": True}


async def test_a_caption_whose_markup_is_refused_goes_plain(sender: Sender, stub: Stub) -> None:
    stub.script("sendPhoto", refusal(400, "Bad Request: can't parse entities: Can't find end tag"))
    assert await sender.send_photo(2, 5, b"jpeg", caption=Screen(html="<b>a</b> &lt; b")) == 77
    picture = Sent("picture.jpg", "image/jpeg", b"jpeg")
    assert stub.calls[1].params == {"chat_id": "5", "photo": picture, "caption": "a < b"}


async def test_429_keeps_pictures_and_words_in_order(sender: Sender, stub: Stub) -> None:
    stub.script("sendPhoto", refusal(429, "Too Many Requests: retry after 1", retry_after=1))
    picture = asyncio.create_task(sender.send_photo(2, 5, PNG, caption=CAPTION))
    await stub.until(lambda: len(stub.calls) == 1)
    await asyncio.gather(picture, sender.send_text(2, 5, Piece(text="after")))
    assert [call.method for call in stub.calls] == ["sendPhoto", "sendPhoto", "sendMessage"]
    assert stub.calls[1].at - stub.calls[0].at >= 1.0
    assert stub.calls[1].params["photo"].content == PNG


async def test_what_may_have_arrived_is_not_sent_twice(sender: Sender, stub: Stub) -> None:
    stub.script("sendDocument", Cut())
    with pytest.raises(TelegramUnreachable):
        await sender.send_document(2, 5, b"x", "x.bin", caption=Screen(html=""))
    assert len(stub.calls) == 1


async def test_what_certainly_did_not_arrive_is(
    registry: BotRegistry, limits: FloodLimits, stub: Stub, pauses: list[float]
) -> None:
    unopened = AiohttpRequest(pool_size=1, pool_timeout=5.0, read_timeout=5.0)

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await unopened.initialize()

    sender = Sender(BotApi(unopened, unopened, stub.url, metrics=Metrics()), limits, registry, sleep=sleep)
    await sender.send_photo(2, 5, PNG, caption=CAPTION)
    await unopened.shutdown()
    assert (pauses, len(stub.calls)) == ([0.5], 1)


async def test_what_is_too_large_is_refused_and_flooded_is_the_callers(sender: Sender, stub: Stub) -> None:
    stub.script("sendDocument", refusal(413, "Request Entity Too Large"))
    stub.script("sendDocument", refusal(429, "Too Many Requests", retry_after=600))
    for expected in (TelegramRefused, Flooded):
        with pytest.raises(expected):
            await sender.send_document(2, 5, b"x", "x.bin", caption=Screen(html=""))


async def test_nobody_waits_for_the_background_and_its_order_is_kept(sender: Sender, stub: Stub) -> None:
    background = BackgroundSender(sender, metrics=Metrics())
    await background.send_text(2, 5, Screen(html="1"))
    await background.send_photo(2, 5, PNG, caption=Screen(html="2"), reply_to=9, silent=True)
    await background.send_document(2, 5, b"{}", "me.json", caption=Screen(html="3"), reply_to=9)
    await background.send_text(2, 5, Screen(html="4"))
    assert stub.calls == []
    await background.close(10)
    said = [(call.method, call.params.get("text", call.params.get("caption"))) for call in stub.calls]
    assert said == [("sendMessage", "1"), ("sendPhoto", "2"), ("sendDocument", "3"), ("sendMessage", "4")]
    assert stub.calls[1].params["disable_notification"] == "true"
    assert [stub.calls[place].params["reply_parameters"]["message_id"] for place in (1, 2)] == [9, 9]
