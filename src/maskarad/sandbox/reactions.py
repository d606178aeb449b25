"""The emoji that Telegram takes as a reaction (Bot API, `ReactionTypeEmoji`)."""

LEGAL_REACTIONS = frozenset(
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤\u200d🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 "
    "🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨\u200d💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 "
    "🤷\u200d♂ 🤷 🤷\u200d♀ 😡".split()
)


def legal_reaction(emoji: object) -> str | None:
    """The emoji as Telegram stores it (no variation selectors), or None when it is not a reaction."""
    if not isinstance(emoji, str):
        return None
    plain = emoji.replace("\ufe0f", "")
    return plain if plain in LEGAL_REACTIONS else None
