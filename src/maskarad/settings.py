"""One frozen `Settings`, read from the environment and `.env` once, at the start, and handed on."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, SettingsConfigDict

from maskarad.errors import SettingsError
from maskarad.setting_sentences import sentence
from maskarad.setting_shapes import (
    BotToken,
    CommaSeparated,
    DatabaseUrl,
    HeaderSecret,
    HeaderSecrets,
    Hours,
    HttpUrl,
    PriceEntries,
    RedisUrl,
    Secrets,
    TelegramIds,
    TimeZone,
)

LANGUAGES = ("uk", "ru", "en")
ENV_FILE = Path(".env")

MOST_MESSAGES = 10**9
MOST_TOKENS = 10**12
MOST_DOLLARS = 10**9
"""Of limits. A 64-bit column holds each in the unit it is counted in (money in millionths of a dollar), and what many
reserve beyond it."""


class Settings(BaseSettings):
    """The platform's settings. Field names in upper case are the variables; each description is the documentation."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    telegram_bot_token: BotToken | None = Field(
        None,
        description="The manager bot's token from @BotFather. Unset: the platform starts with the sandbox.",
    )
    telegram_api_base_url: HttpUrl = Field(
        "https://api.telegram.org", description="Where the Bot API is; a local Bot API server or the sandbox."
    )
    telegram_file_base_url: HttpUrl | None = Field(
        None, description="Where files are downloaded. Unset: TELEGRAM_API_BASE_URL with /file."
    )
    telegram_connection_pool_size: int = Field(
        100, ge=1, le=10_000, description="Connections to the Bot API kept for everything but long polling."
    )
    telegram_pool_timeout: float = Field(
        30.0, gt=0, le=3_600, description="Seconds to wait for a free connection to the Bot API."
    )
    telegram_concurrent_updates: int = Field(
        256,
        ge=1,
        le=100_000,
        description="Updates in work at once; more wait, and Telegram keeps what waits.",
    )
    telegram_max_per_second: float = Field(
        30.0, ge=0, le=1_000_000, description="Messages a bot may send in a second; 0 turns this limit off."
    )
    telegram_max_per_chat_second: float = Field(
        1.0,
        ge=0,
        le=1_000_000,
        description="Messages a bot may send in a second into one chat; 0 turns this limit off.",
    )
    telegram_max_per_group_minute: float = Field(
        20.0,
        ge=0,
        le=1_000_000,
        description="Messages a bot may send in a minute into one group; 0 turns this limit off.",
    )
    reply_pacing: Literal["natural", "none"] = Field(
        "natural",
        description="natural: a person's pause before an answer and between its parts; none: as fast as can be.",
    )
    run_mode: Literal["polling", "webhook"] = Field(
        "polling",
        description="polling: the platform asks Telegram; webhook: Telegram calls WEBHOOK_URL_BASE.",
    )
    webhook_url_base: HttpUrl | None = Field(
        None, description="The public https address of this platform; needed with RUN_MODE=webhook."
    )
    host: str = Field("127.0.0.1", description="Address that the platform's own HTTP server listens on.")
    port: int = Field(8080, ge=0, le=65_535, description="Its port; 0 takes any free one.")
    drain_seconds: float = Field(
        4.0,
        ge=0,
        le=6,
        description="Seconds that one of several processes goes on taking webhooks after SIGTERM, while /healthz says "
        "that it is stopping: by then the proxy has to send elsewhere.",
    )
    metrics_token: HeaderSecret | None = Field(
        None,
        description="Whoever sends it as a bearer token may read /metrics and /readyz; unset: nobody with "
        "RUN_MODE=webhook, else whoever asks from this machine, and not through a proxy.",
    )
    admin_user_ids: TelegramIds = Field(
        (),
        description="Telegram ids of the operators, comma-separated; they hear of trouble, and have /admin in the "
        "manager bot.",
    )
    sandbox_port: int = Field(
        8081,
        ge=0,
        le=65_535,
        description="The sandbox's port on this machine, used without a token; 0: any free one.",
    )
    max_personas_per_user: int = Field(20, ge=1, le=1_000_000, description="How many personas one user may have.")
    database_url: DatabaseUrl = Field(
        "", description="sqlite:///FILE or postgresql://…; unset: the file maskarad.db in DATA_DIR."
    )
    db_pool_size: int = Field(20, ge=1, le=10_000, description="Database connections kept open (PostgreSQL).")
    db_max_overflow: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Database connections opened beyond these under load, and closed after it (PostgreSQL). "
        "Opening one costs more than waiting for one.",
    )
    redis_url: RedisUrl | None = Field(
        None,
        description="redis://… (Redis 6.2 or newer) lets processes share snapshots and tell each other of changes at "
        "once. Unset, or while it is away: each keeps its own, and looks for changed bots and personas every 2 s.",
    )
    cache_ttl_user: float = Field(
        300, gt=0, le=86_400, description="Seconds that a user's account is kept in memory and Redis."
    )
    cache_ttl_persona: float = Field(
        600, gt=0, le=86_400, description="Seconds that a persona and its prompt are kept."
    )
    cache_ttl_menu: float = Field(1800, gt=0, le=86_400, description="Seconds that a link of a bot and a chat is kept.")
    llm_base_url: HttpUrl = Field(
        "https://openrouter.ai/api/v1", description="Any OpenAI-compatible server; OpenRouter by default."
    )
    llm_api_key: HeaderSecrets = Field(
        (),
        validation_alias=AliasChoices("llm_api_key", "openrouter_api_key"),
        description="The model's API key; several, comma-separated, take turns. Also read from OPENROUTER_API_KEY.",
    )
    llm_model: str = Field("openai/gpt-4o-mini", min_length=1, description="Model for personas that name none.")
    llm_fallback_models: CommaSeparated = Field(
        (), description="Models tried in this order when the first fails, comma-separated."
    )
    llm_timeout: float = Field(30.0, gt=0, le=3_600, description="Seconds that one call to the model may take.")
    llm_max_connections: int = Field(
        100, ge=1, le=100_000, description="Calls to the model in flight at once; more wait."
    )
    prompt_tokens: int = Field(
        6000,
        ge=500,
        le=1_000_000,
        description="About how many tokens of what was said and is remembered a prompt holds; the persona itself comes "
        "on top.",
    )
    summaries: bool = Field(
        True,
        description="Whether the model sums up what is too long ago for a prompt; without it a plain digest of people, "
        "topics and words is made locally.",
    )
    summary_calls_per_day: int = Field(
        20,
        ge=0,
        le=MOST_MESSAGES,
        description="Calls to the model that one bot may make in a day (UTC) for summaries; beyond it come digests.",
    )
    history_keep_messages: int = Field(
        0,
        ge=0,
        le=MOST_MESSAGES,
        description="How many of its newest messages a chat keeps; 0: all. Older ones are summed up first, and go once "
        "an hour. The last 40 stay.",
    )
    history_keep_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="For how many days a message is kept; 0: for ever. Older ones are summed up first, and go once an "
        "hour.",
    )
    llm_prices: PriceEntries = Field(
        (),
        description="What models cost where the provider does not tell (OpenRouter does): dollars for a million tokens "
        "of prompt and of answer, as name=0.15/0.60, comma-separated; *=0/0 is for all others. A model without a price "
        "counts as the dearest of these and of LLM_MODEL and LLM_FALLBACK_MODELS, and never as less than 2.50/10.",
    )
    limit_user_day_messages: int = Field(
        200,
        ge=0,
        le=MOST_MESSAGES,
        description="Answers that one person may be given in a day (UTC) by all bots together; 0: no limit.",
    )
    limit_user_day_tokens: int = Field(
        1_500_000, ge=0, le=MOST_TOKENS, description="The same in the model's tokens, both ways."
    )
    limit_user_day_money: float = Field(0.5, ge=0, le=MOST_DOLLARS, description="The same in dollars.")
    limit_bot_day_messages: int = Field(
        2_000, ge=0, le=MOST_MESSAGES, description="Answers that one bot may give in a day (UTC); 0: no limit."
    )
    limit_bot_day_tokens: int = Field(
        15_000_000, ge=0, le=MOST_TOKENS, description="The same in tokens, summaries included."
    )
    limit_bot_day_money: float = Field(2.0, ge=0, le=MOST_DOLLARS, description="The same in dollars.")
    limit_owner_month_messages: int = Field(
        20_000,
        ge=0,
        le=MOST_MESSAGES,
        description="Answers that all bots of one owner may give in a month (UTC); 0: no limit.",
    )
    limit_owner_month_tokens: int = Field(
        150_000_000, ge=0, le=MOST_TOKENS, description="The same in tokens, all calls included."
    )
    limit_owner_month_money: float = Field(20.0, ge=0, le=MOST_DOLLARS, description="The same in dollars.")
    llm_keepalive_expiry: float = Field(
        30.0, gt=0, le=86_400, description="Seconds that an idle connection to the model is kept."
    )
    answer_within: float = Field(
        600,
        ge=10,
        le=86_400,
        description="Seconds: a message that is older when it comes is kept, but not answered.",
    )
    flood_messages: int = Field(
        8,
        ge=0,
        le=1_000,
        description="Messages of one person in one chat that are answered within FLOOD_SECONDS; of a whole chat, three "
        "times as many. 0 turns this limit off.",
    )
    flood_seconds: float = Field(30, gt=0, le=3_600, description="Seconds in which FLOOD_MESSAGES are counted.")
    queue_most: int = Field(
        20_000,
        ge=1,
        le=MOST_MESSAGES,
        description="Chats that may wait for an answer at once; beyond it, what people say to bots with more than "
        "their share is taken in more slowly, and Telegram keeps it.",
    )
    queue_most_per_bot: int = Field(2_000, ge=1, le=MOST_MESSAGES, description="The same for the chats of one bot.")
    mood_half_life: float = Field(
        1800,
        ge=60,
        le=604_800,
        description="Seconds in which a persona's mood, left alone, loses half of its strength.",
    )
    reactions_per_hour: int = Field(
        6,
        ge=0,
        le=60,
        description="Reactions that a persona puts in one chat at most in any hour; 0: none.",
    )
    time_zone: TimeZone = Field(
        "UTC", description="Time zone (an IANA name such as Europe/Kyiv) of chats where none was chosen."
    )
    quiet_hours: Hours = Field(
        "23-8",
        description="From which hour until which a persona does not push itself forward, where the chat has chosen "
        "nothing else; 0-0: there are no quiet hours.",
    )
    spontaneity_min_pause: float = Field(
        45,
        ge=0,
        le=10_080,
        description="Minutes that a chat must have been silent before a persona speaks there unasked.",
    )
    spontaneity_per_day: int = Field(
        3, ge=0, le=100, description="How often a persona speaks unasked in one chat in a day; 0: never anywhere."
    )
    spontaneity_calls_per_day: int = Field(
        20,
        ge=0,
        le=MOST_MESSAGES,
        description="Calls to the model that one bot may make in a day (UTC) to speak unasked, whatever comes of them; "
        "0: none.",
    )
    spontaneity_day_money: float = Field(
        0.2,
        ge=0,
        le=MOST_DOLLARS,
        description="Dollars that one bot may spend in a day (UTC) on speaking unasked; 0: no limit.",
    )
    data_dir: Path = Field(
        Path("data"), description="Folder of the database file, the secret key and the sandbox's state."
    )
    maskarad_secret_key: Secrets = Field(
        (),
        description="Keys that encrypt tokens at rest, comma-separated, the newest first (Fernet keys). "
        "Unset: the file secret.key in DATA_DIR, made once.",
    )
    backup_dir: Path | None = Field(None, description="Folder for backups. Unset: the folder backups in DATA_DIR.")
    backup_hour: int = Field(
        3, ge=-1, le=23, description="Hour (UTC) after which a backup is made each day; -1: none is made by itself."
    )
    backup_passphrase: SecretStr | None = Field(
        None, description="Backups are encrypted with it, and nobody can restore them without it. Unset: they are not."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is worth a log line.")
    log_format: Literal["console", "json"] = Field("console", description="console for eyes, json for machines.")
    default_language: Literal["uk", "ru", "en"] = Field(
        "en", description="Language for people whose Telegram speaks none of uk, ru, en."
    )

    def model_post_init(self, _context: object) -> None:
        if self.run_mode == "webhook" and self.webhook_url_base is None:
            raise ValueError("WEBHOOK_URL_BASE is needed with RUN_MODE=webhook")

    @property
    def database(self) -> str:
        """The database's address, the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'maskarad.db'}"

    @property
    def database_file(self) -> Path | None:
        """The SQLite file; None with PostgreSQL."""
        scheme, _, rest = self.database.partition(":///")
        return Path(rest.partition("?")[0]) if scheme == "sqlite" else None

    @property
    def backup_folder(self) -> Path:
        return self.backup_dir or self.data_dir / "backups"

    @property
    def secret_keys(self) -> tuple[str, ...]:
        return tuple(key.get_secret_value() for key in self.maskarad_secret_key)

    @property
    def quiet_from_until(self) -> tuple[int, int]:
        """The hour in which the quiet ones begin, and the first that is not one of them."""
        begin, _, end = self.quiet_hours.partition("-")
        return int(begin), int(end)

    @property
    def file_base_url(self) -> str:
        return self.telegram_file_base_url or f"{self.telegram_api_base_url}/file"


def load(env_file: Path | None = ENV_FILE) -> Settings:
    """Read the settings. Raises SettingsError naming each wrong variable, never its value."""
    try:
        return Settings(_env_file=env_file)  # type: ignore[call-arg]  # pydantic-settings' own keyword
    except ValidationError as error:
        raise SettingsError("; ".join(map(sentence, error.errors()))) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{env_file}: is not a text in UTF-8") from None


def fields_given(env_file: Path | None = ENV_FILE) -> frozenset[str]:
    """Names of the fields that somebody set, wrong values among them."""
    given = EnvSettingsSource(Settings)() | DotEnvSettingsSource(Settings, env_file=env_file)()
    return frozenset(given) & Settings.model_fields.keys()
