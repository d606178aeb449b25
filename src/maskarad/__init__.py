"""Maskarad: AI personas on Telegram, self-hosted."""
