"""What the handlers ask of the database: everything related is loaded with it, and rows are locked on the way."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload
from telegram import Chat, Message
from telegram import User as TelegramUser

from benchmarks.before.models import BotInstance, ChatBotInstance, ChatContext, PersonaConfig, User
from maskarad.errors import NotFound
from maskarad.texts import language_for

HISTORY_LINES = 40


def get_user(db: Session, sender: TelegramUser, *, now: float) -> User:
    """The user with personas and bots, made when there is none."""
    user = db.scalars(
        select(User)
        .options(selectinload(User.persona_configs).selectinload(PersonaConfig.bot_instance))
        .where(User.id == sender.id)
        .with_for_update()
    ).one_or_none()
    username = sender.username.lower() if sender.username else None
    if user is None:
        language = language_for(sender.language_code, "en")
        user = User(id=sender.id, name=sender.full_name, username=username, language=language, created_at=now)
        db.add(user)
    elif (user.name, user.username) != (sender.full_name, username):
        user.name, user.username = sender.full_name, username
    return user


def get_personas(db: Session, user_id: int) -> list[PersonaConfig]:
    query = select(PersonaConfig).options(joinedload(PersonaConfig.bot_instance))
    return list(db.scalars(query.where(PersonaConfig.owner_id == user_id).order_by(PersonaConfig.id)))


def get_own_persona(db: Session, user_id: int, persona_id: int) -> PersonaConfig:
    """The access check of every button that belongs to a persona. Raises NotFound, also for somebody else's."""
    persona = db.scalars(
        select(PersonaConfig)
        .options(joinedload(PersonaConfig.owner))
        .where(PersonaConfig.id == persona_id)
        .with_for_update(of=PersonaConfig)
    ).one_or_none()
    if persona is None or persona.owner_id != user_id:
        raise NotFound(f"there is no persona {persona_id}")
    return persona


def get_bot_of_persona(db: Session, persona_id: int) -> BotInstance | None:
    query = select(BotInstance).options(joinedload(BotInstance.persona_config))
    return db.scalars(query.where(BotInstance.persona_config_id == persona_id)).one_or_none()


def get_bot(db: Session, telegram_id: int) -> BotInstance | None:
    """A bot with its persona, its owner and whom it talks to."""
    query = select(BotInstance).options(
        joinedload(BotInstance.persona_config).joinedload(PersonaConfig.owner), selectinload(BotInstance.whitelist)
    )
    return db.scalars(query.where(BotInstance.telegram_id == telegram_id)).one_or_none()


def get_bot_by_public_id(db: Session, public_id: str) -> BotInstance | None:
    return db.scalars(select(BotInstance).where(BotInstance.public_id == public_id)).one_or_none()


def get_running_bots(db: Session) -> list[BotInstance]:
    return list(db.scalars(select(BotInstance).where(BotInstance.enabled, BotInstance.state == "working")))


def get_link(db: Session, bot: BotInstance, chat: Chat, *, now: float) -> ChatBotInstance:
    """The bot in the chat, made when there is none. Nobody else counts its messages until the transaction ends."""
    link = db.scalars(
        select(ChatBotInstance)
        .options(joinedload(ChatBotInstance.bot_instance).joinedload(BotInstance.persona_config))
        .where(ChatBotInstance.chat_id == chat.id, ChatBotInstance.bot_instance_id == bot.id)
        .with_for_update(of=ChatBotInstance)
    ).one_or_none()
    if link is None:
        link = ChatBotInstance(
            chat_id=chat.id,
            bot_instance_id=bot.id,
            chat_type=str(chat.type),
            title=chat.title or "",
            active=True,
            created_at=now,
        )
        db.add(link)
        db.flush()
    return link


def add_message(
    db: Session,
    link: ChatBotInstance,
    message: Message,
    *,
    user_id: int,
    user_name: str,
    from_persona: bool = False,
) -> None:
    """Appends to the link's history; the link must be locked."""
    count = select(func.count()).where(ChatContext.chat_bot_instance_id == link.id)
    db.add(
        ChatContext(
            chat_bot_instance_id=link.id,
            message_order=db.scalars(count).one() + 1,
            chat_id=link.chat_id,
            user_id=user_id,
            user_name=user_name,
            from_persona=from_persona,
            text=message.text or "",
            timestamp=message.date.timestamp(),
        )
    )
    db.flush()


def get_history(db: Session, link: ChatBotInstance) -> list[ChatContext]:
    """The newest lines, oldest first."""
    query = select(ChatContext).where(ChatContext.chat_bot_instance_id == link.id)
    newest = db.scalars(query.order_by(ChatContext.message_order.desc()).limit(HISTORY_LINES)).all()
    return list(reversed(newest))
