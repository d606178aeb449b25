"""A person's pause between two messages: long enough to have typed the next one, short enough not to be missed."""

LETTERS_A_SECOND = 30.0
SHORTEST = 0.6
LONGEST = 4.0


def pause_before(text: str) -> float:
    """Seconds between the part before and this one."""
    return min(max(len(text) / LETTERS_A_SECOND, SHORTEST), LONGEST)


def no_pause(_text: str) -> float:
    return 0.0
