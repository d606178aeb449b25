"""What nobody asks a model's client for and everybody relies on: addresses, headers, compression, redirects, proxies,
certificates, stale connections, and a clean end."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from maskarad.errors import ModelError
from maskarad.llm import wire
from maskarad.llm.client import ModelClient
from tests.llm.stub import DONE, HELLO, USAGE, Answer, Clock, Connect, Server, event, says, status, stream

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

WHOLE = event("Привіт") + USAGE + DONE
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def listening(handle: Handle, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server of bytes; yields host and port."""
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def read_request(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))


def compressed(body: bytes) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        headers = {"Content-Encoding": "gzip", "Content-Type": "text/event-stream"}
        return web.Response(body=body, headers=headers)

    return answer


def redirects(code: int, address: str) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=code, headers={"Location": address})

    return answer


async def fails(client: ModelClient) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await client.complete(HELLO)
    return caught.value


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class TestRequest:
    @pytest.mark.parametrize(
        ("base", "path"),
        [
            ("/v1", "/v1/chat/completions"),
            ("/v1/", "/v1/chat/completions"),
            ("", "/chat/completions"),
            ("/", "/chat/completions"),
            ("/a%20b/api/v1", "/a%20b/api/v1/chat/completions"),
        ],
    )
    async def test_address(self, server: Server, connect: Connect, base: str, path: str) -> None:
        server.script = [says("ok")]
        await connect(base_url=server.address + base).complete(HELLO)
        assert server.paths == [path]

    async def test_headers(self, server: Server, connect: Connect) -> None:
        server.script = [says("ok")]
        await connect().complete(HELLO)
        [sent] = server.headers
        assert (sent["User-Agent"], sent["Content-Type"]) == ("Maskarad", "application/json")
        assert "gzip" in sent["Accept-Encoding"]

    async def test_cookies_are_not_kept(self, server: Server, connect: Connect) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.Response(body=WHOLE)
            response.set_cookie("who", "key-one")
            return response

        server.script = [answer]
        client = connect(base_url=server.base_url.replace("127.0.0.1", "localhost"))
        for _ in range(2):
            await client.complete(HELLO)
        assert "Cookie" not in server.headers[1]

    async def test_netrc_does_not_take_the_place_of_the_key(
        self, server: Server, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password else\n")
        monkeypatch.setenv("NETRC", str(netrc))
        server.script = [says("ok")]
        await connect().complete(HELLO)
        assert server.keys == ["key-one"]


class TestAnswer:
    async def test_compressed(self, server: Server, connect: Connect) -> None:
        server.script = [compressed(gzip.compress(WHOLE))]
        assert (await connect().complete(HELLO)).text == "Привіт"

    @pytest.mark.parametrize("body", [b"not gzip at all", gzip.compress(WHOLE)[:-12]])
    async def test_badly_compressed(self, server: Server, connect: Connect, body: bytes) -> None:
        server.script = [compressed(body), says("whole")]
        assert (await connect().complete(HELLO)).text == "whole"

    @pytest.mark.parametrize("size", [1, 5])
    async def test_bytes_that_come_in_dribs(self, connect: Connect, size: int) -> None:
        middle = len(WHOLE) // 2
        parts = (WHOLE[:middle], WHOLE[middle:], b"")
        answer = CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            for at in range(0, len(answer), size):
                writer.write(answer[at : at + size])
                await asyncio.sleep(0)
            writer.close()

        async with listening(handle) as place:
            completion = await connect(base_url=f"http://{place}").complete(HELLO)
        assert (completion.text, completion.completion_tokens) == ("Привіт", 7)

    async def test_endless_refusal(self, server: Server, connect: Connect) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(status=400)
            await response.prepare(request)
            while not server.released.is_set():
                await response.write(b"no " * 1000)
            return response

        server.script = [answer]
        assert (await fails(connect())).reason == "refused"

    async def test_endless_list_of_models(
        self, server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wire, "MOST_OF_A_LIST", 10_000)
        server.script = [stream(b'{"data": [', *[b'{"id": "m"}, '] * 2_000)]
        with pytest.raises(ModelError, match="endless"):
            await connect().list_models()


class TestRedirect:
    async def test_is_followed_with_the_whole_request(self, server: Server, connect: Connect) -> None:
        server.script = [redirects(307, "/v2/chat/completions"), says("moved")]
        assert (await connect().complete(HELLO)).text == "moved"
        assert server.paths == ["/v1/chat/completions", "/v2/chat/completions"]
        assert server.keys == ["key-one", "key-one"]
        assert server.bodies[0] == server.bodies[1]

    async def test_another_host_does_not_see_the_key(self, server: Server, connect: Connect) -> None:
        async with Server().running() as other:
            other.script = [says("stranger")]
            server.script = [redirects(308, f"{other.base_url}/chat/completions")]
            assert (await connect().complete(HELLO)).text == "stranger"
            assert other.keys == [""]

    async def test_going_in_circles(self, server: Server, connect: Connect) -> None:
        server.script = [redirects(307, "/v1/chat/completions")]
        assert (await fails(connect())).reason == "unavailable"

    async def test_leading_nowhere(self, server: Server, connect: Connect) -> None:
        server.script = [status(304)]
        assert (await fails(connect())).reason == "refused"


class TestProxy:
    @pytest.fixture(autouse=True)
    def _no_proxy_of_this_machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)

    @pytest.mark.parametrize("variable", ["HTTP_PROXY", "all_proxy"])
    async def test_of_the_environment(
        self, server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch, variable: str
    ) -> None:
        monkeypatch.setenv(variable, server.address.replace("//", "//somebody:secret@"))
        server.script = [says("through")]
        assert (await connect(base_url="http://model.invalid/v1").complete(HELLO)).text == "through"
        [sent] = server.headers
        assert (sent["Host"], sent["Proxy-Authorization"][:6]) == ("model.invalid", "Basic ")

    async def test_address_that_goes_around_it(
        self, server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        server.script = [says("straight")]
        assert (await connect().complete(HELLO)).text == "straight"

    async def test_that_is_down(self, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://somebody:secret@127.0.0.1:1")
        error = await fails(connect(base_url="http://model.invalid/v1"))
        assert error.reason == "unavailable"
        assert "secret" not in repr(list(chain(error)))


class TestConnection:
    async def test_server_that_drops_a_kept_connection_as_it_is_used(self, connect: Connect, clock: Clock) -> None:
        served: list[int] = []

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            served.append(len(served))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE)
            if len(served) == 1:
                await read_request(reader)
            writer.close()

        async with listening(handle) as place:
            client = connect(base_url=f"http://{place}")
            assert [(await client.complete(HELLO)).text for _ in range(2)] == ["Привіт", "Привіт"]
        assert len(clock.slept) == 1, "asked again after one pause"

    async def test_idle_connection_is_given_up(self, connect: Connect) -> None:
        given_up = asyncio.Event()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE)
            if not await reader.read():
                given_up.set()
            writer.close()

        async with listening(handle) as place, asyncio.timeout(5):
            await connect(base_url=f"http://{place}", keepalive_expiry=0.01).complete(HELLO)
            await given_up.wait()

    async def test_no_tls_where_it_should_be(self, server: Server, connect: Connect) -> None:
        error = await fails(connect(base_url=server.address.replace("http:", "https:")))
        assert error.reason == "unavailable"

    async def test_certificate_of_nobody(self, connect: Connect, tmp_path: Path) -> None:
        received = bytearray()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            received.extend(await reader.read(1))
            writer.close()

        async with listening(handle, _self_signed(tmp_path)) as place:
            assert (await fails(connect(base_url=f"https://{place}"))).reason == "unavailable"
        assert not received

    async def test_no_error_leads_to_the_key_or_the_message(self, server: Server, connect: Connect) -> None:
        async def cut(request: web.Request) -> None:
            assert request.transport is not None
            request.transport.abort()

        server.script = [stream(event("I was say"), then=cut)]
        for client in (connect(), connect(base_url="http://127.0.0.1:1/v1"), connect(base_url="http://[::1]:1/v1")):
            [error] = chain(await fails(client))
            assert str(error) == "model: unavailable (first: unavailable (connection))"
        with pytest.raises(ModelError) as caught:
            await connect(base_url="http://127.0.0.1:1/v1").list_models()
        assert list(chain(caught.value)) == [caught.value]


class TestClose:
    async def test_ends_what_is_under_way(self, server: Server, connect: Connect) -> None:
        asked = asyncio.Event()

        async def hang(_: web.Request) -> web.StreamResponse:
            asked.set()
            await server.released.wait()
            return web.Response()

        server.script = [hang]
        client = connect()
        call = asyncio.create_task(client.complete(HELLO))
        await asked.wait()
        await client.close()
        with pytest.raises(ModelError, match="unavailable"):
            await call
        assert len(server.bodies) == 1

    async def test_nothing_goes_out_afterwards(self, server: Server, connect: Connect) -> None:
        client = connect()
        await client.close()
        assert (await fails(client)).reason == "unavailable"
        with pytest.raises(ModelError, match="closed"):
            await client.list_models()
        assert server.bodies == []


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
