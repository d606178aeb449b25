"""A stateful Telegram Bot API server, a scripted model and a chat page in one process. See docs/sandbox.md."""
