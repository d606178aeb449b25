from pathlib import Path

import pytest
from pydantic import ValidationError

from maskarad.errors import SettingsError
from maskarad.settings import Settings, load

SECRET = "123456:do-not-tell"

UNPRINTABLE = "must be of printable ASCII characters without spaces, as a header of a request can carry them"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of whoever runs the tests are not those of the tests."""
    for name in (*Settings.model_fields, "openrouter_api_key"):
        monkeypatch.delenv(name.upper(), raising=False)


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load(None)


def test_nothing_set_is_enough_to_start() -> None:
    settings = load(None)
    assert settings.telegram_bot_token is None
    assert settings.run_mode == "polling"
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.database == "sqlite:///data/maskarad.db"
    assert settings.file_base_url == f"{settings.telegram_api_base_url}/file"


def test_the_documents_numbers_are_the_defaults() -> None:
    settings = load(None)
    assert (settings.telegram_connection_pool_size, settings.telegram_pool_timeout) == (100, 30)
    assert (settings.db_pool_size, settings.db_max_overflow) == (20, 0)
    assert (settings.cache_ttl_user, settings.cache_ttl_persona, settings.cache_ttl_menu) == (300, 600, 1800)
    assert (settings.llm_timeout, settings.llm_max_connections, settings.llm_keepalive_expiry) == (30, 100, 30)
    limits = (settings.telegram_max_per_second, settings.telegram_max_per_chat_second)
    assert (*limits, settings.telegram_max_per_group_minute) == (30, 1, 20)


def test_quiet_hours_run_from_one_full_hour_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(None).quiet_from_until == (23, 8)
    assert given(monkeypatch, QUIET_HOURS="0-19").quiet_from_until == (0, 19)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "65536"),
        ("DRAIN_SECONDS", "7"),
        ("RUN_MODE", "carrier pigeon"),
        ("REPLY_PACING", "slow"),
        ("TELEGRAM_API_BASE_URL", "ftp://example.org"),
        ("TELEGRAM_CONNECTION_POOL_SIZE", "0"),
        ("TELEGRAM_POOL_TIMEOUT", "-1"),
        ("TELEGRAM_MAX_PER_SECOND", "-0.1"),
        ("ADMIN_USER_IDS", "1,two"),
        ("DATABASE_URL", "mysql://localhost/maskarad"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "postgresql://127.0.0.1/x?ssl=nonsense"),
        ("DATABASE_URL", "postgresql://127.0.0.1/x?no_such=1"),
        ("DATABASE_URL", "postgresql:///x?host=a&host=b:x"),
        ("DATABASE_URL", "postgresql://127.0.0.1/x?prepared_statement_cache_size=x"),
        ("DB_POOL_SIZE", "0"),
        ("CACHE_TTL_USER", "0"),
        ("LLM_BASE_URL", "openrouter"),
        ("LLM_TIMEOUT", "soon"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("DEFAULT_LANGUAGE", "fr"),
        ("TIME_ZONE", "Kyiv"),
        ("QUIET_HOURS", "23"),
        ("QUIET_HOURS", "22-24"),
        ("SPONTANEITY_PER_DAY", "-1"),
    ],
)
def test_a_wrong_value_stops_the_start_and_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        given(monkeypatch, **{variable: value})
    assert str(caught.value).startswith(f"{variable}: ")
    assert "\n" not in str(caught.value)


NUMBERS = [name.upper() for name, field in Settings.model_fields.items() if field.annotation in (int, float)]


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e400", "9" * 26, "9" * 5_000])
@pytest.mark.parametrize("variable", NUMBERS)
def test_no_number_is_larger_than_what_can_be_counted(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    with pytest.raises(
        SettingsError, match=f"^{variable}: must be (at most|a whole number|a finite|a number of fewer)"
    ):
        given(monkeypatch, **{variable: value})


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("ADMIN_USER_IDS", "me", "must be ids at Telegram, such as 1001,1002: entry 1 is none"),
        ("ADMIN_USER_IDS", "7,1 2", "must be ids at Telegram, such as 1001,1002: entry 2 is none"),
        ("ADMIN_USER_IDS", "7,-8", "must be ids at Telegram, such as 1001,1002: entry 2 is none"),
        ("ADMIN_USER_IDS", "0", "must be ids at Telegram, such as 1001,1002: entry 1 is none"),
        ("ADMIN_USER_IDS", str(2**52), "must be ids at Telegram, such as 1001,1002: entry 1 is none"),
        ("LIMIT_USER_DAY_MONEY", "1,5", "must be a number, with a point and not a comma, such as 1.5"),
        ("LIMIT_BOT_DAY_TOKENS", "9" * 26, "must be at most 1,000,000,000,000"),
        ("LLM_TIMEOUT", "0", "must be more than 0"),
        ("PORT", "8.5", "must be a whole number"),
        ("RUN_MODE", "pigeon", "must be polling or webhook"),
        ("SUMMARIES", "perhaps", "must be true or false"),
        ("LLM_PRICES", "a=1", "'a=1' is not like name=0.15/0.60, dollars for a million tokens"),
        ("LLM_PRICES", "a=-1/nan", "'a=-1/nan' is not like name=0.15/0.60, dollars for a million tokens"),
        ("METRICS_TOKEN", "ü", UNPRINTABLE),
        ("METRICS_TOKEN", " ", UNPRINTABLE),
        ("METRICS_TOKEN", "a b", UNPRINTABLE),
    ],
)
def test_what_is_wrong_is_said_in_words_of_ours(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        given(monkeypatch, **{variable: value})
    assert str(caught.value) == f"{variable}: {sentence}"


def test_the_largest_limits_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, LIMIT_BOT_DAY_TOKENS=str(10**12), ADMIN_USER_IDS=str(2**52 - 1), METRICS_TOKEN="a~b")
    assert (settings.limit_bot_day_tokens, settings.admin_user_ids) == (10**12, (2**52 - 1,))


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"PORT: .*; LOG_LEVEL: ") as caught:
        given(monkeypatch, PORT="x", LOG_LEVEL="x")
    assert "pydantic" not in str(caught.value)


def test_secrets_are_in_no_error_and_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, TELEGRAM_BOT_TOKEN=SECRET, LLM_API_KEY=SECRET, MASKARAD_SECRET_KEY=SECRET)
    assert settings.telegram_bot_token is not None
    assert settings.telegram_bot_token.get_secret_value() == SECRET
    assert SECRET not in repr(settings) + str(settings)
    with pytest.raises(SettingsError) as caught:
        given(monkeypatch, DATABASE_URL=SECRET, PORT=SECRET)
    assert SECRET not in str(caught.value)


def test_webhooks_need_a_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="WEBHOOK_URL_BASE"):
        given(monkeypatch, RUN_MODE="webhook")
    settings = given(monkeypatch, RUN_MODE="webhook", WEBHOOK_URL_BASE="https://example.org/")
    assert settings.webhook_url_base == "https://example.org"


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, ADMIN_USER_IDS="1, 2,", LLM_API_KEY="a, b", LLM_FALLBACK_MODELS="x/y,z")
    assert settings.admin_user_ids == (1, 2)
    assert [key.get_secret_value() for key in settings.llm_api_key] == ["a", "b"]
    assert settings.llm_fallback_models == ("x/y", "z")


def test_the_openrouter_key_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, OPENROUTER_API_KEY="b")
    assert [key.get_secret_value() for key in settings.llm_api_key] == ["b"]
    settings = given(monkeypatch, LLM_API_KEY="a")
    assert [key.get_secret_value() for key in settings.llm_api_key] == ["a"]


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, TELEGRAM_BOT_TOKEN="", DATABASE_URL="", PORT="", REDIS_URL="")
    assert (settings.telegram_bot_token, settings.port, settings.redis_url) == (None, 8080, None)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=1\nHOST=0.0.0.0\nUNKNOWN=1\n", encoding="utf-8")
    monkeypatch.setenv("PORT", "2")
    settings = load(file)
    assert (settings.port, settings.host) == (2, "0.0.0.0")


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValidationError):
        load(None).port = 1
