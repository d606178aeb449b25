from pathlib import Path

from maskarad import configuration

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == configuration.page(), (
        "run `python -m maskarad.configuration > docs/configuration.md`"
    )


def test_every_setting_says_what_it_means() -> None:
    listed = {each.variable: each for each in configuration.settings_list()}
    assert [each.variable for each in listed.values() if not each.meaning.endswith((".", ")"))] == []
    assert listed["TELEGRAM_CONNECTION_POOL_SIZE"].default == "100"
    assert listed["LLM_TIMEOUT"].default == "30"
    assert listed["TELEGRAM_BOT_TOKEN"].default == ""
    assert "LLM_API_KEY" in listed
