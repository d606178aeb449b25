"""The platform's own tables as ORM classes. Columns that this bot does not use keep their defaults."""

from sqlalchemy import BigInteger, ForeignKey, Integer
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

BIG_KEY = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]
    username: Mapped[str | None]
    language: Mapped[str]
    created_at: Mapped[float]

    persona_configs: Mapped[list["PersonaConfig"]] = relationship(
        back_populates="owner", order_by=lambda: PersonaConfig.id
    )


class PersonaConfig(Base):
    __tablename__ = "persona_configs"

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    content: Mapped[str]

    owner: Mapped[User] = relationship(back_populates="persona_configs")
    bot_instance: Mapped["BotInstance | None"] = relationship(back_populates="persona_config")


class BotInstance(Base):
    __tablename__ = "bot_instances"

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True)
    persona_config_id: Mapped[int] = mapped_column(ForeignKey("persona_configs.id"))
    telegram_id: Mapped[int] = mapped_column(BigInteger)
    username: Mapped[str]
    name: Mapped[str]
    token: Mapped[str]
    public_id: Mapped[str]
    secret: Mapped[str]
    access: Mapped[str]
    enabled: Mapped[bool]
    state: Mapped[str]

    persona_config: Mapped[PersonaConfig] = relationship(back_populates="bot_instance")
    whitelist: Mapped[list["BotWhitelist"]] = relationship()


class BotWhitelist(Base):
    __tablename__ = "bot_whitelist"

    bot_instance_id: Mapped[int] = mapped_column(ForeignKey("bot_instances.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class ChatBotInstance(Base):
    __tablename__ = "chat_bot_instances"

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    bot_instance_id: Mapped[int] = mapped_column(ForeignKey("bot_instances.id"))
    chat_type: Mapped[str]
    title: Mapped[str]
    active: Mapped[bool]
    muted: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[float]

    bot_instance: Mapped[BotInstance] = relationship()


class ChatContext(Base):
    __tablename__ = "chat_contexts"

    id: Mapped[int] = mapped_column(BIG_KEY, primary_key=True)
    chat_bot_instance_id: Mapped[int] = mapped_column(ForeignKey("chat_bot_instances.id"))
    message_order: Mapped[int] = mapped_column(BigInteger)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(BigInteger)
    user_name: Mapped[str]
    from_persona: Mapped[bool]
    text: Mapped[str]
    timestamp: Mapped[float]
