from pathlib import Path

from benchmarks.importing import measure, messages, write
from tests.memory.export_files import read


def test_the_export_is_one_and_always_the_same(tmp_path: Path) -> None:
    count = write(tmp_path / "result.json", 1)
    assert 1_000_000 <= (tmp_path / "result.json").stat().st_size < 1_010_000
    [(found, _)] = read(tmp_path / "result.json")
    assert found.messages == count
    assert found.skipped > 0
    assert list(messages(10_000)) == list(messages(10_000))


def test_an_import_is_measured(tmp_path: Path) -> None:
    outcome = measure(tmp_path, 1)
    assert outcome.messages > 1_000
    assert outcome.seconds > 0
    assert outcome.cpu > 0
    assert 20 < outcome.resident < 1_000
