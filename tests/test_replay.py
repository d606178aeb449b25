"""A short replay: the generator, the player and the promises that a persona must keep in a group."""

from pathlib import Path

import pytest

from benchmarks.replay import export
from benchmarks.replay.figures import broken_promises, outcome
from benchmarks.replay.player import Replay, replay
from maskarad.memory.exports.export import open_export
from maskarad.values import Chattiness

MESSAGES, DAYS, SEED = 300, 2, 11


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    file = tmp_path / "result.json"
    export.write(file, messages=MESSAGES, seed=SEED, days=DAYS)
    return file


async def _replayed(exported: Path, folder: Path, dial: Chattiness) -> Replay:
    folder.mkdir()  # noqa: ASYNC240
    return await replay(export.read(exported), folder, dial=dial, seed=SEED)


async def test_short_replay_keeps_its_promises_and_is_the_same_each_time(exported: Path, tmp_path: Path) -> None:
    first = await _replayed(exported, tmp_path / "first", Chattiness.NORMAL)
    assert broken_promises(first) == []
    told = outcome(first.heard)
    assert told.messages >= MESSAGES
    assert told.called > 0
    assert told.reactions_alone > 0
    again = await _replayed(exported, tmp_path / "again", Chattiness.NORMAL)
    assert again.heard == first.heard
    assert (again.unasked, again.paid) == (first.unasked, first.paid)


async def test_silent_persona_says_nothing_at_all(exported: Path, tmp_path: Path) -> None:
    played = await _replayed(exported, tmp_path / "silent", Chattiness.SILENT)
    assert outcome(played.heard).lines == 0
    assert played.unasked == ()


def test_the_same_seed_writes_the_same_export(exported: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    export.write(other, messages=MESSAGES, seed=SEED, days=DAYS)
    assert other.read_bytes() == exported.read_bytes()


def test_the_export_is_one_that_can_be_imported(exported: Path) -> None:
    written = export.read(exported)
    with open_export(exported) as opened:
        (found,) = opened.chats(lambda _bytes: None)
        assert found.messages == len(written.messages)
        assert found.skipped == sum(each.type == "service" for each in written.messages)
        read = [message for message in opened.messages(found) if message is not None]
    assert [message.id for message in read] == [each.id for each in written.messages if each.type == "message"]
