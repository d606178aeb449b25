"""Markdown as Telegram shows it, and long texts in several messages."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskarad.turn.markup import TELEGRAM_LIMIT, to_pieces
from maskarad.values import Piece

TELEGRAM_TAGS = {"b", "i", "s", "a", "code", "pre", "blockquote", "tg-spoiler"}
WORD = re.compile(r"[^\W_]+")


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class Telegram(HTMLParser):
    """Reads HTML as strictly as the Bot API does: known tags only, each closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TELEGRAM_TAGS
        assert tag not in self.open
        allowed = {"a": {"href"}, "code": {"class"}}.get(tag, set())
        assert {name for name, _ in attrs} <= allowed
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def html(markdown: str) -> str | None:
    (piece,) = to_pieces(markdown)
    if piece.html is not None:
        assert Telegram(piece.html).text == piece.text
    return piece.html


@pytest.mark.parametrize(
    "text",
    [
        "Привіт! Як справи?",
        "перший рядок\nдругий рядок\n\nдругий абзац",
        "2 * 3 * 4 < 20 & 5 > 3",
        "snake_case_name і 5_000",
        "#хештег 100% :) (ツ)",
        "<b>не розмітка</b>",
        "1. перше\n2. друге",
        "    відступ",
        "Ціна: 5$ - дешево",
        "[сміється] ну так",
    ],
)
def test_no_markup(text: str) -> None:
    assert to_pieces(text) == (Piece(text=text.strip(), html=None),)


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**жирний** *курсив* _теж_", "<b>жирний</b> <i>курсив</i> <i>теж</i>"),
        ("~~ні~~ ||таємно||", "<s>ні</s> <tg-spoiler>таємно</tg-spoiler>"),
        ("***обидва***", "<i><b>обидва</b></i>"),
        ("`a < b`", "<code>a &lt; b</code>"),
        ("*сміється*\nПривіт", "<i>сміється</i>\nПривіт"),
        ("# Назва\nтекст", "<b>Назва</b>\n\nтекст"),
        ("## **Назва**", "<b>Назва</b>"),
        (
            "```python\nif a < b:\n    pass\n```",
            '<pre><code class="language-python">if a &lt; b:\n    pass</code></pre>',
        ),
        ("```\n* x *\n```", "<pre>* x *</pre>"),
        ("```не закрито\nx", "<pre>не закрито\nx</pre>"),
        ("```hello", "<pre>hello</pre>"),
        ("> цитата\n> > глибша", "<blockquote>цитата\n\nглибша</blockquote>"),
        ('[тут](https://a.b/?x="1"&y=2)', '<a href="https://a.b/?x=%221%22&amp;y=2">тут</a>'),
        ("[я](tg://user?id=1)", '<a href="tg://user?id=1">я</a>'),
        ("![кіт](https://a.b/c.png)", '<a href="https://a.b/c.png">кіт</a>'),
        ("| a | b |\n|---|---|\n| 1 | **2** |", "a | b\n1 | <b>2</b>"),
        ("до\n\n**після**", "до\n\n<b>після</b>"),
        ("- **a**\n- b\n  - c", "• <b>a</b>\n• b\n  • c"),
    ],
)
def test_markup(markdown: str, expected: str) -> None:
    assert html(markdown) == expected


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("- a\n- b", "• a\n• b"),
        ("* a\n\n* b", "• a\n• b"),
        ("`` ` ``x\n\n3. a\n4. b", "`x\n\n3. a\n4. b"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("[файл](file:///etc/passwd)", "[файл](file:///etc/passwd)"),
        ("[сторінка](/about)", "сторінка (/about)"),
        ("[пишіть](mailto:a@b.c)", "пишіть (mailto:a@b.c)"),
        ("<a@b.c>", "a@b.c"),
        ("![](x.png)", "🖼 (x.png)"),
        ("\\*зірки\\* &amp; &lt;b&gt;", "*зірки* & <b>"),
        ("a\n---\nb", "a\n\n———\n\nb"),
        ("[a]: https://b.c", "[a]: https://b.c"),
        ("[](https://b.c)", "[](https://b.c)"),
        ("> ", "> "),
        ("**незакрите", "**незакрите"),
        ("||", "||"),
        ("| | ||", "| | ||"),
    ],
)
def test_readable_text(markdown: str, expected: str) -> None:
    (piece,) = to_pieces(markdown)
    assert piece.text == expected.strip()


@pytest.mark.parametrize("text", ["", " ", "\n\n\t", "\u00a0"])
def test_nothing_to_say(text: str) -> None:
    assert to_pieces(text) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("перший абзац\n\nдругий абзац", ["перший абзац", "другий абзац"]),
        ("перший рядок\nдругий рядок", ["перший рядок", "другий рядок"]),
        ("Перше речення. Друге речення", ["Перше речення.", "Друге речення"]),
        ("довге речення з багатьох слів", ["довге речення з", "багатьох слів"]),
        ("а" * 45, ["а" * 20, "а" * 20, "а" * 5]),
        ("так\n\n" + "слово " * 6, ["так\n\nслово слово", "слово слово слово", "слово"]),
        ("😀" * 12, ["😀" * 10, "😀" * 2]),
        ("а" * 19 + "😀б", ["а" * 19, "😀б"]),
        ("a" * 19 + "e\u0301!", ["a" * 19, "e\u0301!"]),
        ("a" * 18 + "👩\u200d💻", ["a" * 18, "👩\u200d💻"]),
        ("рівно двадцять знакі наступне", ["рівно двадцять знакі", "наступне"]),
        ("a" + "\n" * 50 + "b", ["a", "b"]),
    ],
)
def test_split_at_the_best_border(text: str, expected: list[str]) -> None:
    assert [piece.text for piece in to_pieces(text, limit=20)] == expected


def test_tags_are_closed_and_opened_again() -> None:
    pieces = to_pieces("**жирний текст з [посиланням всередині](https://a.b) і кінець** звичайний", limit=21)
    assert [piece.html for piece in pieces] == [
        "<b>жирний текст з</b>",
        '<b><a href="https://a.b">посиланням всередині</a></b>',
        "<b>і кінець</b> звичайний",
    ]


def test_code_block_keeps_its_language_and_indentation() -> None:
    pieces = to_pieces("```c\nif (first) {\n    then();\n}\n```", limit=14)
    assert [piece.html for piece in pieces] == [
        '<pre><code class="language-c">if (first) {</code></pre>',
        '<pre><code class="language-c">    then();\n}</code></pre>',
    ]


def test_only_pieces_with_markup_have_html() -> None:
    assert [piece.html for piece in to_pieces("звичайний\n\n**жирний**", limit=10)] == [None, "<b>жирний</b>"]


def test_the_limit_is_telegrams() -> None:
    assert [units(piece.text) for piece in to_pieces("😀" * 3000)] == [TELEGRAM_LIMIT, 6000 - TELEGRAM_LIMIT]


@pytest.mark.parametrize("text", ["[" * 200_000, "> " * 3000 + "кінець", "- " * 3000 + "кінець", "*a _b " * 2000])
def test_hostile_markup_loses_nothing(text: str) -> None:
    pieces = to_pieces(text)
    assert WORD.findall(" ".join(piece.text for piece in pieces)) == WORD.findall(text)
    assert all(units(piece.text) <= TELEGRAM_LIMIT for piece in pieces)


MARKS = [
    "*",
    "**",
    "_",
    "~~",
    "`",
    "```",
    "||",
    "[",
    "](http://x.y)",
    "> ",
    "- ",
    "# ",
    "\n",
    "\n\n",
    " ",
    "<",
    ">",
    "\\",
]
MARKDOWN = st.lists(st.sampled_from(MARKS) | st.from_regex(r"[a-zа-я]{1,6} ?", fullmatch=True), max_size=60)


@given(text=st.text(max_size=400), limit=st.integers(2, 100))
def test_any_text(text: str, limit: int) -> None:
    for piece in to_pieces(text, limit=limit):
        assert 0 < units(piece.text) <= limit
        assert piece.text.strip()
        if piece.html is not None:
            assert Telegram(piece.html).text == piece.text


@given(chunks=MARKDOWN, limit=st.integers(20, 200))
def test_any_markdown_keeps_its_words(chunks: list[str], limit: int) -> None:
    markdown = "".join(chunks)
    pieces = to_pieces(markdown, limit=limit)
    told = "".join(WORD.findall("".join(piece.text for piece in pieces)))
    for word in re.findall(r"[а-я]+", markdown):
        assert word in told
        told = told.split(word, 1)[1]
    for piece in pieces:
        assert units(piece.text) <= limit
        if piece.html is not None:
            assert Telegram(piece.html).text == piece.text
