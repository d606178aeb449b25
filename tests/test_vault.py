import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from maskarad.backup import folder
from maskarad.errors import SettingsError, WrongSecretKey
from maskarad.key_file import KEY_FILE, KeyFile, Keys
from maskarad.values import Token
from maskarad.vault import Vault, fingerprint, open_vault

TOKEN = Token("123456:AAF-secret")


def new_key() -> str:
    return Fernet.generate_key().decode()


def test_what_is_sealed_opens_and_shows_nothing(tmp_path: Path) -> None:
    vault = open_vault((), tmp_path)
    sealed = vault.seal(TOKEN)
    assert vault.open(sealed) == TOKEN
    assert "secret" not in sealed
    assert vault.seal(TOKEN) != sealed


def test_the_key_file_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    sealed = open_vault((), folder).seal(TOKEN)
    file = folder / KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert open_vault((), folder).open(sealed) == TOKEN
    assert file.read_bytes() == before


def test_processes_that_start_together_use_one_key(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        with ThreadPoolExecutor(8) as threads:
            vaults = [each.result() for each in [threads.submit(open_vault, (), folder) for _ in range(8)]]
        assert {vault.open(vaults[0].seal(TOKEN)) for vault in vaults} == {TOKEN}


def test_given_keys_leave_the_folder_alone(tmp_path: Path) -> None:
    open_vault([new_key()], tmp_path).seal(TOKEN)
    assert list(tmp_path.iterdir()) == []


def test_keys_rotate(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    sealed = open_vault([old], tmp_path).seal(TOKEN)
    both = open_vault([new, old], tmp_path)
    assert both.open(sealed) == TOKEN
    assert open_vault([new], tmp_path).open(both.seal(TOKEN)) == TOKEN


@pytest.mark.parametrize("sealed", ["", "nonsense", "gAAAAA", "123456:AAF-secret"])
def test_a_wrong_key_or_a_broken_row_says_which_setting_is_wrong(sealed: str) -> None:
    elsewhere = Vault([new_key()]).seal(TOKEN)
    for stored in (sealed, elsewhere):
        with pytest.raises(WrongSecretKey, match="MASKARAD_SECRET_KEY") as caught:
            Vault([new_key()]).open(stored)
        assert "secret" not in str(caught.value).replace("secret.key", "")


@pytest.mark.parametrize("key", ["", "short", "ключ", "x" * 44])
def test_what_is_no_key_is_refused_by_name(key: str) -> None:
    with pytest.raises(SettingsError, match="MASKARAD_SECRET_KEY"):
        Vault([key])


def test_a_broken_key_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("not a key")
    with pytest.raises(SettingsError, match=r"secret\.key"):
        open_vault((), tmp_path)


def test_a_token_prints_as_dots() -> None:
    assert "secret" not in f"{TOKEN} {TOKEN!r} {[TOKEN]}"
    assert TOKEN.reveal() == "123456:AAF-secret"
    assert Token("123456:AAF-secret") == TOKEN
    assert len({TOKEN, Token("123456:AAF-secret"), Token("other")}) == 2


def test_a_vault_follows_its_key_file(tmp_path: Path) -> None:
    vault = open_vault((), tmp_path)
    file, old = KeyFile(tmp_path), vault.seal(TOKEN)
    [first], coming = file.read().sealing, new_key()
    file.write(Keys(sealing=(first,), coming=coming))
    assert vault.open(Vault([coming]).seal(TOKEN)) == TOKEN
    assert Vault([first]).is_newest(vault.seal(TOKEN))
    file.write(Keys(sealing=(coming, first)))
    assert vault.fingerprints() == (fingerprint(coming), fingerprint(first))
    assert Vault([coming]).is_newest(vault.seal(TOKEN))
    file.path.write_text("broken")
    assert vault.open(old) == TOKEN
    file.path.unlink()
    assert vault.open(vault.seal(TOKEN)) == TOKEN


def test_the_key_file_stays_its_owners_whoever_changes_it(tmp_path: Path) -> None:
    open_vault((), tmp_path)
    file = KeyFile(tmp_path)
    owner = 65_534 if os.geteuid() == 0 else os.geteuid()
    os.chown(file.path, owner, -1)
    file.write(Keys(sealing=(new_key(), *file.read().sealing)))
    kept = file.retire(file.read().sealing[1:])
    for each in (file.path, kept):
        assert (each.stat().st_uid, stat.S_IMODE(each.stat().st_mode)) == (owner, 0o600)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["secret.key", "secret.key.retired"]


def test_a_backup_in_the_same_folder_and_a_rotation_do_not_wait_for_each_other(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    file.make()
    with folder.locked(tmp_path), file.locked() as ours:
        assert ours
    with file.locked() as ours, folder.workplace(tmp_path):
        assert ours
        with file.locked() as also:
            assert not also
