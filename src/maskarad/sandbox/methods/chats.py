"""Chats and their members, as a bot may look at them."""

from maskarad.sandbox import membership, talk
from maskarad.sandbox.methods.call import Call
from maskarad.sandbox.reach import chat_to_read
from maskarad.sandbox.refusal import bad_request
from maskarad.sandbox.world import Body

_ACCEPTED_GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
_PERMISSIONS = [
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
    "can_react_to_messages",
    "can_edit_tag",
]


def get_chat(call: Call) -> Body:
    chat = chat_to_read(call.telegram, call.bot, call.params)
    full = {
        **talk.chat_body(call.telegram, chat),
        "accent_color_id": abs(chat.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(_ACCEPTED_GIFTS, False),
    }
    if not chat.is_private:
        full["permissions"] = dict.fromkeys(_PERMISSIONS, True)
    return full


def get_chat_member(call: Call) -> Body:
    chat = chat_to_read(call.telegram, call.bot, call.params)
    user_id = call.params.integer("user_id")
    if user_id <= 0:
        raise bad_request("invalid user_id specified")
    account = call.telegram.world.account(user_id)
    if account is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    if chat.is_private:
        if user_id not in (chat.person, chat.bot):
            raise bad_request("member not found")
        return membership.member_body(account, "member")
    if user_id not in chat.members:
        return membership.member_body(account, "left")
    return membership.member_body(account, chat.members[user_id])


def get_chat_administrators(call: Call) -> list[Body]:
    """Creator first; other bots are not listed, as at Telegram."""
    chat = chat_to_read(call.telegram, call.bot, call.params)
    if chat.is_private:
        raise bad_request("there are no administrators in the private chat")
    world = call.telegram.world
    ids = [each for each in chat.members if chat.administrates(each)]
    shown = [each for each in ids if each not in world.bots or each == call.bot.id]
    accounts = [(account, chat.members[each]) for each in shown if (account := world.account(each))]
    return [membership.member_body(account, status) for account, status in accounts]


def leave_chat(call: Call) -> bool:
    chat = chat_to_read(call.telegram, call.bot, call.params)
    if chat.is_private:
        raise bad_request("chat member status can't be changed in private chats")
    membership.leave(call.telegram, chat, call.bot, call.bot)
    return True
