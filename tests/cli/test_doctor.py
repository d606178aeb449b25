from pathlib import Path
from typing import Any

from maskarad.cli.place import SANDBOX_MANAGER_TOKEN
from maskarad.configuration import settings_list
from maskarad.settings import Settings
from tests.cli.conftest import NewToken
from tests.cli.shell import Shell

SUBJECTS = [
    "settings",
    "data",
    "disk",
    "key",
    "database",
    "backups",
    "cache",
    "processes",
    "telegram",
    "model",
    "figures",
    "failures",
]


def findings(shell: Shell, code: int) -> dict[str, dict[str, Any]]:
    said = shell("doctor", "--json")
    assert (said.code, said.err) == (code, "")
    assert isinstance(said.json, list)
    return {each["subject"]: each for each in said.json}


def test_nothing_set_is_well_and_looking_makes_nothing(shell: Shell, tmp_path: Path) -> None:
    address = tmp_path / "data" / "sandbox" / "address"
    address.parent.mkdir(parents=True)
    address.write_text("http://127.0.0.1:9\n", encoding="utf-8")
    said = shell("doctor")
    assert (said.code, said.err) == (0, "")
    assert [line.split()[:2] for line in said.out.splitlines()] == [["ok", subject] for subject in SUBJECTS]
    assert "`maskarad run` starts the sandbox" in said.out
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [address]


def test_a_whole_installation_is_well(home: Shell, new_token: NewToken, sandbox_address: str) -> None:
    home.set(LLM_BASE_URL=f"{sandbox_address}/v1", LLM_API_KEY="sandbox-key")
    home("persona", "add", "--owner", "1001", "--name", "Mira", "--description", "a tea witch")
    home("bot", "add", "--persona", "1", "--token", new_token("mira_test_bot"))
    found = findings(home, code=0)
    assert list(found) == SUBJECTS
    assert found["database"]["state"].endswith("bots: 1")
    assert "@maskarad_manager_bot" in found["telegram"]["state"]
    assert "answers in" in found["model"]["state"]


def test_a_wrong_setting_is_a_finding(shell: Shell) -> None:
    shell.set(PORT="eighty", LOG_LEVEL="loud")
    [line] = shell("doctor").out.splitlines()
    assert line.startswith("WRONG  settings   PORT: ")
    assert "LOG_LEVEL: " in line
    assert "`maskarad doctor --settings`" in line
    assert list(findings(shell, code=1)) == ["settings"]


def test_what_is_no_setting_is_told(shell: Shell) -> None:
    shell.set(LIMIT_USER_DAY_MESAGES="5")
    sentence = "LIMIT_USER_DAY_MESAGES is not a setting; did you mean LIMIT_USER_DAY_MESSAGES?"
    found = findings(shell, code=0)["settings"]
    assert (found["ok"], found["state"]) == (None, f"valid, but {sentence}")


def test_each_trouble_is_found_beside_the_others(home: Shell, sandbox_address: str, tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("not a key", encoding="utf-8")
    home.set(
        TELEGRAM_BOT_TOKEN="123456:not-the-token-at-all",
        TELEGRAM_API_BASE_URL=sandbox_address,
        DATABASE_URL="postgresql://u:password@127.0.0.1:1/x",
        REDIS_URL="redis://:password@127.0.0.1:1/0",
        LLM_BASE_URL="http://127.0.0.1:1",
        LLM_API_KEY="a-secret",
    )
    found = findings(home, code=1)
    assert [name for name, finding in found.items() if finding["ok"]] == ["settings", "data", "disk", "figures"]
    unknown = [name for name, finding in found.items() if finding["ok"] is None]
    assert unknown == ["backups", "processes", "failures"]
    assert all(finding["todo"] for finding in found.values() if finding["ok"] is False)
    assert f"{sandbox_address} refuses TELEGRAM_BOT_TOKEN" == found["telegram"]["state"]
    printed = home("doctor").out
    assert [line.split()[1] for line in printed.splitlines() if line.startswith("?")] == unknown
    assert "password" not in printed
    assert "a-secret" not in printed
    assert "not-the-token" not in printed


def test_the_sandboxs_own_token_is_a_token_that_was_given(home: Shell) -> None:
    home.set(TELEGRAM_BOT_TOKEN=SANDBOX_MANAGER_TOKEN, TELEGRAM_API_BASE_URL="http://127.0.0.1:9")
    assert findings(home, code=1)["telegram"]["state"] == "http://127.0.0.1:9 does not answer"


def test_a_server_without_a_token_is_half_a_setting(home: Shell) -> None:
    home.set(TELEGRAM_API_BASE_URL="http://127.0.0.1:9", LLM_API_KEY="")
    found = findings(home, code=1)
    assert found["telegram"]["todo"] == "set both, or none for the sandbox"
    assert found["model"]["todo"] == "set LLM_API_KEY or OPENROUTER_API_KEY"


def test_settings_are_listed_without_their_values_even_when_wrong(shell: Shell) -> None:
    Path(".env").write_text("LLM_MODEL=vendor/model-1\nHOST=\n", encoding="utf-8")
    shell.set(PORT="eighty", OPENROUTER_API_KEY="a-secret", TELEGRAM_BOT_TOKEN="another-secret")
    said = shell("doctor", "--settings")
    assert (said.code, said.err) == (0, "")
    assert len(said.out.splitlines()) == 1 + len(Settings.model_fields)
    assert "secret" not in said.out.replace("secret key", "").replace("secret.key", "")
    rows = shell("doctor", "--settings", "--json").json
    assert isinstance(rows, list)
    assert [row["variable"] for row in rows] == [each.variable for each in settings_list()]
    given = {row["variable"] for row in rows if row["set"]}
    assert given == {"TELEGRAM_BOT_TOKEN", "PORT", "LLM_API_KEY", "LLM_MODEL"}
    [port] = [row for row in rows if row["variable"] == "PORT"]
    assert (port["default"], port["meaning"]) == ("8080", "Its port; 0 takes any free one.")
