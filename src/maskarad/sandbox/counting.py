"""The model as a teller: it names the numbered lines that it answers, so that whoever reads a chat can count.

People write `№17` into what they say. An answer says `№17 №18 (answer 5, part 1 of 2)`: the numbers of the new lines
that it answers, and which part of which answer it is. Every part of an answer names the same lines.
"""

import re
from typing import Any

import orjson

from maskarad.sandbox.prompt_reading import new_texts

MOST_PARTS = 3
_NUMBER = re.compile(r"№(\d+)")


def count(request: dict[str, Any], answer: int) -> str | None:
    """The text of the answer with that number; None when the request marks no new lines, being no turn of a persona.
    New lines without a number are left to others, with an empty answer."""
    texts = new_texts(request)
    if not texts:
        return None
    numbers = " ".join(f"№{number}" for text in texts for number in _NUMBER.findall(text))
    parts = 1 + answer % MOST_PARTS if numbers else 0
    said = [f"{numbers} (answer {answer}, part {part} of {parts})" for part in range(1, parts + 1)]
    return orjson.dumps({"response": said}).decode()
