"""What commands write of secrets and words, given rightly and wrongly, beside a running platform and without one:
nothing."""

import asyncio
import json

import pytest

from maskarad.key_file import RETIRED_FILE, KeyFile
from tests.journeys.stage import FRIEND, STRANGER, Actor
from tests.sandbox.scene import MANAGER_TOKEN
from tests.security import canaries
from tests.security.aviary import Aviary, paste_tokens, webhook_secrets, with_password
from tests.security.canaries import text
from tests.support.servers import PostgresServer

pytestmark = [pytest.mark.timeout(600), pytest.mark.parametrize("house", ["sqlite", "postgresql"], indirect=True)]

NOBODY = "127.0.0.1:1"
REFUSED = [
    {"DATABASE_URL": f"postgresql://nobody:{canaries.DATABASE_PASSWORD}@{NOBODY}/x"},
    {"DATABASE_URL": f"postgresql://a:{canaries.DATABASE_PASSWORD}/x@{NOBODY}/x"},
    {"DATABASE_URL": f"postgresql://a:{canaries.DATABASE_PASSWORD}:5432"},
    {"DATABASE_URL": f"mysql://a:{canaries.DATABASE_PASSWORD}@127.0.0.1/x"},
    {"DATABASE_URL": f"postgresql://a:{canaries.DATABASE_PASSWORD}@{NOBODY}/x?ssl=canary"},
    {"REDIS_URL": f"redis://:{canaries.REDIS_PASSWORD}@{NOBODY}/0"},
    {"REDIS_URL": f"redis://:{canaries.REDIS_PASSWORD}/@{NOBODY}/0"},
    {"REDIS_URL": f"redis://:{canaries.REDIS_PASSWORD}@{NOBODY}/0?no_such=canary"},
    {"MASKARAD_SECRET_KEY": canaries.SECRET_KEY[1:]},
    {"MASKARAD_SECRET_KEY": f"{canaries.SECRET_KEY},canary"},
    {"TELEGRAM_BOT_TOKEN": canaries.token(3)},
    {"TELEGRAM_BOT_TOKEN": "canary-no-token"},
    {"LLM_API_KEY": f"{canaries.API_KEY}ї"},
    {"LLM_BASE_URL": "canary://canary"},
    {"ADMIN_USER_IDS": "canary"},
]


async def test_no_command_writes_a_secret_or_a_word(aviary: Aviary, own_postgres: PostgresServer) -> None:
    """The secret key is in its file here, so that it can be exchanged while the platform runs."""
    stage = aviary.stage
    file = KeyFile(stage.settings.data_dir)
    file.path.write_text(aviary.environment.pop("MASKARAD_SECRET_KEY"))
    file.path.chmod(0o600)
    await aviary.start()
    actor = await paste_tokens(aviary)
    await stage.ask(actor, text("private"), FRIEND)
    await asyncio.gather(_be_refused(aviary), _stop_and_allow(aviary, actor))
    await _rotate(aviary)
    secrets = [*await stage.database.read(webhook_secrets), *file.read().every]
    assert (stage.settings.data_dir / RETIRED_FILE).read_text().split() == [canaries.SECRET_KEY]
    await aviary.stop()
    await stage.database.close()  # whoever restores and moves must be alone
    await _back_up_and_restore(aviary, own_postgres)
    await _move(aviary, own_postgres)
    await _rotate_by_hand(aviary, file.read().sealing[0])
    aviary.must_have_written("platform_started", secrets=secrets)


async def _be_refused(aviary: Aviary) -> None:
    wrong = [aviary.maskarad("doctor", **each) for each in REFUSED]
    wrong += [aviary.maskarad("bot", "list", **each) for each in REFUSED if "DATABASE_URL" in each]
    wrong += [
        aviary.maskarad("bot", "add", "--persona", "1", stdin=token)
        for token in (canaries.token(4), canaries.token(4)[:15], MANAGER_TOKEN)
    ]
    other_key = canaries.SECRET_KEY.replace("y", "z")
    wrong += [aviary.maskarad("secrets", each, MASKARAD_SECRET_KEY=other_key) for each in ("check", "rotate")]
    right = [aviary.maskarad("doctor", "--settings"), aviary.maskarad("doctor"), aviary.maskarad("secrets", "check")]
    assert [said for said in await asyncio.gather(*wrong) if said.code not in (1, 2)] == []
    assert [said for said in await asyncio.gather(*right) if said.code != 0] == []


async def _stop_and_allow(aviary: Aviary, actor: Actor) -> None:
    for kind, who in (("bot", f"@{actor.username}"), ("user", str(STRANGER))):
        assert (await aviary.maskarad("stop", kind, who)).code == 0
        assert (await aviary.maskarad("stop", "list")).code == 0
        await aviary.stage.sandbox.say(aviary.stage.private(actor, STRANGER), STRANGER, text("stopped"))
        assert (await aviary.maskarad("allow", kind, who)).code == 0


async def _rotate(aviary: Aviary) -> None:
    """While the platform runs, and goes on reading what was sealed anew."""
    for more in ((), ("--finish",)):
        said = await aviary.maskarad("secrets", "rotate", *more)
        assert said.code == 0, said


async def _rotate_by_hand(aviary: Aviary, old: str) -> None:
    for more in ((), ("--finish",)):
        keys = f"{canaries.OTHER_SECRET_KEY},{old}"
        said = await aviary.maskarad("secrets", "rotate", *more, MASKARAD_SECRET_KEY=keys)
        assert said.code == 0, said


async def _back_up_and_restore(aviary: Aviary, postgres: PostgresServer) -> None:
    # A backup goes back into the kind of database that it is of, and everything moves into the other.
    place = _empty(aviary, postgres, "restored", on_server=aviary.stage.settings.database_file is None)
    made = await aviary.maskarad("backup", "create", "--daily")
    assert made.code == 0, made
    listed = await aviary.maskarad("backup", "list", "--json")
    [name] = [each["file"] for each in json.loads(listed.out)]
    refused = await asyncio.gather(
        *(
            aviary.maskarad(*words, BACKUP_PASSPHRASE=wrong)
            for wrong in (canaries.WRONG_PASSPHRASE, "")
            for words in (("backup", "verify", name), ("restore", name, "--force"))
        )
    )
    assert [said for said in refused if said.code != 1 or "BACKUP_PASSPHRASE" not in said.err] == []
    told: list[tuple[tuple[str, ...], int]] = [
        (("backup", "verify", name), 0),
        (("restore", name), 1),
        (("restore", name, "--force"), 0),
        (("restore", name, "--to", f"postgresql://a:{canaries.DATABASE_PASSWORD}@{NOBODY}/x"), 1),
        (("restore", name, "--to", place), 0),
        (("backup", "prune"), 0),
    ]
    for words, code in told:
        said = await aviary.maskarad(*words)
        assert said.code == code, (words, said)


async def _move(aviary: Aviary, postgres: PostgresServer) -> None:
    target = _empty(aviary, postgres, "moved", on_server=aviary.stage.settings.database_file is not None)
    for to, code in (
        (f"postgresql://a:{canaries.DATABASE_PASSWORD}@{NOBODY}/x", 2),
        (target, 0),
        (target, 2),
    ):
        said = await aviary.maskarad("db", "move", "--to", to)
        assert said.code == code, (to, said)


def _empty(aviary: Aviary, postgres: PostgresServer, name: str, *, on_server: bool) -> str:
    if not on_server:
        return f"sqlite:///{aviary.folder / name}.db"
    postgres.execute(f"CREATE DATABASE {name}")
    return with_password(postgres, name)
