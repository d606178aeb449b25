"""The body of a Bot API call: query string, JSON, form or multipart, merged into one set of parameters."""

import re
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from maskarad.sandbox.params import Params, Upload
from maskarad.sandbox.refusal import Refused, bad_request

MAX_BODY_BYTES = 52 * 1024 * 1024
"""50 MB for a file that a bot sends, and room for the other fields."""

_OPTION = re.compile(r';\s*([\w-]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))')
_ESCAPED = re.compile(r"\\(.)")


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """The whole body. Raises `Refused` 413 when it is larger than `limit` bytes."""
    if int(request.headers.get("content-length") or 0) > limit:
        raise Refused(413, "Request Entity Too Large")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise Refused(413, "Request Entity Too Large")
        chunks.append(chunk)
    return b"".join(chunks)


async def read_params(request: Request) -> Params:
    body = await read_body(request)
    values: dict[str, Any] = dict(request.query_params) if request.url.query else {}
    kind, _, options = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if not body:
        return Params(values)
    if kind == "application/json":
        return Params({**values, **_json(body)})
    if kind == "application/x-www-form-urlencoded":
        return Params({**values, **dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))})
    if kind == "multipart/form-data":
        fields, uploads = read_multipart(body, _boundary(options))
        return Params({**values, **fields}, uploads)
    return Params(values)


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise bad_request("can't parse JSON object") from None
    if not isinstance(found, dict):
        raise bad_request("JSON object expected")
    return found


def read_multipart(body: bytes, boundary: bytes) -> tuple[dict[str, str], dict[str, Upload]]:
    """Fields and files of a `multipart/form-data` body (RFC 7578); parts without a name are left out."""
    fields: dict[str, str] = {}
    uploads: dict[str, Upload] = {}
    if not boundary:
        raise bad_request("boundary is missing in multipart/form-data")
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        head, divided, content = part.partition(b"\r\n\r\n")
        if not divided or head.startswith(b"--"):
            continue
        headers = _headers(head)
        options = _options(headers.get("content-disposition", ""))
        name = options.get("name")
        if name is None:
            continue
        if "filename" in options:
            uploads[name] = Upload(options["filename"], content, headers.get("content-type"))
        else:
            fields[name] = content.decode("utf-8", "replace")
    return fields, uploads


def _headers(head: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n"))
    return {name.strip().lower(): value.strip() for name, colon, value in lines if colon}


def _options(disposition: str) -> dict[str, str]:
    found = _OPTION.findall(disposition)
    return {name.lower(): _ESCAPED.sub(r"\1", quoted) if quoted else bare.strip() for name, quoted, bare in found}


def _boundary(options: str) -> bytes:
    return _options(f"; {options}").get("boundary", "").encode()
