"""The drawing process: orders come in, pictures go out, until its input ends. `python -m maskarad.analytics.worker`

Each way a message is its length (four bytes, the greatest first) and its content; an answer begins with a byte that
says whether it is a picture or the name of an error. A process of its own, because matplotlib would stay in the
platform's memory for ever and draw where conversations wait.
"""

import os
import sys
from typing import BinaryIO

from maskarad.analytics.order import decode
from maskarad.analytics.pictures import draw

LENGTH_BYTES = 4
DRAWN, FAILED = b"\x01", b"\x00"
_NICENESS = 10
"""Drawing gives way to conversations."""


def serve(orders: BinaryIO, pictures: BinaryIO) -> None:
    while length := orders.read(LENGTH_BYTES):
        answer = _answer(orders.read(int.from_bytes(length)))
        pictures.write(len(answer).to_bytes(LENGTH_BYTES) + answer)
        pictures.flush()


def _answer(order: bytes) -> bytes:
    try:
        return DRAWN + draw(decode(order))
    except Exception as error:  # noqa: BLE001 - the outermost loop: a picture that fails must not end the others
        return FAILED + type(error).__name__.encode()


if __name__ == "__main__":
    os.nice(_NICENESS)
    serve(sys.stdin.buffer, sys.stdout.buffer)
