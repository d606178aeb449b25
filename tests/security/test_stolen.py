"""What a thief has who has every row."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from maskarad.errors import WrongSecretKey
from maskarad.key_file import new_key
from maskarad.vault import Vault, open_vault
from tests.journeys.stage import MANAGER_ID, OWNER, Stage
from tests.sandbox.scene import MANAGER_TOKEN


def everything(connection: Connection) -> str:
    tables = inspect(connection).get_table_names()
    return "\n".join(
        repr(tuple(row)) for table in tables for row in connection.execute(text(f'SELECT * FROM "{table}"'))
    )


async def test_a_stolen_database_opens_no_bot(stage: Stage, tmp_path: Path) -> None:
    actor = await stage.actor()
    async with stage.playing():
        await stage.ask(actor, "привіт")
        await stage.sandbox.ask(stage.sandbox.private(OWNER, MANAGER_ID), OWNER, "/start")
    rows = await stage.database.read(everything)
    tokens = {each["id"]: each["token"] for each in await stage.sandbox.bots()}
    key = (stage.settings.data_dir / "secret.key").read_text().strip()
    assert "привіт" in rows  # said in docs/security.md: words are in the clear
    for secret in (*tokens.values(), MANAGER_TOKEN, key, "sandbox-key"):
        assert secret not in rows
        assert secret.rpartition(":")[2] not in rows
    [sealed] = [word for word in rows.replace("'", " ").split() if word.startswith("gAAAA")][:1]
    with pytest.raises(WrongSecretKey):
        Vault([new_key()]).open(sealed)
    assert open_vault((), stage.settings.data_dir).open(sealed).reveal()
