"""`python -m maskarad.sandbox`: starts the sandbox, prints the address of its page, stops cleanly when told."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from maskarad.sandbox.refusal import HumanError
from maskarad.sandbox.server import Options, SandboxServer, make_server
from maskarad.sandbox.state import StateUnreadable


def main(arguments: list[str] | None = None) -> int:
    given = _given(arguments)
    options = _options(given)
    try:
        server = make_server(options)
    except (StateUnreadable, HumanError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    except OSError as wrong:
        sys.stderr.write(f"cannot listen on {options.host}:{options.port}: {wrong.strerror}\n")
        return 2
    return uvloop.run(_serve(server, end_with_input=given.end_with_input))


def _given(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="maskarad sandbox", description="A Telegram of your own, with a model.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8081, help="port to listen on (8081; 0 takes a free one)")
    parser.add_argument("--state", type=Path, help="file to keep everything in over restarts (none)")
    parser.add_argument("--manager-token", help="make a bot with this token, that a reset leaves in place")
    parser.add_argument("--end-with-input", action="store_true", help="stop when standard input ends")
    parser.add_argument("--flood", action="store_true", help="hold bots to Telegram's flood limits")
    return parser.parse_args(arguments)


def _options(given: argparse.Namespace) -> Options:
    return Options(
        host=given.host,
        port=given.port,
        state=given.state,
        manager_token=given.manager_token,
        flood=given.flood,
    )


async def _serve(server: SandboxServer, *, end_with_input: bool) -> int:
    loop = asyncio.get_running_loop()
    if end_with_input:
        # Whoever started us holds the other end: it ends with them, however they die.
        loop.add_reader(sys.stdin.fileno(), server.stop)
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, server.stop)
    sys.stdout.write(f"sandbox: {server.address}/\n")
    sys.stdout.flush()
    await server.run_until_stopped()
    return 0


if __name__ == "__main__":
    sys.exit(main())
