"""A check with Telegram takes seconds; what was stored meanwhile stays."""

from cryptography.fernet import Fernet

from maskarad.db.engine import Database
from maskarad.db.secrets import reseal, tokens
from maskarad.values import BotProfile, Token
from maskarad.vault import Vault
from tests.manager.conftest import alice as alice
from tests.manager.conftest import bind_bot, make_persona
from tests.manager.conftest import manager as manager
from tests.manager.conftest import platform as platform
from tests.manager.conftest import telegram as telegram
from tests.manager.stage import Person, Telegram


async def test_a_token_sealed_anew_during_a_live_check_stays_so(
    alice: Person, telegram: Telegram, database: Database
) -> None:
    await make_persona(alice)
    await bind_bot(alice)
    await alice.presses("Health")
    [(bot_id, old)] = await database.read(lambda connection: tokens(connection, after=0, most=2))
    new = Vault([Fernet.generate_key().decode()]).seal(Token("1:sealed-with-another-key"))
    ask = telegram.get_me

    async def slow(token: Token) -> BotProfile:
        profile = await ask(token)
        assert await database.write(lambda connection: reseal(connection, bot_id, old=old, new=new))
        return BotProfile(
            telegram_id=profile.telegram_id, name="Mira", username="renamed_bot", sees_all_group_messages=True
        )

    telegram.get_me = slow  # type: ignore[method-assign]  # a Telegram that takes its time
    await alice.presses("Check now")
    assert await database.read(lambda connection: tokens(connection, after=0, most=2)) == [(bot_id, new)]
