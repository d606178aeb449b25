"""The edge to Telegram: the only package that knows the Bot API."""
