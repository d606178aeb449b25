"""The chaos run: everything that can die dies while people talk, and Telegram's own record tells what was lost."""
