"""That operators were told of a database that is away, where no database is needed: a file in DATA_DIR. A process that
is started anew knows it, and of several that share the folder one tells."""

from pathlib import Path

import msgspec
import structlog

from maskarad.values import Value

log = structlog.get_logger()

FILE = "told-database-away.json"


class Told(Value, frozen=True):
    """Since when it has been away, and when operators heard of it; Unix seconds."""

    began_at: float
    told_at: float


class ToldFile:
    """What cannot be written this process still knows until it ends."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._unwritten: Told | None = None

    def read(self) -> Told | None:
        """None: operators do not know of any outage that would not be over."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Told)
        except (OSError, msgspec.MsgspecError):
            return self._unwritten

    def write(self, told: Told) -> None:
        beside = self._file.with_name(f"{FILE}.new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(msgspec.json.encode(told))
            beside.replace(self._file)
        except OSError as error:
            log.warning("told_not_kept", file=str(self._file), error=str(error))
            self._unwritten = told

    def take(self) -> bool:
        """True: the caller is to tell that it is over. False: another process is."""
        was_unwritten, self._unwritten = self._unwritten is not None, None
        try:
            self._file.unlink()
        except OSError:
            return was_unwritten
        return True
