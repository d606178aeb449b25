"""`maskarad gateway` and `maskarad worker`: what stops them, in one sentence."""

from pathlib import Path

import pytest

from tests.cli.shell import Running, Shell

SERVER = "postgresql://somebody@127.0.0.1:1/nowhere"
TOKEN = "123456:ABCDEFGHIJKLMNOPQRST"


@pytest.mark.parametrize("role", ["gateway", "worker"])
def test_on_sqlite_there_is_only_one_process(home: Shell, role: str) -> None:
    home.set(TELEGRAM_BOT_TOKEN=TOKEN)
    sentence = home.complaint(role, code=1)
    assert sentence.startswith("DATABASE_URL: ")
    assert "maskarad run" in sentence


@pytest.mark.parametrize("role", ["gateway", "worker"])
def test_they_have_no_sandbox(home: Shell, role: str) -> None:
    home.set(DATABASE_URL=SERVER)
    assert home.complaint(role, code=1).startswith("TELEGRAM_BOT_TOKEN: is not set")


def test_a_worker_is_told_which_token_it_needs(home: Shell) -> None:
    home.set(DATABASE_URL=SERVER)
    assert home.complaint("worker", code=1).endswith("set the same token as the gateways have")


@pytest.mark.parametrize("queues", ["dreams", "turns,dreams"])
def test_a_queue_that_there_is_not_is_named_with_those_that_there_are(home: Shell, queues: str) -> None:
    home.set(DATABASE_URL=SERVER, TELEGRAM_BOT_TOKEN=TOKEN)
    sentence = home.complaint("worker", "--queues", queues, code=2)
    assert "dreams" in sentence
    assert sentence.endswith("turns, delivery, slow")


def test_a_worker_works_from_some_queue(home: Shell) -> None:
    home.set(DATABASE_URL=SERVER, TELEGRAM_BOT_TOKEN=TOKEN)
    assert "names none" in home.complaint("worker", "--queues", " , ", code=2)


@pytest.mark.parametrize("role", ["gateway", "worker"])
async def test_a_database_that_is_away_is_told(tmp_path: Path, role: str) -> None:
    away = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_BASE_URL": "http://127.0.0.1:1", "PORT": "0"}
    said = await (await Running.start(role, folder=tmp_path, DATABASE_URL=SERVER, **away)).end()
    assert said.code == 1
    assert said.err.splitlines()[-1].startswith("maskarad: the database cannot be used")


async def test_what_is_no_setting_is_told_at_the_start(tmp_path: Path) -> None:
    said = await (await Running.start("worker", folder=tmp_path, LIMIT_USER_DAY_MESAGES="5")).end()
    assert "LIMIT_USER_DAY_MESAGES is not a setting; did you mean LIMIT_USER_DAY_MESSAGES?" in said.err
