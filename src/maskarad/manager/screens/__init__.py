"""What the manager bot shows: pure functions from what was read, in one language, to a screen."""
