"""Contents page of the Bot API: method by lower-case name, as Telegram does not mind the case."""

from maskarad.sandbox.methods import account, answers, chats, media, messages, receiving
from maskarad.sandbox.methods.call import Method

_METHODS: tuple[Method, ...] = (
    account.get_me,
    account.set_my_commands,
    account.get_my_commands,
    receiving.get_updates,
    receiving.set_webhook,
    receiving.delete_webhook,
    receiving.get_webhook_info,
    messages.send_message,
    messages.edit_message_text,
    messages.edit_message_reply_markup,
    messages.delete_message,
    messages.copy_message,
    media.send_photo,
    media.send_voice,
    media.send_document,
    media.send_sticker,
    media.get_file,
    answers.send_chat_action,
    answers.answer_callback_query,
    answers.set_message_reaction,
    chats.get_chat,
    chats.get_chat_member,
    chats.get_chat_administrators,
    chats.leave_chat,
)

METHODS: dict[str, Method] = {method.__name__.replace("_", ""): method for method in _METHODS}
