"""The model's edge over real HTTP: every way in which a provider goes wrong, and what the platform makes of it."""

import asyncio
import email.utils
import json

import pytest
from aiohttp import web

from maskarad.errors import ModelError, SettingsError
from maskarad.llm.breaker import OPENS_AFTER, RESTS_FOR
from maskarad.llm.client import REJECTED_KEY_RESTS
from maskarad.values import CompletionRequest, PromptMessage, Taken
from tests.llm.stub import DONE, HELLO, USAGE, Answer, Clock, Connect, Server, event, page, says, status, stream


async def fails(connect: Connect, **changes: object) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await connect(**changes).complete(HELLO)
    return caught.value


class TestAnswer:
    async def test_text_usage_and_latency(self, server: Server, connect: Connect) -> None:
        server.script = [says("При", "віт", "!")]
        completion = await connect().complete(HELLO)
        assert (completion.text, completion.model) == ("Привіт!", "first")
        assert (completion.prompt_tokens, completion.completion_tokens) == (11, 7)
        assert completion.latency == 0.0

    async def test_request_that_goes_out(self, server: Server, connect: Connect) -> None:
        server.script = [says("ok")]
        request = CompletionRequest(
            messages=(
                PromptMessage(role="system", content="be"),
                PromptMessage(role="user", content="👋 \x00"),
            ),
            model="other",
            temperature=0.3,
            max_tokens=50,
        )
        await connect().complete(request)
        assert server.bodies == [
            {
                "model": "other",
                "messages": [{"role": "system", "content": "be"}, {"role": "user", "content": "👋 \x00"}],
                "temperature": 0.3,
                "max_tokens": 50,
                "stream": True,
                "stream_options": {"include_usage": True},
                "response_format": {"type": "json_object"},
            }
        ]
        assert server.keys == ["key-one"]

    @pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
    async def test_any_chunks(self, server: Server, connect: Connect, size: int) -> None:
        body = b": waiting\r\n\r\n" + event("Ой, ").replace(b"\n", b"\r\n") + event("як 🌻") + USAGE + DONE
        server.script = [stream(*(body[at : at + size] for at in range(0, len(body), size)))]
        completion = await connect().complete(HELLO)
        assert completion.text == "Ой, як 🌻"
        assert completion.completion_tokens == 7

    @pytest.mark.parametrize("indent", [None, 2])
    @pytest.mark.parametrize("end", [{"finish_reason": "stop"}, {"finish_reason": None}, {}])
    async def test_server_that_does_not_stream(
        self, server: Server, connect: Connect, end: dict[str, object], indent: int | None
    ) -> None:
        choice = {"index": 0, "message": {"role": "assistant", "content": "hello"}, **end}
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        whole = {"id": "1", "object": "chat.completion", "choices": [choice], "usage": usage}
        server.script = [page(json.dumps(whole, indent=indent), "application/json")]
        completion = await connect().complete(HELLO)
        assert (completion.text, completion.prompt_tokens, completion.completion_tokens) == ("hello", 11, 7)
        assert len(server.bodies) == 1

    @pytest.mark.parametrize(
        ("told", "cost"),
        [
            ('"cost": 0.00042', 0.00042),
            ('"cost": 0', 0.0),
            ('"cost": 0.01, "is_byok": false', 0.01),
            ('"cost": 0.01, "is_byok": true', None),
            ('"cost": null', None),
            ('"cost": "free"', None),
            ('"cost": -1', None),
            ('"cost": 1e300', None),
            ('"cost": true', None),
        ],
    )
    async def test_what_the_provider_took(
        self, server: Server, connect: Connect, told: str, cost: float | None
    ) -> None:
        usage = f'"usage": {{"prompt_tokens": 1, "completion_tokens": 1, {told}}}'
        server.script = [page(f'{{"choices": [{{"message": {{"content": "hi"}}}}], {usage}}}', "application/json")]
        assert (await connect().complete(HELLO)).cost == cost

    async def test_server_that_does_not_stream_and_tells_no_usage(self, server: Server, connect: Connect) -> None:
        server.script = [page('{"choices": [{"message": {"content": "hello"}}], "usage": null}', "application/json")]
        completion = await connect().complete(HELLO)
        assert (completion.text, completion.prompt_tokens) == ("hello", 0)

    async def test_finished_without_the_last_event(self, server: Server, connect: Connect) -> None:
        server.script = [stream(event("whole"), b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}')]
        assert (await connect().complete(HELLO)).text == "whole"

    async def test_server_that_keeps_the_connection_open_after_the_last_event(
        self, server: Server, connect: Connect
    ) -> None:
        async def hang(_: web.Request) -> None:
            await server.released.wait()

        server.script = [stream(event("here"), DONE, then=hang)]
        assert (await connect().complete(HELLO)).text == "here"

    async def test_connection_is_reused(self, server: Server, connect: Connect) -> None:
        server.script = [says("one")]
        client = connect(keys=["key-one", "key-two"])
        for _ in range(5):
            await client.complete(HELLO)
        assert len(server.connections) == 1

    async def test_forty_at_once_are_bounded(self, server: Server, connect: Connect) -> None:
        full = asyncio.Event()

        async def answer(request: web.Request) -> web.StreamResponse:
            if server.in_flight == 8:
                full.set()
            await full.wait()
            return await says("ok")(request)

        server.script = [answer]
        client = connect(max_connections=8)
        answers = await asyncio.gather(*(client.complete(HELLO) for _ in range(40)))
        assert [each.text for each in answers] == ["ok"] * 40
        assert server.most_in_flight == 8


class TestPassingFailures:
    async def test_server_error_then_fine(self, server: Server, connect: Connect, clock: Clock) -> None:
        server.script = [status(500), status(503), says("back")]
        completion = await connect().complete(HELLO)
        assert completion.text == "back"
        assert completion.latency == pytest.approx(sum(clock.slept), abs=1e-5)
        assert [0.25 <= clock.slept[0] <= 0.5, 0.5 <= clock.slept[1] <= 1.0] == [True, True]

    async def test_gives_up_after_three(self, server: Server, connect: Connect) -> None:
        server.script = [status(502)]
        assert (await fails(connect)).reason == "unavailable"
        assert len(server.bodies) == 3

    async def test_retry_after_is_waited_out(self, server: Server, connect: Connect, clock: Clock) -> None:
        server.script = [status(429, **{"Retry-After": "7"}), says("now")]
        assert (await connect().complete(HELLO)).text == "now"
        assert clock.slept == [7.0]

    async def test_retry_after_as_a_date(self, server: Server, connect: Connect, clock: Clock) -> None:
        until = email.utils.formatdate(clock.now + 12, usegmt=True)
        server.script = [status(503, **{"Retry-After": until}), says("now")]
        assert (await connect().complete(HELLO)).text == "now"
        assert clock.slept == [12.0]

    @pytest.mark.parametrize("word", ["soon", "", "-5", "nan"])
    async def test_senseless_retry_after(self, server: Server, connect: Connect, clock: Clock, word: str) -> None:
        server.script = [status(429, **{"Retry-After": word}), says("now")]
        assert (await connect().complete(HELLO)).text == "now"
        assert sum(clock.slept) <= 0.5

    async def test_an_endless_retry_after_is_believed_for_an_hour(
        self, server: Server, connect: Connect, clock: Clock
    ) -> None:
        server.script = [status(429, **{"Retry-After": "1e400"}), says("now")]
        client = connect()
        with pytest.raises(ModelError):
            await client.complete(HELLO)
        clock.now += 3601
        assert (await client.complete(HELLO)).text == "now"

    async def test_retry_after_beyond_the_budget(self, server: Server, connect: Connect, clock: Clock) -> None:
        server.script = [status(429, **{"Retry-After": "3600"})]
        error = await fails(connect)
        assert error.reason == "rate_limited"
        assert (len(server.bodies), clock.slept) == (1, [])

    async def test_refused_connection(self, connect: Connect, clock: Clock) -> None:
        assert (await fails(connect, base_url="http://127.0.0.1:1/v1")).reason == "unavailable"
        assert len(clock.slept) == 2

    async def test_no_answer_at_all(self, server: Server, connect: Connect) -> None:
        async def hang(_: web.Request) -> web.StreamResponse:
            await server.released.wait()
            return web.Response()

        server.script = [hang]
        assert (await fails(connect, timeout=0.1)).reason == "timeout"
        assert len(server.bodies) == 1, "the pause before a second try is beyond the budget"

    async def test_no_answer_then_fine(self, server: Server, connect: Connect) -> None:
        async def hang(_: web.Request) -> web.StreamResponse:
            await server.released.wait()
            return web.Response()

        server.script = [hang, says("awake")]
        assert (await connect(timeout=0.3).complete(HELLO)).text == "awake"

    async def test_stream_that_falls_silent(self, server: Server, connect: Connect) -> None:
        async def hang(_: web.Request) -> None:
            await server.released.wait()

        server.script = [stream(event("I was say"), then=hang), says("whole")]
        async with asyncio.timeout(1.9):
            assert (await connect(timeout=2.0).complete(HELLO)).text == "whole"

    async def test_stream_that_never_ends_is_bounded_by_the_timeout(self, server: Server, connect: Connect) -> None:
        async def trickle(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while not server.released.is_set():
                await response.write(b": still thinking\n\n")
                await asyncio.sleep(0.02)
            return response

        server.script = [trickle]
        async with asyncio.timeout(5):
            assert (await fails(connect, timeout=0.2)).reason == "timeout"

    async def test_connection_cut_in_the_stream(self, server: Server, connect: Connect) -> None:
        async def cut(request: web.Request) -> None:
            assert request.transport is not None
            request.transport.abort()

        server.script = [stream(event("I was say"), then=cut), says("whole")]
        assert (await connect().complete(HELLO)).text == "whole"

    async def test_stream_that_ends_too_early(self, server: Server, connect: Connect) -> None:
        server.script = [stream(event("I was say")), says("whole")]
        assert (await connect().complete(HELLO)).text == "whole"

    async def test_error_inside_the_stream(self, server: Server, connect: Connect) -> None:
        server.script = [
            stream(event("I was"), event(error={"code": 502, "message": "upstream"})),
            says("whole"),
        ]
        assert (await connect().complete(HELLO)).text == "whole"

    @pytest.mark.parametrize(
        "answer", [says(" ", "\n"), page('{"choices": [{"message": {"content": ""}}]}', "application/json")]
    )
    async def test_empty_answer(self, server: Server, connect: Connect, answer: Answer) -> None:
        server.script = [answer]
        assert (await fails(connect)).reason == "empty"

    async def test_one_that_thought_until_its_end_is_not_asked_again(self, server: Server, connect: Connect) -> None:
        end = b'data: {"choices":[{"delta":{},"finish_reason":"length"}]}\n\n'
        server.script = [stream(event(""), end, USAGE, DONE)]
        assert (await fails(connect)).reason == "empty"
        assert len(server.bodies) == 1

    async def test_endless_answer(self, server: Server, connect: Connect) -> None:
        async def flood(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while not server.released.is_set() and request.transport is not None:
                await response.write(b"data: " + b"x" * 1_000_000)
            return response

        server.script = [flood]
        assert (await fails(connect)).reason == "unavailable"

    @pytest.mark.parametrize(
        "answer",
        [
            page("<html><body>Please log in</body></html>"),
            page("", "text/event-stream"),
            page("[1, 2]", "application/json"),
            page('{"choices": 5}', "application/json"),
            page('{"choices": []}', "application/json"),
            page('{"choices": [{"message": {"content": "cut', "application/json"),
            page('{"choices": [{"message": {"content": "no"}}], "error": {"code": 502}}', "application/json"),
            page('"text"', "application/json"),
            page('{"error": "overloaded"}', "application/json"),
            page('{"error": {"code": 502}}', "application/json"),
            page("data: <html>\n\n", "text/event-stream"),
            page("data: null\n\n", "text/event-stream"),
            page(f'data: {{"choices": [], "error": {{"x": {"[" * 50_000}', "text/event-stream"),
            page("[" * 50_000, "application/json", code=500),
            stream(b"data: \xff\xfe\n\n"),
            page("<html>Bad gateway</html>", code=502),
        ],
    )
    async def test_what_is_no_completion(self, server: Server, connect: Connect, answer: object) -> None:
        server.script = [answer]  # type: ignore[list-item]
        assert (await fails(connect)).reason == "unavailable"


class TestKeys:
    @pytest.mark.parametrize("code", [401, 402, 403])
    async def test_rejected_key_rests_and_the_others_go_on(
        self, server: Server, connect: Connect, clock: Clock, code: int
    ) -> None:
        server.script = [status(code), says("ok")]
        client = connect(keys=["bad", "good"])
        for _ in range(3):
            assert (await client.complete(HELLO)).text == "ok"
        assert server.keys == ["bad", "good", "good", "good"]
        assert clock.slept == []
        clock.now += REJECTED_KEY_RESTS
        await client.complete(HELLO)
        assert server.keys[-1] == "bad"

    async def test_keys_take_turns(self, server: Server, connect: Connect) -> None:
        server.script = [says("ok")]
        client = connect(keys=["a", "b", "c"])
        for _ in range(4):
            await client.complete(HELLO)
        assert server.keys == ["a", "b", "c", "a"]

    async def test_limited_key_hands_over_at_once(self, server: Server, connect: Connect, clock: Clock) -> None:
        server.script = [status(429, **{"Retry-After": "30"}), says("ok")]
        client = connect(keys=["a", "b"])
        for _ in range(2):
            await client.complete(HELLO)
        assert (server.keys, clock.slept) == (["a", "b", "b"], [])

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (status(401), "unauthorized"),
            (status(402), "no_credit"),
            (status(403), "unauthorized"),
            (status(429, {"code": "insufficient_quota", "message": "pay"}), "no_credit"),
        ],
    )
    async def test_no_key_is_good(self, server: Server, connect: Connect, answer: object, reason: str) -> None:
        server.script = [answer]  # type: ignore[list-item]
        assert (await fails(connect, keys=["a", "b"])).reason == reason
        assert server.keys == ["a", "b"]

    async def test_moderation_is_not_the_keys_fault(self, server: Server, connect: Connect) -> None:
        flagged = {"code": 403, "message": "flagged", "metadata": {"reasons": ["violence"]}}
        server.script = [status(403, flagged), says("ok")]
        client = connect()
        with pytest.raises(ModelError, match="refused"):
            await client.complete(HELLO)
        assert (await client.complete(HELLO)).text == "ok"

    async def test_server_that_asks_for_no_key(self, server: Server, connect: Connect) -> None:
        server.script = [says("ok")]
        assert (await connect(keys=[]).complete(HELLO)).text == "ok"

    async def test_no_key_and_no_message_in_an_error(self, server: Server, connect: Connect) -> None:
        echo = {"code": "key-one", "message": "Incorrect API key provided: key-one for Привіт! Hi"}
        for code in (400, 401, 429, 500):
            server.script = [status(code, echo)]
            error = await fails(connect)
            chain: BaseException | None = error
            while chain is not None:
                assert "key-one" not in str(chain)
                assert "Привіт" not in str(chain)
                chain = chain.__cause__
            assert error.__cause__ is None

    def test_key_that_cannot_be_sent(self, connect: Connect) -> None:
        with pytest.raises(SettingsError, match="LLM_API_KEY") as caught:
            connect(keys=["ключ"])
        assert "ключ" not in str(caught.value)


class TestModels:
    async def test_fallbacks_in_order(self, server: Server, connect: Connect) -> None:
        server.by_model = {"first": status(404), "second": status(500), "third": says("from the third")}
        completion = await connect(fallback_models=["second", "third"]).complete(HELLO)
        assert (completion.text, completion.model) == ("from the third", "third")
        assert server.models[:2] == ["first", "second"]

    async def test_persona_model_before_the_fallbacks(self, server: Server, connect: Connect) -> None:
        server.by_model = {"own": status(404), "second": says("ok")}
        request = CompletionRequest(messages=HELLO.messages, model="own")
        assert (await connect(fallback_models=["second"]).complete(request)).model == "second"
        assert server.models == ["own", "second"]

    async def test_first_reason_is_told(self, server: Server, connect: Connect) -> None:
        server.by_model = {
            "first": status(429, **{"Retry-After": "99"}),
            "second": status(404, {"code": "model_not_found"}),
        }
        error = await fails(connect, fallback_models=["second"])
        assert error.reason == "rate_limited"
        assert (
            str(error) == "model: rate_limited (first: rate_limited (no key is free in time); "
            "second: refused (404 model_not_found))"
        )

    async def test_nobody_waits_long_while_a_fallback_is_free(
        self, server: Server, connect: Connect, clock: Clock
    ) -> None:
        server.by_model = {"first": status(429, **{"Retry-After": "10"}), "second": says("ok")}
        await connect(fallback_models=["second"]).complete(HELLO)
        assert clock.slept == []

    async def test_hanging_model_leaves_time_for_the_fallback(self, server: Server, connect: Connect) -> None:
        async def hang(_: web.Request) -> web.StreamResponse:
            await server.released.wait()
            return web.Response()

        server.by_model = {"first": hang, "second": says("ok")}
        completion = await connect(fallback_models=["second"], timeout=0.2).complete(HELLO)
        assert completion.model == "second"
        assert server.models == ["first", "second"]

    async def test_circuit_opens_and_closes(self, server: Server, connect: Connect, clock: Clock) -> None:
        server.by_model = {"first": status(500), "second": says("ok")}
        client = connect(fallback_models=["second"])
        for _ in range(4):
            assert (await client.complete(HELLO)).model == "second"
        assert server.models.count("first") == OPENS_AFTER
        clock.now += RESTS_FOR
        await client.complete(HELLO)
        assert server.models.count("first") == OPENS_AFTER + 1
        clock.now += RESTS_FOR
        server.by_model["first"] = says("recovered")
        assert [(await client.complete(HELLO)).model for _ in range(2)] == ["first", "first"]

    async def test_refused_request_is_not_repeated(self, server: Server, connect: Connect) -> None:
        server.script = [status(413)]
        assert (await fails(connect)).reason == "refused"
        assert len(server.bodies) == 1

    async def test_model_that_refuses(self, server: Server, connect: Connect) -> None:
        server.script = [stream(b'data: {"choices":[{"delta":{"refusal":"I cannot"}}]}\n\n', DONE)]
        assert (await fails(connect)).reason == "refused"

    async def test_text_that_is_not_unicode(self, server: Server, connect: Connect) -> None:
        server.script = [says("ok")]
        with pytest.raises(ModelError, match="refused"):
            await connect().complete(CompletionRequest(messages=(PromptMessage(role="user", content="\ud800"),)))


class TestOptions:
    @pytest.mark.parametrize("option", ["response_format", "stream_options", "max_tokens", "temperature"])
    async def test_refused_option_is_left_out_from_then_on(self, server: Server, connect: Connect, option: str) -> None:
        async def strict(request: web.Request) -> web.StreamResponse:
            if option in await request.json():
                return await status(400, {"message": f"Unsupported parameter: '{option}'"})(request)
            return await says("ok")(request)

        server.script = [strict]
        client = connect()
        assert [(await client.complete(HELLO)).text for _ in range(2)] == ["ok", "ok"]
        assert [option in body for body in server.bodies] == [True, False, False]
        assert len(server.bodies[-1]) == 6

    async def test_refusal_without_a_name(self, server: Server, connect: Connect) -> None:
        async def strict(request: web.Request) -> web.StreamResponse:
            if "response_format" in await request.json():
                return await page("Bad Request", "text/plain", 400)(request)
            return await says("ok")(request)

        server.script = [strict]
        assert (await connect().complete(HELLO)).text == "ok"
        assert len(server.bodies) == 2

    async def test_refusal_for_another_reason_is_not_remembered(self, server: Server, connect: Connect) -> None:
        server.script = [status(400), status(400), says("ok")]
        client = connect()
        with pytest.raises(ModelError, match="refused"):
            await client.complete(HELLO)
        await client.complete(HELLO)
        assert "response_format" in server.bodies[-1]


class TestListModels:
    async def test_names(self, server: Server, connect: Connect) -> None:
        server.script = [page('{"object": "list", "data": [{"id": "a"}, {"id": "b"}]}', "application/json")]
        assert await connect().list_models() == ("a", "b")

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (page("<html></html>"), "refused"),
            (page("[]", "application/json"), "refused"),
            (page(f'{{"object": {"[" * 50_000}', "application/json"), "refused"),
            (status(401), "unauthorized"),
            (status(500), "unavailable"),
            (status(404), "refused"),
        ],
    )
    async def test_failures(self, server: Server, connect: Connect, answer: object, reason: str) -> None:
        server.script = [answer]  # type: ignore[list-item]
        with pytest.raises(ModelError) as caught:
            await connect().list_models()
        assert caught.value.reason == reason


PAID = event(usage={"prompt_tokens": 11, "completion_tokens": 7, "cost": 0.25})


class TestTakenInVain:
    """What a provider has to be paid for although nothing came of it."""

    @pytest.mark.parametrize(
        "answer",
        [
            stream(event(" "), PAID, DONE),
            stream(
                event("I can"), b'data: {"choices":[{"delta":{},"finish_reason":"content_filter"}]}\n\n', PAID, DONE
            ),
            page(
                '{"choices": [{"message": {"content": ""}}],'
                ' "usage": {"prompt_tokens": 11, "completion_tokens": 7, "cost": 0.25}}',
                "application/json",
            ),
        ],
        ids=["empty", "refused", "not streamed"],
    )
    async def test_of_every_try_what_the_server_told(self, server: Server, connect: Connect, answer: Answer) -> None:
        server.script = [answer]
        error = await fails(connect)
        assert error.taken == len(server.bodies) * (
            Taken(model="first", prompt_tokens=11, completion_tokens=7, cost=0.25),
        )

    async def test_by_all_models(self, server: Server, connect: Connect) -> None:
        server.by_model = {"first": says(" "), "second": status(500), "third": says("\n")}
        error = await fails(connect, fallback_models=["second", "third"])
        assert [each.model for each in error.taken] == ["first"] * 3 + ["third"] * 3

    async def test_before_an_answer(self, server: Server, connect: Connect) -> None:
        server.script = [status(503), stream(event(" "), PAID, DONE), says("so")]
        completion = await connect().complete(HELLO)
        assert (completion.text, completion.prompt_tokens, completion.completion_tokens) == ("so", 11, 7)
        assert completion.in_vain == (Taken(model="first", prompt_tokens=11, completion_tokens=7, cost=0.25),)

    async def test_a_stream_that_is_cut_tells_no_prompt_and_its_words_are_estimated(
        self, server: Server, connect: Connect
    ) -> None:
        server.script = [stream(event("eight by"), event("tes more")), says("whole")]
        assert (await connect().complete(HELLO)).in_vain == (Taken(model="first", completion_tokens=5),)

    async def test_one_that_is_waited_for_no_longer_was_asked(self, server: Server, connect: Connect) -> None:
        async def hang(_: web.Request) -> web.StreamResponse:
            await server.released.wait()
            return web.Response()

        server.script = [hang]
        assert set((await fails(connect, timeout=0.1)).taken) == {Taken(model="first")}

    @pytest.mark.parametrize(
        "answer",
        [
            status(400),
            status(401),
            status(429),
            status(500),
            status(504),
            page("<html>"),
            stream(event(error={"code": 502, "message": "upstream"})),
        ],
    )
    async def test_a_refusal_takes_nothing(self, server: Server, connect: Connect, answer: Answer) -> None:
        server.script = [answer]
        assert (await fails(connect)).taken == ()
