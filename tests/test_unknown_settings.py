from pathlib import Path

import pytest

from maskarad.settings import Settings
from maskarad.unknown_settings import unknown_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*Settings.model_fields, "openrouter_api_key"):
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_slip_in_a_name_is_found_in_the_file_and_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / ".env"
    file.write_text("PROT=8080\nLOG_LEVEL=info\nopenrouter_api_key=x\nTEA=green\n", encoding="utf-8")
    monkeypatch.setenv("LIMIT_USER_DAY_MESAGES", "5")
    monkeypatch.setenv("PROT", "of another program")
    assert unknown_settings(file) == [
        "LIMIT_USER_DAY_MESAGES is not a setting; did you mean LIMIT_USER_DAY_MESSAGES?",
        "PROT is not a setting; did you mean PORT?",
        "TEA is not a setting",
    ]


def test_what_compose_reads_from_the_same_file_is_no_slip(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("DOMAIN=example.org\nPOSTGRES_PASSWORD=x\nMASKARAD_IMAGE=m\nMASKARAD_SECRET_KEI=x\n")
    assert unknown_settings(file) == ["MASKARAD_SECRET_KEI is not a setting; did you mean MASKARAD_SECRET_KEY?"]
    assert unknown_settings(tmp_path / "no file") == []
