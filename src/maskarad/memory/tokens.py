"""How many tokens a text is for a model, estimated: which tokenizer a model has is not known here.

OpenAI's rule of thumb is four characters of English a token; of Russian and Ukrainian, whose words tokenizers cut
finer, about two. In UTF-8 a Latin letter is one byte and a Cyrillic one two, so that both come to four bytes a token,
and an emoji, four bytes, to one.
"""

BYTES_A_TOKEN = 4


def tokens_of(text: str) -> int:
    return len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN + 1


def letters_of(tokens: int, text: str) -> int:
    """How many letters of this text about so many tokens are."""
    return len(text) * tokens // max(tokens_of(text), 1)
