"""Parse modes: what becomes of a bot's text, and Telegram's complaints."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskarad.sandbox.markup import formatted
from maskarad.sandbox.refusal import Refused
from maskarad.sandbox.text import find_entities, piece, utf16_length


def shown(text: str, mode: str) -> tuple[str, list[tuple[Any, ...]]]:
    """Plain text and (type, covered text, extra) of each entity."""
    plain, entities = formatted(text, mode, None)
    place = {"type", "offset", "length"}
    return plain, [
        (each["type"], piece(plain, each), *(value for name, value in each.items() if name not in place))
        for each in entities
    ]


@pytest.mark.parametrize(
    ("mode", "source", "plain", "entities"),
    [
        ("HTML", "<b>bold <i>both</i></b>", "bold both", [("bold", "bold both"), ("italic", "both")]),
        ("HTML", "😀<u>u</u> &lt;tag&gt; &amp;amp; &#33;&nbsp;", "😀u <tag> &amp; !&nbsp;", [("underline", "u")]),
        ("HTML", '<a href="https://a.bc/?x=1&amp;y=2">link</a>', "link", [("text_link", "link", "https://a.bc/?x=1&y=2")]),
        ("HTML", '<a href="tg://user?id=42">Al</a>', "Al", [("text_mention", "Al", 42)]),
        ("html", '<pre><code class="language-python">x = 1</code></pre>', "x = 1", [("pre", "x = 1", "python")]),
        ("HTML", "<tg-spoiler>a</tg-spoiler><span class='tg-spoiler'>b</span>", "ab",
         [("spoiler", "a"), ("spoiler", "b")]),
        ("HTML", "  <b> x </b>\n", "x", [("bold", "x")]),
        ("HTML", "<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", "q")]),
        ("MarkdownV2", "*bold _both_* ~s~ ||sp|| __u__", "bold both s sp u",
         [("bold", "bold both"), ("italic", "both"), ("strikethrough", "s"), ("spoiler", "sp"), ("underline", "u")]),
        ("MarkdownV2", r"1\.5 \> 1\! `a\`b*`", "1.5 > 1! a`b*", [("code", "a`b*")]),
        ("MarkdownV2", "```python\nx = 1```", "x = 1", [("pre", "x = 1", "python")]),
        ("MarkdownV2", r"[a link](https://a.bc/\)x)", "a link", [("text_link", "a link", "https://a.bc/)x")]),
        ("MarkdownV2", ">one\n>two\nthree", "one\ntwo\nthree", [("blockquote", "one\ntwo")]),
        ("Markdown", "*bold* _it_ `code` [l](http://a.bc) snake\\_case", "bold it code l snake_case",
         [("bold", "bold"), ("italic", "it"), ("code", "code"), ("text_link", "l", "http://a.bc")]),
        ("", "*as is* <b>", "*as is* <b>", []),
    ],
)  # fmt: skip
def test_markup_becomes_entities(mode: str, source: str, plain: str, entities: list[tuple[Any, ...]]) -> None:
    assert shown(source, mode) == (plain, entities)


@pytest.mark.parametrize(
    ("mode", "source", "complaint"),
    [
        ("HTML", "я <table>", 'Unsupported start tag "table" at byte offset 3'),
        ("HTML", "<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("HTML", "<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("HTML", "x</b>", "Unexpected end tag at byte offset 1"),
        ("HTML", "1 < 2", 'Unclosed start tag at byte offset 2'),
        ("HTML", "<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("MarkdownV2", "Hello.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("MarkdownV2", "a-b", "Character '-' is reserved and must be escaped with the preceding '\\'"),
        ("MarkdownV2", "я *x", "Can't find end of Bold entity at byte offset 3"),
        ("MarkdownV2", "[x](http://a.bc", "Can't find end of a URL at byte offset 3"),
        ("Markdown", "snake_case", "Can't find end of the entity starting at byte offset 5"),
    ],
)  # fmt: skip
def test_complaints_are_telegrams(mode: str, source: str, complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        formatted(source, mode, None)
    assert refused.value.description == f"Bad Request: can't parse entities: {complaint}"


def test_clients_find_commands_mentions_links_and_addresses() -> None:
    text = "/start@luna_bot 😀 @alice_in me@a.bc #tag https://a.bc/x, not/command 3/4 a@b"
    found = [(each["type"], piece(text, each)) for each in find_entities(text)]
    assert found == [
        ("bot_command", "/start@luna_bot"),
        ("mention", "@alice_in"),
        ("email", "me@a.bc"),
        ("hashtag", "#tag"),
        ("url", "https://a.bc/x"),
    ]


_MARKS = st.text(st.sampled_from("<>/b*_~|`[]()\\!>&;#a😀\n .я\x00\ud800") | st.characters(), max_size=200)


@given(_MARKS, st.sampled_from(["HTML", "MarkdownV2", "Markdown", ""]))
def test_any_text_is_parsed_or_refused(source: str, mode: str) -> None:
    try:
        plain, entities = formatted(source, mode, None)
    except Refused:
        return
    assert plain == plain.strip()
    assert all(0 <= each["offset"] < each["offset"] + each["length"] <= utf16_length(plain) for each in entities)
