"""Stock echo bots of the two frameworks that people would write such a bot with: what the platform's messages are held
against. Each is used as its own documentation shows, on its own transport, and stores nothing."""
