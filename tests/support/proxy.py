"""The proxy of deploy/Caddyfile, without HTTPS. Caddy is not in Debian 12 in a version that will do, so these tests run
where somebody has put one into PATH."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.servers import free_port
from tests.support.until import until

CADDYFILE = Path(__file__).parent.parent.parent / "deploy" / "Caddyfile"

OLDEST = (2, 11, 7)


def _has_caddy() -> bool:
    """Older ones do not know the file's words, or lose the body of a request when they try another gateway."""
    if shutil.which("caddy") is None:
        return False
    said = subprocess.run(["caddy", "version"], capture_output=True, text=True, check=False).stdout
    numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", said)
    return numbers is not None and tuple(map(int, numbers.groups())) >= OLDEST


needs_caddy = pytest.mark.skipif(not _has_caddy(), reason="there is no Caddy 2.11.7 or newer")


@asynccontextmanager
async def proxy(gateways: Sequence[int], tmp_path: Path) -> AsyncIterator[str]:
    """Caddy with our Caddyfile, without HTTPS."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "DOMAIN": address,
        "GATEWAYS": " ".join(f"127.0.0.1:{gateway}" for gateway in gateways),
        "XDG_DATA_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "HOME": str(tmp_path),
    }
    # The control address is switched off: nobody else may use its port here.
    caddyfile = tmp_path / "Caddyfile"
    own = CADDYFILE.read_text(encoding="utf-8")
    caddyfile.write_text("{\n\tadmin off\n}\n" + own.split("\n\n", 1)[1], encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        "caddy", "run", "--adapter", "caddyfile", "--config", str(caddyfile), env=environment, stderr=subprocess.DEVNULL
    )

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    try:
        await until(listens)
        yield address
    finally:
        process.terminate()
        await process.wait()
