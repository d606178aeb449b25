"""From the outbox to Telegram: part by part, in order, each marked sent before the next."""
