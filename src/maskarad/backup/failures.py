"""Why a backup was not made, or not restored. Each text is a sentence that says what to do."""

from maskarad.errors import MaskaradError


class BackupFailed(MaskaradError):
    """It was not made; nothing of it is left that counts as a backup."""


class NotABackup(MaskaradError):
    """The file was never one."""


class BackupChanged(MaskaradError):
    """The file is not what was written: damaged, cut short, or changed by somebody."""


class WrongPassphrase(MaskaradError):
    """It is encrypted, and not with the passphrase at hand."""


class RestoreRefused(MaskaradError):
    """Nothing was changed: the backup does not fit this program or this database, or others are at work on it."""


class ContentsDiffer(MaskaradError):
    """What was restored is not what the manifest says."""


class ScratchRefused(MaskaradError):
    """There is no place to try a restore in."""
