"""The load test: Locust plays Telegram, and the highest rate is looked for at which the platform is still quick."""
